"""A real browser (Debian's chromium) before a live Airflow."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from integration.conftest import cluster  # noqa: F401 - pytest finds a fixture by its name
from openmetadata_airflow_apis.stores import loader_files
from support import airflow_home
from support.live import LiveAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Two cores carry Airflow, its tasks and the browser.
SECONDS = 30_000
expect.set_options(timeout=SECONDS)
# Milliseconds before each step, and before each answer: a test must pass whatever is drawn first.
SLOW_HAND = float(os.environ.get("BROWSER_SLOW_HAND", "0"))
SLOW_NETWORK = float(os.environ.get("BROWSER_SLOW_NETWORK", "0"))
# Airflow takes five logins in 40 seconds of an address, which all tests here share.
UNLIMITED_LOGINS = {"AIRFLOW__FAB__AUTH_RATE_LIMITED": "False", "AIRFLOW__WEBSERVER__AUTH_RATE_LIMITED": "False"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, with a profile of its own."""
    path = shutil.which("chromium")
    assert path, "chromium is not installed; run scripts/install_debian_packages tests"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, slow_mo=SLOW_HAND)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def airflow_live(cluster) -> Iterator[LiveAirflow]:  # noqa: F811 - the fixture's value
    """A webserver, and a scheduler with LocalExecutor, for all tests here: each deploys DAGs of its own."""
    url = cluster.create_database("browser", "airflow")
    with LiveAirflow(airflow_home.make_home(), url, settings=UNLIMITED_LOGINS) as airflow:
        airflow.start("scheduler", "webserver")
        yield airflow


@pytest.fixture(scope="session")
def airflow_below_a_prefix(database_cache) -> Iterator[LiveAirflow]:
    """A webserver whose base_url has a path, and which believes a proxy's headers; with the database store."""
    home = airflow_home.make_home()
    airflow_home.create_sqlite_database(home, database_cache)
    settings = {
        "AIRFLOW__WEBSERVER__ENABLE_PROXY_FIX": "True",
        "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DEFINITION_STORE": "database",
        "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__LOADER_SHARDS": "1",
    }
    list(loader_files.install(home / "dags", 1))
    with LiveAirflow(home, executor="SequentialExecutor", settings=settings) as airflow:
        airflow.url += "/data/airflow"
        airflow.environment["AIRFLOW__WEBSERVER__BASE_URL"] = airflow.url
        airflow.start("webserver")
        yield airflow


@pytest.fixture
def browse(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Make a page of a browser that has no cookies, or those of the storage_state.

    After the test: nothing was asked of another address, and no script was stopped by the page's policy.
    """
    asked: list[str] = []
    stopped: list[str] = []

    def browse(storage_state: Any = None) -> Page:
        context = stack.enter_context(
            browser.new_context(viewport={"width": 1200, "height": 850}, storage_state=storage_state)
        )
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        if SLOW_NETWORK:
            conditions = {"offline": False, "latency": SLOW_NETWORK, "downloadThroughput": -1, "uploadThroughput": -1}
            context.new_cdp_session(page).send("Network.emulateNetworkConditions", conditions)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: "Content Security Policy" in message.text and stopped.append(message.text))
        return page

    with ExitStack() as stack:
        yield browse
    hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme not in {"data", "blob"}}
    assert (hosts, stopped) == ({"127.0.0.1"}, [])


def log_in(page: Page, url: str, user: str, path: str) -> None:
    """Open a path of a webserver by way of Airflow's own login page."""
    page.goto(url + path)
    page.locator("#username").fill(user)
    page.locator("#password").fill(airflow_home.USERS[user][1])
    page.locator("input[type=submit]").click()
    page.wait_for_url(url + path)


@pytest.fixture(scope="session")
def signed_in() -> dict[tuple[str, str], Any]:
    """The cookies of those who are signed in, by URL and user: a login takes a second."""
    return {}


@pytest.fixture
def sign_in(browse: Callable[..., Page], signed_in: dict[tuple[str, str], Any]) -> Callable[..., Page]:
    """Open a path of a webserver as a user, the first time by way of Airflow's own login page."""

    def sign_in(url: str, user: str, path: str = "/rest_api/") -> Page:
        page = browse(signed_in.get((url, user)))
        if (url, user) not in signed_in:
            log_in(page, url, user, path)
            signed_in[url, user] = page.context.storage_state()
        else:
            page.goto(url + path)
        return page

    return sign_in


@pytest.fixture
def page(airflow_live, sign_in: Callable[..., Page]) -> Page:
    """The page, opened by an Admin."""
    return sign_in(airflow_live.url, "admin")


@pytest.fixture
def deployed(client):
    """Deploys a workflow with curl's own words, for what is not about deploying."""

    def deploy(text: str) -> None:
        answer = client.post("/rest_api/api/dags", data=text, headers={"Content-Type": "application/json"})
        assert answer.status_code in {200, 201, 202}, answer.text

    return deploy


@pytest.fixture(scope="module")
def client(airflow_live):
    """The API with an Admin's token, beside the browser."""
    return airflow_live.client("admin")
