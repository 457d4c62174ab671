"""A run on the page: why it failed, its tasks in the order of the graph, its log, and repairing it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from support.page_steps import BASH, SLEEP, TRUE, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TASKS = {
    "zeta": TRUE,
    "check": {"operator": BASH, "bash_command": "echo counting rows; exit 3", "dependencies": ["zeta"]},
    "alpha": {**TRUE, "dependencies": ["check"]},
}


@pytest.fixture
def failed_run(client, airflow_live) -> Iterator[Callable[[str], str]]:
    """Runs a DAG of three tasks, of which the second fails, under a name of the test's own."""
    names: list[str] = []

    def run(name: str) -> str:
        names.append(name)
        headers = {"Content-Type": "application/json"}
        client.post("/rest_api/api/dags", data=workflow(name, TASKS, force=True), headers=headers).raise_for_status()
        client.post(f"/rest_api/api/dags/{name}/dagRuns", json={"run_id": "night"}).raise_for_status()
        airflow_live.wait_for(lambda: airflow_live.run_state(name, "night") == "failed", "the run's failure")
        return name

    yield run
    for name in names:
        client.delete(f"/rest_api/api/dags/{name}")


def test_a_failed_run_opens_on_its_reason_and_is_repaired(page, failed_run, airflow_live):
    """From the list one click leads to why the run failed; marking the failed task lets the rest run."""
    name = failed_run("why_failed")
    page.get_by_label("Name has").fill(name)
    page.locator(f"a[data-key='last {name}']").click()
    why = page.get_by_role("region", name="Why it failed")
    expect(why.locator("summary")).to_contain_text("check")
    expect(why.get_by_label("End of the log of check")).to_contain_text("counting rows")
    tasks = page.get_by_role("table", name="Tasks of night").locator("tbody tr")
    expect(tasks).to_contain_text(["zetasuccess", "checkfailed", "alphaupstream_failed"])

    press(page, "Whole log of check")
    expect(page.get_by_label("Log of check, try 1", exact=True)).to_contain_text("counting rows")
    press(page, "Close the log")
    expect(page.get_by_label("Log of check, try 1", exact=True)).to_have_count(0)
    href = page.get_by_role("link", name="check in Airflow").get_attribute("href")
    assert href == f"/dags/{name}/grid?dag_run_id=night&task_id=check"

    press(page, "Mark success check")
    plan = page.get_by_role("dialog").locator(".plan")
    expect(plan).to_contain_text("upstream_failed → runs when its turn comes: alpha")
    expect(plan).to_contain_text("failed → success: check")
    press(page, "Mark check")
    expect(page.locator(".run-state .state")).to_have_text("success")
    expect(page.get_by_role("region", name="Why it failed")).to_have_count(0)
    states = {"zeta": "success", "check": "success", "alpha": "success"}
    airflow_live.wait_for(lambda: airflow_live.task_states(name, "night") == states, "the repaired run")


def test_a_viewer_reads_why_and_is_offered_no_repair(sign_in, airflow_live, failed_run):
    """Whoever may only read sees the reason and the log, and nothing that changes the run."""
    name = failed_run("why_for_viewers")
    page = sign_in(airflow_live.url, "viewer", f"/rest_api/#dags/{name}/night")
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("check")
    changing = re.compile("^(Kill|Skip|Restart|Mark|Trigger|Delete)")
    expect(page.get_by_role("button", name=changing)).to_have_count(0)
    expect(page.get_by_role("button", name="Whole log of check")).to_be_visible()


def test_a_task_that_is_gone_is_looked_at_in_an_older_run(page, failed_run, deployed):
    """The address of a task that the DAG no longer has shows that task alone, the graph without it beside."""
    name = failed_run("task_is_gone")
    deployed(workflow(name, {"zeta": TRUE}, force=True))
    go(page, f"#dags/{name}/night/check")
    expect(page.get_by_role("region", name=f"Graph of {name}").locator(".node")).to_have_count(1)
    page.wait_for_timeout(2_000)
    expect(page.get_by_role("status").filter(has_text="chosen")).to_have_text("1 task chosen: check")
    expect(page.get_by_role("table", name="Tasks of night").locator("tbody tr")).to_contain_text(["checkfailed"])


