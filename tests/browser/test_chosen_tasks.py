"""Tasks that are chosen on the graph: killed, restarted, run alone; and when they ran, as a timeline."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.page_steps import SLEEP, TRUE, barriers, go, in_dark, press, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def started(client, airflow_live) -> Iterator[Callable[[str], str]]:
    """Starts the run `night` of a DAG in which two tasks sleep, under a name of the test's own."""
    names: list[str] = []

    def start(name: str) -> str:
        names.append(name)
        tasks = {"load": SLEEP, "report": {**TRUE, "dependencies": ["load"]}, "spare": SLEEP, "quick": TRUE}
        headers = {"Content-Type": "application/json"}
        client.post("/rest_api/api/dags", data=workflow(name, tasks, force=True), headers=headers).raise_for_status()
        client.post(f"/rest_api/api/dags/{name}/dagRuns", json={"run_id": "night"}).raise_for_status()
        expected = {"load": "running", "report": None, "spare": "running", "quick": "success"}
        airflow_live.wait_for(lambda: airflow_live.task_states(name, "night") == expected, "the sleeping tasks")
        return name

    yield start
    for name in names:
        client.post(f"/rest_api/api/dags/{name}/dagRuns/night/kill?wait=20")
        client.delete(f"/rest_api/api/dags/{name}")


def test_tasks_are_chosen_by_mouse_and_keyboard_and_killed_together(page, started, airflow_live):
    """What is chosen is named and listed alone; one plan shows what becomes of all of it, and then it happens."""
    name = started("chosen_kill")
    go(page, f"#dags/{name}/night")
    graph = page.get_by_role("region", name=f"Graph of {name}")
    load = graph.get_by_role("checkbox", name="load, running, BashOperator")
    load.click()
    expect(load).to_have_attribute("aria-checked", "true")
    selection = page.locator(".selection")
    expect(selection.get_by_role("status")).to_have_text("1 task chosen: load")
    rows = page.get_by_role("table", name="Tasks of night").locator("tbody tr")
    expect(rows).to_have_count(1)
    load.press("ArrowRight")
    expect(graph.get_by_role("checkbox", name="report")).to_be_focused()
    spare = graph.get_by_role("checkbox", name="spare, running, BashOperator")
    spare.press("Space")
    expect(selection.get_by_role("status")).to_have_text("2 tasks chosen: load, spare")
    expect(rows).to_have_count(2)

    press(page, "Kill chosen")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Kill load, spare?")
    expect(dialog.locator(".plan li")).to_have_text(["running → failed: load, spare"])
    dialog.get_by_role("button", name="Kill load, spare").click()
    expect(page.locator(".notice.good")).to_contain_text("Killed: load, spare.")
    states = {"load": "failed", "report": "upstream_failed", "spare": "failed", "quick": "success"}
    airflow_live.wait_for(lambda: airflow_live.task_states(name, "night") == states, "the killed tasks")

    press(page, "Choose none")
    expect(rows).to_have_count(4)
    press(page, "Choose what failed")
    expect(selection.get_by_role("status")).to_have_text("2 tasks chosen: load, spare")
    press(page, "Restart chosen")
    expect(dialog.locator(".plan li")).to_have_text(
        [
            "failed → runs when its turn comes: load, spare",
            "upstream_failed → runs when its turn comes: report",
        ]
    )
    press(page, "Cancel")
    expect(page.get_by_role("button", name="Restart chosen")).to_be_focused()


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (390, True)])
def test_grid_selection_and_timeline_keep_nobody_out(page, started, width, dark):
    """axe-core finds nothing serious in them, in light and dark, and a phone's width needs no scrolling to the side."""
    name = started(f"chosen_for_everybody_{width}")
    page.set_viewport_size({"width": width, "height": 850})
    if dark:
        in_dark(page)
    go(page, f"#dags/{name}")
    page.get_by_role("grid").wait_for()
    assert barriers(page) == []
    go(page, f"#dags/{name}/night/load")
    page.get_by_role("button", name="Kill chosen").wait_for()
    press(page, "Timeline")
    page.get_by_role("table", name="Timeline of night").wait_for()
    assert barriers(page) == []
    press(page, "Kill chosen")
    page.get_by_role("dialog").wait_for()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_cannot_be_done_to_a_chosen_task_is_left_out_and_said(page, started):
    """Of several tasks those to which a kill does nothing are named in the plan, beside what would happen."""
    name = started("chosen_partly")
    go(page, f"#dags/{name}/night")
    graph = page.get_by_role("region", name=f"Graph of {name}")
    graph.get_by_role("checkbox", name="load, running, BashOperator").click()
    graph.get_by_role("checkbox", name="quick, success, BashOperator").click()
    press(page, "Kill chosen")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".plan li")).to_have_text(["running → failed: load"])
    expect(dialog.get_by_role("list", name="Left out")).to_contain_text("quick")
    press(page, "Cancel")


