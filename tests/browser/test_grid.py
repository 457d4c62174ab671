"""The grid of a DAG on the page: its last runs by its tasks, in words, by keyboard, and while a run goes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.page_steps import SLEEP, TRUE, go, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

NAME = "gridded"


@pytest.fixture
def gridded(client, airflow_live) -> Iterator[str]:
    """A DAG of a group, a mapped task and one that sleeps, with a run in which the mapped one failed."""
    tasks = {
        "zeta": {**TRUE, "task_group_name": "extract"},
        "alpha": {**TRUE, "task_group_name": "extract"},
        "each": {"operator": TRUE["operator"], "expand": {"bash_command": ["true", "exit 1"]}},
        "wait": {**SLEEP, "dependencies": ["each"]},
    }
    tasks["each"]["dependencies"] = ["extract"]
    body = json.loads(workflow(NAME, tasks, force=True))
    body["workflow"]["dag_config"][NAME]["task_groups"] = {"extract": {"tooltip": "Reading"}}
    client.post("/rest_api/api/dags", json=body).raise_for_status()
    client.post(f"/rest_api/api/dags/{NAME}/dagRuns", json={"run_id": "first"}).raise_for_status()
    airflow_live.wait_for(lambda: airflow_live.run_state(NAME, "first") == "failed", "the first run's end")
    yield NAME
    for run_id in ("first", "second"):
        client.post(f"/rest_api/api/dags/{NAME}/dagRuns/{run_id}/kill?wait=20")
    client.delete(f"/rest_api/api/dags/{NAME}")


def labels(cells: Locator) -> list[str]:
    """What screen readers say of each."""
    return cells.evaluate_all("cells => cells.map(cell => cell.getAttribute('aria-label'))")


def test_the_grid_has_the_last_runs_by_task(page, gridded, client):
    """A row a task in the order of the graph, a column a run; a cell says its state and leads to the task instance."""
    go(page, f"#dags/{gridded}")
    grid = page.get_by_role("grid", name=f"Runs and tasks of {gridded}")
    expect(grid.get_by_role("rowheader")).to_have_text(["▾ extract", "zeta", "alpha", "each", "wait"])
    cells = grid.locator("tbody a")
    expect(cells).to_have_count(5)
    assert labels(cells) == [
        "extract in first: 2 success",
        "extract.zeta in first: success",
        "extract.alpha in first: success",
        "each in first: 1 failed, 1 success",
        "wait in first: upstream_failed",
    ]
    assert labels(grid.locator("thead a"))[0].startswith("first: failed, took ")

    client.post(f"/rest_api/api/dags/{gridded}/dagRuns", json={"run_id": "second"}).raise_for_status()
    expect(grid.get_by_role("link", name="each in second: 1 failed, 1 success")).to_be_visible()
    expect(grid.locator("thead a")).to_have_count(2)
    cell = grid.get_by_role("link", name="each in first: 1 failed, 1 success")
    assert cell.get_attribute("href") == f"#dags/{gridded}/first/each"
    assert cell.get_attribute("data-state") == "failed"
    cell.click()
    expect(page.locator(".panel-box h3 code")).to_have_text("first")


def test_the_grid_is_walked_with_the_arrow_keys(page, gridded):
    """One place of the grid is a stop of the Tab key, arrows go on from there, and Enter folds a group."""
    go(page, f"#dags/{gridded}")
    grid = page.get_by_role("grid", name=f"Runs and tasks of {gridded}")
    first = grid.get_by_role("link", name="extract in first: 2 success")
    expect(first).to_have_attribute("tabindex", "0")
    expect(grid.locator("[tabindex='0']")).to_have_count(1)
    first.press("ArrowDown")
    expect(grid.get_by_role("link", name="extract.zeta in first: success")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    group = grid.get_by_role("button", name="extract")
    expect(group).to_be_focused()
    group.press("Enter")
    expect(grid.get_by_role("rowheader")).to_have_text(["▸ extract", "each", "wait"])
    expect(group).to_be_focused()
    expect(group).to_have_attribute("aria-expanded", "false")


def test_the_legend_has_the_states_of_now(page, gridded, client):
    """While a run goes its tasks change their states, and the words below the grid are those of its colours."""
    path = f"/rest_api/api/dags/{gridded}"
    runs, summaries = (client.get(f"{path}/{name}").json() for name in ("dagRuns", "taskSummaries"))
    for run in [*runs["dag_runs"], *summaries["dag_runs"]]:
        run["state"] = "running"

    def all_tasks_are(state: str) -> None:
        for task in summaries["dag_runs"][0]["tasks"]:
            task["task_instance_counts"] = {state: 1}

    all_tasks_are("running")
    page.route(re.compile(r"/dagRuns\?"), lambda route: route.fulfill(json=runs))
    page.route(re.compile(r"/taskSummaries\?"), lambda route: route.fulfill(json=summaries))
    go(page, f"#dags/{gridded}")
    states = page.locator(".grid-view .legend .state")
    expect(states).to_have_text(["running"])
    all_tasks_are("success")
    expect(states).to_have_text(["success"])
