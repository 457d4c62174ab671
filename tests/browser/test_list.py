"""The list of deployed DAGs on the page: what a row tells, finding DAGs, pausing them, and the first of all."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from support.page_steps import TRUE, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page


@pytest.fixture
def deploy(client) -> Iterator[Callable[..., None]]:
    """Deploys DAGs with keys of their own, which are deleted after the test."""
    names: list[str] = []

    def deploy(name: str, **keys: Any) -> None:
        names.append(name)
        body = json.loads(workflow(name, {"only": TRUE}, force=True))
        body["workflow"]["dag_config"][name].update(keys)
        answer = client.post("/rest_api/api/dags", json=body)
        assert answer.status_code in {200, 201, 202}, answer.text

    yield deploy
    for name in names:
        client.delete(f"/rest_api/api/dags/{name}")


def row_of(page: Page, dag_id: str) -> Locator:
    """The row of a DAG in the list."""
    return page.get_by_role("row").filter(has=page.locator(f"a[href='#dags/{dag_id}']"))


def test_a_row_tells_what_a_dag_is_and_how_it_goes(page, deploy, client, airflow_live):
    """Name, owner, tags, schedule in words with the next run, the last runs as bars, the version and its author."""
    deploy("listed_daily", schedule="0 3 * * *", catchup=False, tags=["finance"], dag_display_name="Daily figures")
    for run_id in ("first", "second"):
        client.post("/rest_api/api/dags/listed_daily/dagRuns", json={"run_id": run_id}).raise_for_status()
        airflow_live.wait_for(lambda run=run_id: airflow_live.run_state("listed_daily", run) == "success", run_id)
    go(page, "#dags")
    page.get_by_label("Name has").fill("listed_daily")
    row = row_of(page, "listed_daily")
    expect(row.get_by_role("link", name="Daily figures")).to_be_visible()
    expect(row).to_contain_text("data-team")
    expect(row).to_contain_text(re.compile(r"At 03:00\s*0 3 \* \* \*\s*next \d{4}-"))
    expect(row).to_contain_text("ready")
    expect(row).to_contain_text("version 1 by admin")
    labels = row.locator(".bar").evaluate_all("bars => bars.map(bar => bar.getAttribute('aria-label'))")
    assert [label.partition(", took ")[0] for label in labels[-2:]] == ["first: success", "second: success"]
    row.locator(".bar").last.click()
    expect(page.locator(".panel-box h3 code")).to_have_text("second")


def test_dags_are_found_and_ordered(page, deploy):
    """By a part of the name, by a tag, by what is paused; and what is not found can be looked for in all again."""
    deploy("found_one", tags=["found_tag"])
    deploy("found_two", tags=["found_tag", "other_tag"])
    deploy("found_three")
    names = page.locator("#rest-api .dag-name")
    page.get_by_label("Name has").fill("FOUND_")
    expect(names).to_have_text(["found_one", "found_three", "found_two"])
    expect(page.get_by_role("status").filter(has_text="of 3")).to_have_text("1 to 3 of 3")
    page.get_by_label("Order").select_option("Name, from Z")
    expect(names).to_have_text(["found_two", "found_three", "found_one"])
    row_of(page, "found_two").get_by_role("button", name="Only those tagged found_tag").click()
    expect(page.get_by_label("Tag", exact=True)).to_have_value("found_tag")
    expect(names).to_have_text(["found_two", "found_one"])
    page.get_by_label("Show").select_option("Paused")
    expect(page.get_by_text("No deployed DAG is like that.")).to_be_visible()
    go(page, "#dags/found_one")
    page.get_by_role("link", name="Deployed DAGs").last.click()
    expect(page.get_by_label("Tag", exact=True)).to_have_value("found_tag")
    press(page, "Show all")
    expect(page.get_by_label("Name has")).to_have_value("")
    expect(page.locator("#rest-api .dag-name").first).to_be_visible()


def test_a_dag_is_paused_and_switched_on_in_its_row(page, deploy, client):
    """The switch, here and in the DAG's view, says whether runs start by themselves, and keeps the keyboard's place."""
    deploy("switched")
    page.get_by_label("Name has").fill("switched")
    switch = page.get_by_role("switch", name="switched is on")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    expect(page.locator(".notice.good")).to_have_text("switched is paused: no run starts by itself.")
    assert client.get("/rest_api/api/dags/switched").json()["is_paused"] is True
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    go(page, "#dags/switched")
    expect(page.locator(".facts")).to_contain_text("only when triggered")
    page.locator(".facts").get_by_role("switch", name="switched is on").click()
    expect(page.locator(".notice.good")).to_have_text("switched is paused: no run starts by itself.")
    expect(page.locator(".facts").get_by_role("switch")).to_have_attribute("aria-checked", "false")


def test_a_viewer_has_no_empty_columns(sign_in, airflow_live, deploy, client):
    """What a Viewer may not do has no column; that a DAG is paused stands beside its name."""
    deploy("seen_by_viewer")
    client.patch("/rest_api/api/dags/seen_by_viewer", json={"is_paused": True}).raise_for_status()
    page = sign_in(airflow_live.url, "viewer")
    page.get_by_label("Name has").fill("seen_by_viewer")
    expect(page.locator("#rest-api .dag-name")).to_have_text(["seen_by_viewer"])
    expect(page.get_by_role("columnheader")).to_have_text(["DAG", "Schedule", "Recent runs", "State"])
    expect(row_of(page, "seen_by_viewer")).to_contain_text("paused")


def test_an_empty_list_invites_to_deploy_an_example(airflow_below_a_prefix, sign_in):
    """Where nothing is deployed one click deploys the specification's example; a Viewer is told what will be here."""
    viewer = sign_in(airflow_below_a_prefix.url, "viewer")
    expect(viewer.locator(".notice")).to_contain_text("Nothing is deployed yet.")
    page = sign_in(airflow_below_a_prefix.url, "admin")
    press(page, "Deploy an example")
    expect(page.locator(".notice.good")).to_contain_text("Deployed hello")
    expect(row_of(page, "hello")).to_be_visible()
    expect(page.get_by_role("button", name="Deploy an example")).to_have_count(0)
    press(page, "Delete hello")
    page.get_by_role("dialog").get_by_role("button", name="Delete hello").click()
    expect(page.get_by_role("button", name="Deploy an example")).to_be_visible()