def test_what_could_not_be_done_is_said_task_by_task(page, started, airflow_live):
    """One result for all of the chosen tasks: what was done, and which of them were refused, and why."""
    name = started("chosen_refused")
    go(page, f"#dags/{name}/night")
    graph = page.get_by_role("region", name=f"Graph of {name}")
    graph.get_by_role("checkbox", name="load, running, BashOperator").click()
    graph.get_by_role("checkbox", name="spare, running, BashOperator").click()
    press(page, "Kill chosen")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".plan li")).to_have_text(["running → failed: load, spare"])
    problem = {"title": "Conflict", "status": 409, "detail": "It has just ended."}
    page.route("**/kill?task_id=load*", lambda route: route.fulfill(status=409, json=problem))
    dialog.get_by_role("button", name="Kill load, spare").click()
    expect(page.locator(".outcome .notice.good")).to_contain_text("Killed: spare.")
    expect(page.locator(".outcome .notice.bad")).to_have_text("Not done for 1 of 2 tasks:load: It has just ended.")
    airflow_live.wait_for(lambda: airflow_live.task_states(name, "night")["spare"] == "failed", "the killed task")
    assert airflow_live.task_states(name, "night")["load"] == "running"


def test_chosen_tasks_run_alone_with_a_configuration(page, client, airflow_live):
    """From the graph of a DAG chosen tasks become a run of these alone, named and configured, after a look at it."""
    name = "chosen_alone"
    tasks = {"load": TRUE, "report": {**TRUE, "dependencies": ["load"]}, "spare": TRUE}
    client.post("/rest_api/api/dags", json=json.loads(workflow(name, tasks, force=True))).raise_for_status()
    go(page, f"#dags/{name}")
    graph = page.get_by_role("region", name=f"Graph of {name}")
    graph.get_by_role("checkbox", name="report, BashOperator").click()
    press(page, "Run only these…")
    expect(page.get_by_role("checkbox", name="report", exact=True)).to_be_checked()
    page.get_by_label("Name of the new run").fill("repair")
    page.get_by_label("What the tasks are given (JSON)").fill("{limit")
    press(page, "Run these")
    expect(page.locator(".notice.bad")).to_contain_text("The configuration is not JSON")
    page.get_by_label("What the tasks are given (JSON)").fill('{"limit": 5}')
    press(page, "Run these")
    expect(page.get_by_role("dialog").locator(".plan")).to_contain_text("runs when its turn comes: report")
    press(page, "Run them")
    expect(page.locator(".notice.good")).to_have_text("Started repair")
    assert client.get(f"/rest_api/api/dags/{name}/dagRuns/repair").json()["conf"] == {"limit": 5}
    states = {"load": "success", "report": "success", "spare": "skipped"}
    airflow_live.wait_for(lambda: airflow_live.task_states(name, "repair") == states, "the repair")
    assert client.delete(f"/rest_api/api/dags/{name}").status_code == 200


def test_a_timeline_shows_when_tasks_waited_and_ran(page, started):
    """In the order of the graph, in words and as bars; what runs is counted while one looks."""
    name = started("on_a_timeline")
    go(page, f"#dags/{name}/night")
    press(page, "Timeline")
    rows = page.get_by_role("table", name="Timeline of night").locator("tbody tr")
    length = r"(\d+(\.\d)? s|\d+ min)"
    expect(rows).to_have_text(
        [
            re.compile(f"^loadrunning{length}{length}$"),
            re.compile("^sparerunning"),
            re.compile(f"^quicksuccess{length}{length}$"),
            "reportno status\u2013\u2013",
        ]
    )
    expect(rows.first.locator(".timeline-bar")).to_have_count(2)
    ran = rows.first.locator("td").nth(2)
    before = ran.inner_text()
    expect(ran).not_to_have_text(before)