def test_how_long_a_task_has_run_is_told_by_the_servers_clock(page, client, airflow_live, deployed):
    """A browser whose clock is an hour ahead says of a task that began just now that it has run for seconds."""
    deployed(workflow("by_the_clock", {"asleep": SLEEP}, force=True))
    client.post("/rest_api/api/dags/by_the_clock/dagRuns", json={"run_id": "night"}).raise_for_status()
    airflow_live.wait_for(
        lambda: airflow_live.task_states("by_the_clock", "night") == {"asleep": "running"}, "the task"
    )
    page.add_init_script("const now = Date.now; Date.now = () => now() + 3_600_000;")
    go(page, "#dags/by_the_clock/night")
    page.reload()
    expect(page.locator(".counting")).to_have_text(re.compile(r"^[\d.]+ (s|min)$"))
    client.post("/rest_api/api/dags/by_the_clock/dagRuns/night/kill?wait=20").raise_for_status()
    client.delete("/rest_api/api/dags/by_the_clock")


def test_a_run_of_ten_thousand_shows_its_failures_first(page, deployed):
    """Of a large run the failed task instances alone are asked for at first, and a page of 200 of any others.

    When the page that is shown is there no more, the first one is.
    """
    deployed(workflow("thousands", {"each": TRUE}, force=True))
    asked: list[dict[str, str]] = []
    number_of = {"failed": 2, "all": 10_000}

    def instances(route: Any) -> None:
        """Stand in for a run of 10,000 task instances, which would take a scheduler an hour."""
        query = dict(part.split("=") for part in route.request.url.partition("?")[2].split("&"))
        asked.append(query)
        total = number_of[query.get("state", "all")]
        number = max(0, min(200, total - int(query["offset"])))
        found = [
            {
                "task_id": "each", "map_index": index, "count": 1, "state": query.get("state", "success"),
                "try_number": 1, "start_date": "2024-01-01T00:00:00Z", "end_date": "2024-01-01T00:00:01Z",
                "duration": 1.0,
            }
            for index in range(number)
        ]  # fmt: skip
        route.fulfill(json={"task_instances": found, "total_entries": total})

    explanation = {
        "dag_id": "thousands", "run_id": "big", "state": "failed", "as_of": "2024-01-01T00:00:00Z",
        "summary": "The run failed.", "task_instance_counts": {"failed": 2, "success": 9_998}, "run_reasons": [],
        "failures": [], "total_failures": 2, "waiting": [], "total_waiting": 0, "import_error": None,
        "logs_withheld": None, "calls": [],
    }  # fmt: skip
    run = {"dag_id": "thousands", "run_id": "big", "state": "failed", "start_date": None, "end_date": None}
    page.route(re.compile(r"/dagRuns/big$"), lambda route: route.fulfill(json=run))
    page.route(re.compile(r"/dagRuns/big/explanation"), lambda route: route.fulfill(json=explanation))
    page.route(re.compile(r"/dagRuns/big/taskInstances\?"), instances)
    go(page, "#dags/thousands/big")
    rows = page.get_by_role("table", name="Tasks of big").locator("tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="all 10000").click()
    expect(rows).to_have_count(200)
    expect(page.get_by_text("1 to 200 of 10000")).to_be_visible()
    page.locator(".run").get_by_role("button", name="Next").click()
    expect(page.get_by_text("201 to 400 of 10000")).to_be_visible()
    pages = dict.fromkeys((query.get("state"), query["offset"]) for query in asked)  # each may be asked for again
    assert list(pages) == [("failed", "0"), (None, "0"), (None, "200")]
    number_of["all"] = 150  # somebody has deleted the others
    expect(rows).to_have_count(150)


def test_a_run_is_triggered_with_the_fields_of_its_params(page, client, airflow_live):
    """Each param has a field of its type with its default; only what differs is sent, as JSON stands beside it."""
    body = json.loads(workflow("with_params", {"only": TRUE}, force=True))
    limit = {"type": "integer", "default": 10, "minimum": 1, "maximum": 100, "description": "How many rows"}
    body["workflow"]["dag_config"]["with_params"]["params"] = {
        "limit": {"__type__": "airflow.models.param.Param", **limit},
        "region": {"__type__": "airflow.models.param.Param", "default": "eu", "enum": ["eu", "us"]},
        "full": False,
        "name": "nightly",
    }
    client.post("/rest_api/api/dags", json=body).raise_for_status()
    go(page, "#dags/with_params")
    page.get_by_text("Trigger with params (4)").click()
    limit = page.get_by_label("limit", exact=True)
    expect(limit).to_have_value("10")
    limit.fill("20")
    page.get_by_label("region", exact=True).select_option("us")
    page.get_by_label("full", exact=True).check()
    page.get_by_label("Run id").fill("chosen")
    page.get_by_text("The same as JSON").click()
    chosen = {"limit": 20, "region": "us", "full": True}
    assert json.loads(page.get_by_label("Configuration (a JSON object)").input_value()) == chosen
    press(page, "Trigger with this")
    expect(page.locator(".notice.good")).to_contain_text("Started chosen")
    assert client.get("/rest_api/api/dags/with_params/dagRuns/chosen").json()["conf"] == chosen

    page.get_by_label("Configuration (a JSON object)").fill("{nothing")
    press(page, "Trigger with this")
    expect(page.locator(".notice.bad")).to_contain_text("The configuration is not JSON")
    airflow_live.wait_for(lambda: airflow_live.run_state("with_params", "chosen") == "success", "the run's end")
    assert client.delete("/rest_api/api/dags/with_params").status_code == 200


def test_after_a_repair_nothing_can_be_pressed_that_could_not_before(page, failed_run):
    """On the first page of tasks there is no page before it, after a restart that was refused as well."""
    name = failed_run("first_page")

    def instances(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "total_entries": 500})

    page.route(re.compile(r"/taskInstances\?"), instances)
    page.route(
        re.compile(r"/restart$"),
        lambda route: route.fulfill(status=409, json={"detail": "It has just been restarted."}),
    )
    go(page, f"#dags/{name}/night")
    previous = page.get_by_role("button", name="Previous", exact=True)
    expect(previous).to_be_disabled()
    press(page, "Restart check")
    page.get_by_role("dialog").get_by_role("button", name="Restart check").click()
    expect(page.locator(".outcome .notice.bad")).to_have_text("It has just been restarted.")
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_enabled()
    assert previous.is_disabled()


