"""The page and Swagger UI at each place where a webserver may stand: at the root, below a prefix, behind a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from support.airflow_home import USERS
from support.client import Client
from support.proxy import prefix_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["root", "prefix", "proxy"])
def url(request) -> Iterator[str]:
    """The URL of a webserver, as the browser sees it."""
    if request.param == "root":
        yield request.getfixturevalue("airflow_live").url
        return
    url = request.getfixturevalue("airflow_below_a_prefix").url
    if request.param == "prefix":
        yield url
        return
    parts = urlsplit(url)
    with prefix_proxy(f"{parts.scheme}://{parts.netloc}", "/company") as outside:
        yield outside + parts.path


def test_the_page_at_its_place(url, sign_in):
    """Every address on the page carries the prefix, and its calls arrive."""
    page = sign_in(url, "admin")
    expect(page.get_by_role("heading", name="Deployed DAGs")).to_be_visible()
    expect(page.locator("#rest-api .notice.bad")).to_have_count(0)
    links = page.locator("#rest-api .links a")
    below = urlsplit(url).path + "/rest_api/api/"
    assert [urlsplit(href).path for href in links.evaluate_all("all => all.map(one => one.href)")] == [
        f"{below}ui/",
        f"{below}openapi.yaml",
        f"{below}schemas/workflow.json",
    ]
    page.get_by_label("Deployed workflows").get_by_role("link", name="Deploy", exact=True).click()
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator(".notice.good")).to_contain_text("No faults.")
    expect(page.locator("details pre")).to_contain_text(f"{url}/rest_api/api/dags?dry_run=true")


def test_swagger_ui_at_its_place(url, browse):
    """Swagger UI takes a token, tries an operation at the address with the prefix, and shows its status."""
    client = Client(url)
    client.login("admin", USERS["admin"][1])
    page = browse()
    page.goto(f"{url}/rest_api/api/ui/")
    operation = page.locator("#operations-dags-list_dags")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    execute = operation.get_by_role("button", name="Execute")
    status = operation.locator(".live-responses-table .response-col_status").last
    execute.click()
    expect(status).to_contain_text("401")

    page.get_by_role("button", name="Authorize", exact=True).click()
    bearer = page.locator(".auth-container", has_text="bearer").first
    bearer.locator("input").fill(client.token)
    bearer.get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux").get_by_role("button", name="Close").last.click()
    execute.click()
    expect(status).to_contain_text("200")
    expect(operation.locator(".request-url")).to_contain_text(f"{url}/rest_api/api/dags?limit=100&offset=0")
