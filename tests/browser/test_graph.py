"""The graph of a DAG on the page: what comes after what, task groups that fold, and the states of a run."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.page_steps import TRUE, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def grouped(client) -> Iterator[str]:
    """A DAG with two groups, a mapped task and a trigger rule."""
    tasks = {
        "a": {**TRUE, "task_group_name": "extract"},
        "b": {**TRUE, "task_group_name": "extract"},
        "join": {**TRUE, "task_group_name": "transform"},
        "each": {"operator": TRUE["operator"], "expand": {"bash_command": ["true", "exit 1", "true"]}},
        "report": {**TRUE, "dependencies": ["each"], "trigger_rule": "all_done"},
    }
    tasks["each"]["dependencies"] = ["transform"]
    body = json.loads(workflow("drawn", tasks, force=True))
    groups = {"extract": {"tooltip": "Reading"}, "transform": {"dependencies": ["extract"]}}
    body["workflow"]["dag_config"]["drawn"]["task_groups"] = groups
    client.post("/rest_api/api/dags", json=body).raise_for_status()
    yield "drawn"
    client.delete("/rest_api/api/dags/drawn")


def test_a_graph_is_drawn_from_left_to_right_and_its_groups_fold(page, grouped):
    """What comes before is at the left; a folded group is one node, by mouse and by keyboard; a table says the same."""
    go(page, f"#dags/{grouped}")
    graph = page.get_by_role("region", name="Graph of drawn")
    nodes = graph.locator(".node")
    expect(nodes).to_have_count(5)
    place = "one => [one.querySelector('title').textContent, one.getBoundingClientRect().x]"
    left = dict(nodes.evaluate_all(f"all => all.map({place})"))
    assert left["extract.a"] == left["extract.b"] < left["transform.join"] < left["each"] < left["report"]
    expect(graph.get_by_role("checkbox", name="each, mapped")).to_be_visible()
    expect(graph.get_by_role("checkbox", name="report, BashOperator, all_done")).to_be_visible()

    group = graph.get_by_role("button", name="Task group extract")
    group.click()
    expect(nodes).to_have_count(4)
    expect(group).to_have_attribute("aria-expanded", "false")
    expect(group).to_contain_text("2 tasks")
    expect(group).to_be_focused()
    group.press("Enter")
    expect(nodes).to_have_count(5)
    press(page, "Fold all groups")
    expect(nodes).to_have_count(4)
    expect(graph.locator(".edge")).to_have_count(3)

    page.get_by_text("The same as a table").click()
    rows = page.get_by_role("table", name="Tasks of drawn").locator("tbody tr")
    expect(rows).to_have_text(
        [
            "extract.a\u2013BashOperatorall_success",
            "extract.b\u2013BashOperatorall_success",
            "transform.joinextract.a, extract.bBashOperatorall_success",
            "eachtransform.joinBashOperator, mappedall_success",
            "reporteachBashOperatorall_done",
        ]
    )


def test_a_graph_has_the_colours_of_the_run_that_is_shown(page, grouped, client, airflow_live):
    """Each task has the state of the run, a mapped one how many of its instances are in which."""
    client.post(f"/rest_api/api/dags/{grouped}/dagRuns", json={"run_id": "shown"}).raise_for_status()
    airflow_live.wait_for(lambda: airflow_live.run_state(grouped, "shown") == "success", "the run's end")
    go(page, f"#dags/{grouped}/shown")
    graph = page.get_by_role("region", name="Graph of drawn")
    expect(graph.get_by_role("checkbox", name="extract.a, success")).to_have_attribute("data-state", "success")
    each = graph.get_by_role("checkbox", name="each, failed")
    expect(each).to_have_attribute("data-state", "failed")
    expect(each).to_contain_text("1 failed, 2 success")
    widths = each.evaluate("node => ['.note', '.node-box'].map((part) => node.querySelector(part).getBBox().width)")
    assert widths[0] + 12 < widths[1]


def test_a_graph_is_drawn_once_its_version_has_its_number(page, grouped, client):
    """Right after a deploy, before its version is recorded, the view is there; the graph follows by itself."""
    shown = {**client.get(f"/rest_api/api/dags/{grouped}").json(), "state": "pending", "version_number": None}
    address = re.compile(rf"/rest_api/api/dags/{grouped}$")
    page.route(
        address, lambda route: route.fulfill(json={**shown, "deployed_at": datetime.now(timezone.utc).isoformat()})
    )
    go(page, f"#dags/{grouped}")
    expect(page.locator(".facts")).to_contain_text("being read")
    expect(page.get_by_role("button", name="Trigger", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Graph", exact=True)).to_have_count(0)
    page.unroute(address)
    expect(page.get_by_role("region", name="Graph of drawn").locator(".node").first).to_be_visible()
    expect(page.locator("#rest-api .notice")).to_have_count(0)


def test_a_graph_of_four_hundred_tasks_is_laid_out_beside_the_page(page, client):
    """A large graph begins with its groups folded; unfolded, it has all its tasks, and the page goes on meanwhile."""
    name = "four_hundred"
    tasks = {
        f"task_{number}": {
            "operator": "airflow.operators.empty.EmptyOperator",
            "task_group_name": f"group_{number // 20}",
            **({"dependencies": [f"task_{number - 1}"]} if number % 20 else {}),
        }
        for number in range(400)
    }
    body = json.loads(workflow(name, tasks, force=True))
    groups = {
        f"group_{number}": {"tooltip": "Twenty", **({"dependencies": [f"group_{(number - 1) // 2}"]} if number else {})}
        for number in range(20)
    }
    body["workflow"]["dag_config"][name]["task_groups"] = groups
    client.post("/rest_api/api/dags", json=body).raise_for_status()
    go(page, f"#dags/{name}")
    nodes = page.get_by_role("region", name=f"Graph of {name}").locator(".node")
    expect(nodes).to_have_count(20)
    press(page, "Unfold all groups")
    expect(nodes).to_have_count(400)
    assert client.delete(f"/rest_api/api/dags/{name}").status_code == 200


def test_a_graph_that_cannot_be_laid_out_says_so_and_leaves_no_worker(page, grouped):
    """Where the worker fails, the table is named instead, and the worker is ended."""
    worker = "addEventListener('message', () => { throw new Error('There is no room.'); });"
    page.route(
        re.compile(r"/graph_layout\.js"), lambda route: route.fulfill(body=worker, content_type="text/javascript")
    )
    go(page, f"#dags/{grouped}")
    expect(page.get_by_role("region", name="Graph of drawn").locator(".notice.bad")).to_have_text(
        "The graph could not be laid out. The table below says the same."
    )
    page.wait_for_timeout(500)
    assert page.workers == []
