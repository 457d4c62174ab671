"""A mapped task of 5,000 indexes: the run's page, graph, timeline and table stay quick, paged, failures first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from support.page_steps import BASH, TRUE, barriers, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEXES = 5_000
FAILED = (1_234, 2_500, 4_999)
# What the scheduler would leave: running all of them takes hours.
RAN = (
    """
    UPDATE task_instance
    SET state = CASE WHEN map_index IN (1234, 2500, 4999) THEN 'failed' ELSE 'success' END, try_number = 1,
        queued_dttm = timestamptz '2026-01-01' + map_index * interval '1 second',
        start_date = timestamptz '2026-01-01' + (map_index + 1) * interval '1 second',
        end_date = timestamptz '2026-01-01' + (map_index + 3) * interval '1 second', duration = 2
    WHERE dag_id = :dag_id AND task_id = 'each'
    """,
    "UPDATE task_instance SET state = 'success' WHERE dag_id = :dag_id AND task_id = 'first'",
    "UPDATE task_instance SET state = 'upstream_failed' WHERE dag_id = :dag_id AND task_id = 'last'",
    "UPDATE dag_run SET state = 'failed', start_date = '2026-01-01', end_date = '2026-01-02' WHERE dag_id = :dag_id",
)


@pytest.fixture(scope="module")
def mapped(client, airflow_live) -> Iterator[str]:
    """A failed run `night` of a paused DAG whose mapped task has 5,000 instances, of which three failed."""
    name = "five_thousand"
    each = {"operator": BASH, "expand": {"bash_command": ["true"] * INDEXES}}
    tasks = {"first": TRUE, "each": {**each, "dependencies": ["first"]}, "last": {**TRUE, "dependencies": ["each"]}}
    headers = {"Content-Type": "application/json"}
    body = workflow(name, tasks, unpause=False)
    client.post("/rest_api/api/dags", data=body, headers=headers).raise_for_status()
    client.post(f"/rest_api/api/dags/{name}/dagRuns", json={"run_id": "night"}).raise_for_status()
    with airflow_live.session() as session:
        for statement in RAN:
            session.execute(text(statement), {"dag_id": name})
        session.commit()
    yield name
    assert client.delete(f"/rest_api/api/dags/{name}").status_code == 200


def test_failures_come_first_and_the_others_a_page_at_a_time(page, mapped):
    """Three rows of what failed; all of the others by pages of 200, whatever there is."""
    asked: list[str] = []
    page.on("request", lambda request: "/taskInstances?" in request.url and asked.append(request.url))
    go(page, f"#dags/{mapped}/night")
    rows = page.get_by_role("table", name="Tasks of night").locator("tbody tr")
    expect(rows).to_have_text([re.compile(rf"^each \[{index}\]failed") for index in FAILED])
    page.get_by_role("button", name="all 5002").click()
    expect(page.get_by_text("1 to 200 of 5002")).to_be_visible()
    expect(rows).to_have_count(200)
    page.locator(".run").get_by_role("button", name="Next").click()
    expect(page.get_by_text("201 to 400 of 5002")).to_be_visible()
    assert all("limit=200" in address for address in asked)


def test_the_graph_the_timeline_and_the_grid_sum_the_instances_up(page, mapped):
    """A mapped task is one node with its counts, one bar, one row of the grid; the repair is one press."""
    go(page, f"#dags/{mapped}/night")
    graph = page.get_by_role("region", name=f"Graph of {mapped}")
    expect(graph.locator(".node")).to_have_count(3)
    expect(graph.get_by_role("checkbox", name=re.compile("^each, .*4997 success"))).to_be_visible()
    press(page, "Timeline")
    timeline = page.get_by_role("table", name="Timeline of night").locator("tbody tr")
    expect(timeline).to_have_count(3)
    expect(timeline.nth(1)).to_contain_text("each")
    press(page, "Restart failed")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".plan li").first).to_have_text("failed → runs when its turn comes: each (3)")
    press(page, "Cancel")
    assert barriers(page) == []
    go(page, f"#dags/{mapped}")
    expect(page.get_by_role("grid").get_by_role("row", name="each")).to_have_count(1)
    assert page.locator("#rest-api *").count() < 2_000