def listed(dag_id: str, *runs: dict[str, Any]) -> dict[str, Any]:
    """A DAG as the list of an answer that a test makes up has it. runs: the latest first."""
    return {
        "dag_id": dag_id, "dag_display_name": dag_id, "version_number": 1,
        "state": "parsed", "import_error": None, "is_paused": False, "revision": "0" * 64,
        "deployed_by": "admin", "deployed_at": "2024-01-01T00:00:00Z", "parsed_at": "2024-01-01T00:00:00Z",
        "owners": [], "tags": [], "schedule_interval": None, "timetable_description": None,
        "next_dagrun_create_after": None, "recent_runs": list(runs), "last_run": runs[0] if runs else None,
    }  # fmt: skip


def test_a_runs_bar_is_as_high_as_it_is_long_by_the_servers_clock(page):
    """A browser whose clock is a day ahead doesn't show a run that goes as the longest of all."""
    now = datetime.now(timezone.utc)
    times = {
        "going": (now - timedelta(seconds=10), None),
        "ended": (now - timedelta(hours=2), now - timedelta(hours=1)),
    }
    runs = [
        {"run_id": name, "state": "success" if end else "running", "start_date": start.isoformat(),
         "end_date": end and end.isoformat(), "logical_date": start.isoformat()}
        for name, (start, end) in times.items()
    ]  # fmt: skip
    answer = {"dags": [listed("one", *runs)], "damaged": [], "total_entries": 1}
    headers = {"Date": format_datetime(now, usegmt=True)}
    page.route(re.compile(r"/rest_api/api/dags\?"), lambda route: route.fulfill(json=answer, headers=headers))
    page.clock.set_system_time(now + timedelta(days=1))
    page.reload()
    heights = page.locator("#rest-api .bar")
    expect(heights).to_have_count(2)
    ended, going = heights.evaluate_all("bars => bars.map((bar) => parseFloat(bar.style.height))")
    assert (ended, 40 < going < 60) == (100, True), going


def test_a_long_list_is_read_a_page_at_a_time(page, sign_in):
    """The page asks for fifty DAGs at once, whatever there is, and for the next fifty when they are wanted."""
    asked = []

    def answer(route: Any) -> None:
        """Stand in for an installation with 10,000 DAGs, which takes too long to deploy here."""
        query = dict(part.split("=") for part in route.request.url.partition("?")[2].split("&"))
        asked.append((query["limit"], query["offset"]))
        first = int(query["offset"])
        dags = [listed(f"many_{number:05}") for number in range(first, first + 50)]
        route.fulfill(json={"dags": dags, "damaged": [], "total_entries": 10_000})

    page.route(re.compile(r"/rest_api/api/dags\?"), answer)
    page.reload()
    expect(page.locator("#rest-api .dag-name").first).to_have_text("many_00000")
    expect(page.get_by_role("status").filter(has_text="of 10000")).to_have_text("1 to 50 of 10000")
    press(page, "Next")
    expect(page.locator("#rest-api .dag-name").first).to_have_text("many_00050")
    assert {("50", "0"), ("50", "50")} == set(asked)


def test_opening_the_list_asks_for_little_and_for_its_files_once(page, deploy):
    """One question for the list, each DAG's permissions once, and no file twice, none of the editor's."""
    deploy("counted")
    tab = page.context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.url)
    expect(row_of(tab, "counted")).to_have_count(1)
    calls = [url for url in asked if "/rest_api/api/" in url]
    assert {urlsplit(url).path for url in calls} == {"/rest_api/api/dags"}
    permissions = [urlsplit(url).query for url in asked if urlsplit(url).path == "/rest_api/permissions"]
    named = [dag_id for query in permissions for dag_id in parse_qs(query)["dag_id"]]
    assert len(named) == len(set(named))
    assert len(permissions) <= 1 + sum(len(dag_id) + 8 for dag_id in named) // 2700  # an address has 4094 bytes
    files = [url for url in asked if "/rest_api/static/" in url]
    scripts = tab.locator("link[rel=modulepreload]").count()
    assert (len(files), len(set(files))) == (scripts + 1, scripts + 1)
    assert not [url for url in files if "/libraries/" in url]

    tab.goto(page.url)
    expect(row_of(tab, "counted")).to_have_count(1)
    transferred = tab.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter(({ name }) => name.includes("/rest_api/static/"))
            .map(({ transferSize }) => transferSize)"""
    )
    assert transferred == [0] * (scripts + 1)
