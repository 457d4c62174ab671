"""The focus of a keyboard or a screen reader stays where it was while the page renews itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect

from support.page_steps import TRUE, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "focused"


@pytest.fixture(scope="module")
def run_once(client, airflow_live) -> Iterator[str]:
    """A DAG of one task, with a run of it."""
    headers = {"Content-Type": "application/json"}
    client.post("/rest_api/api/dags", data=workflow(NAME, {"one": TRUE}, force=True), headers=headers)
    client.post(f"/rest_api/api/dags/{NAME}/dagRuns", json={"run_id": "first"}).raise_for_status()
    airflow_live.wait_for(lambda: airflow_live.run_state(NAME, "first") == "success", "the run's success")
    yield NAME
    client.delete(f"/rest_api/api/dags/{NAME}")


def test_the_heading_of_what_unfolds_keeps_the_focus(page, run_once, client):
    """Where the facts of a DAG are renewed, the focus stays on the line that unfolds its definition."""
    go(page, f"#dags/{run_once}")
    definition = page.locator("summary", has_text="Definition as it was sent")
    definition.focus()
    client.patch(f"/rest_api/api/dags/{run_once}", json={"is_paused": True}).raise_for_status()
    expect(page.get_by_role("switch", name=f"{run_once} is on")).not_to_be_checked()
    expect(definition).to_be_focused()
    client.patch(f"/rest_api/api/dags/{run_once}", json={"is_paused": False}).raise_for_status()


def test_a_cell_of_the_grid_keeps_the_focus(page, run_once, client):
    """A run that is started meanwhile gets its column, and the focus stays on the cell that had it."""
    go(page, f"#dags/{run_once}")
    cell = page.get_by_label("one in first: success")
    cell.focus()
    client.post(f"/rest_api/api/dags/{run_once}/dagRuns", json={"run_id": "second"}).raise_for_status()
    expect(page.get_by_label("one in second")).to_be_visible()
    expect(cell).to_be_focused()


def test_a_closed_log_gives_the_focus_back(page, run_once):
    """Who closes a log is at the button again that opened it."""
    go(page, f"#dags/{run_once}/first")
    press(page, "Log one")
    expect(page.get_by_role("heading", name="Log of one, try 1")).to_be_focused()
    press(page, "Close the log")
    expect(page.get_by_role("button", name="Log one", exact=True)).to_be_focused()


def test_what_is_wrong_is_told_once(page, run_once):
    """An error that goes on is no new alert at each renewal, and a link in it keeps the focus."""
    page.clock.install()
    page.reload()
    go(page, f"#dags/{run_once}")
    expect(page.get_by_role("table", name="Latest runs")).to_be_visible()
    runs = re.compile(r"/dagRuns\?")
    page.route(runs, lambda route: route.fulfill(status=503, json={"detail": "The database is away."}))
    page.clock.run_for(11_000)
    alert = page.locator("#rest-api .notice.bad")
    expect(alert).to_have_text("The database is away. What is shown below is older.")
    alert.evaluate("alert => { alert.isTheFirst = true; }")
    with page.expect_response(runs):
        page.clock.run_for(11_000)
    page.wait_for_timeout(500)
    assert alert.evaluate("alert => alert.isTheFirst")
    page.unroute(runs)

    dag = re.compile(rf"/rest_api/api/dags/{run_once}$")
    page.route(dag, lambda route: route.fulfill(status=404, json={"detail": "It was not found."}))
    page.clock.run_for(11_000)
    link = page.get_by_role("link", name="Its versions")
    link.focus()
    with page.expect_response(dag):
        page.clock.run_for(11_000)
    page.wait_for_timeout(500)
    expect(link).to_be_focused()
    page.unroute(dag)


def test_the_table_of_a_graph_stays_through_a_renewal(page, run_once):
    """What is selected in a graph's table is not taken away while nothing in it changes."""
    page.clock.install()
    page.reload()
    go(page, f"#dags/{run_once}/first")
    page.get_by_text("The same as a table").click()
    row = page.get_by_role("table", name=f"Tasks of {run_once}").locator("tbody tr")
    expect(row).to_contain_text("success")
    row.evaluate("row => { row.isTheFirst = true; }")
    summaries = re.compile(r"/taskSummaries\?")
    with page.expect_response(summaries):
        page.clock.run_for(11_000)
    page.wait_for_timeout(500)
    assert row.evaluate("row => row.isTheFirst")


def test_the_last_page_leaves_the_focus_at_its_buttons(page, run_once):
    """Who has reached the last page, where its button can't be pressed any more, is at the one beside it."""
    version = {"revision": "0" * 64, "created_at": "2024-01-01T00:00:00Z", "created_by": "admin", "comment": None}
    numbers = [{**version, "version_number": number, "deleted_at": None} for number in range(60, 0, -1)]

    def versions(route: Any) -> None:
        query = dict(parse_qsl(urlsplit(route.request.url).query))
        first = int(query["offset"])
        found = numbers[first : first + int(query["limit"])]
        route.fulfill(json={"dag_versions": found, "total_entries": 60})

    page.route(re.compile(r"/dagVersions\?"), versions)
    go(page, f"#history/{run_once}")
    older = page.get_by_role("button", name="Older", exact=True)
    older.press("Enter")
    expect(page.get_by_text("51 to 60 of 60")).to_be_visible()
    expect(older).to_be_disabled()
    expect(page.get_by_role("button", name="Newer", exact=True)).to_be_focused()