def test_chosen_tasks_with_long_ids_are_asked_for_in_an_address_that_servers_take(page, client):
    """Twenty tasks whose ids are long have no room in an address: the table then has all tasks of the run."""
    name = "long_ids"
    empty = {"operator": "airflow.operators.empty.EmptyOperator"}
    tasks = {f"{'t' * 230}_{number}": empty for number in range(20)}
    client.post("/rest_api/api/dags", json=json.loads(workflow(name, tasks, force=True))).raise_for_status()
    client.post(f"/rest_api/api/dags/{name}/dagRuns", json={"run_id": "night"}).raise_for_status()
    summaries = client.get(f"/rest_api/api/dags/{name}/taskSummaries?run_id=night").json()
    for task in summaries["dag_runs"][0]["tasks"]:
        task |= {"state": "failed", "task_instance_counts": {"failed": 1}}
    page.route(re.compile(r"/taskSummaries\?"), lambda route: route.fulfill(json=summaries))
    asked: list[str] = []
    page.on("request", lambda request: "/taskInstances?" in request.url and asked.append(request.url))
    go(page, f"#dags/{name}/night")
    press(page, "Choose what failed")
    expect(page.get_by_role("status").filter(has_text="chosen")).to_contain_text("20 tasks chosen")
    page.wait_for_timeout(500)
    expect(page.get_by_role("table", name="Tasks of night").locator("tbody tr")).to_have_count(20)
    assert max(map(len, asked)) < 4094
    expect(page.locator(".run .notice.bad")).to_have_count(0)
    client.delete(f"/rest_api/api/dags/{name}")
