"""Answers that come late, in another order or after their view was left, and presses that come twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect

from support.page_steps import BASH, TRUE, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page

LIST = re.compile(r"/rest_api/api/dags\?")
INSTANCES = re.compile(r"/taskInstances\?")
LOG = re.compile(r"/taskInstances/[^/]+/logs\?")
NAME = "late_answers"
LONG = 6_500  # milliseconds, longer than what the page calls slow


@pytest.fixture(scope="module")
def ended(client, airflow_live) -> Iterator[str]:
    """A DAG of two tasks with a run `night`, in which the first was successful and the second failed."""
    tasks = {"one": TRUE, "two": {"operator": BASH, "bash_command": "false", "dependencies": ["one"]}}
    headers = {"Content-Type": "application/json"}
    client.post("/rest_api/api/dags", data=workflow(NAME, tasks, force=True), headers=headers).raise_for_status()
    client.post(f"/rest_api/api/dags/{NAME}/dagRuns", json={"run_id": "night"}).raise_for_status()
    airflow_live.wait_for(lambda: airflow_live.run_state(NAME, "night") == "failed", "the run's failure")
    yield NAME
    client.delete(f"/rest_api/api/dags/{NAME}")


class Held:
    """A page's requests to one address, which are held back until they are let go."""

    def __init__(self, page: Page, address: re.Pattern[str], method: str = "GET") -> None:
        """Hold back what the page asks from now on."""
        self.page, self.method, self.routes, self.is_holding = page, method, [], True
        page.route(address, self._hold)

    def _hold(self, route: Any) -> None:
        if self.is_holding and route.request.method == self.method:
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self, number: int = 1) -> None:
        """Return once so many requests are held back."""
        while len(self.routes) < number:
            self.page.wait_for_timeout(50)

    def pass_on(self) -> None:
        """Hold back no more than is held already."""
        self.is_holding = False

    def let_go(self) -> None:
        """Let the held requests go on, and return once each has its answer and the page has read it."""
        self.pass_on()
        for route in self.routes:
            with self.page.expect_response(lambda response, route=route: response.request == route.request):
                route.continue_()
        self.page.wait_for_timeout(500)


@pytest.fixture
def tasks(page) -> Locator:
    """The rows of the table of the run's task instances."""
    return page.get_by_role("table", name="Tasks of night").locator("tbody tr")


@pytest.fixture
def problem() -> Callable[[Any], None]:
    """Answers a request as a webserver that has lost its database."""
    body = {"title": "Service Unavailable", "status": 503, "detail": "The database is away."}
    return lambda route: route.fulfill(status=503, json=body)


def test_an_overtaken_answer_does_not_end_the_renewals_of_the_list(page, ended):
    """An answer that comes after that of a later question is dropped, and the list goes on renewing itself."""
    page.get_by_label("Name has").fill(ended)
    expect(page.locator("#rest-api .dag-name")).to_have_text([ended])
    held = Held(page, LIST)
    page.get_by_label("Order").select_option("Name, from Z")
    held.wait()
    held.pass_on()
    with page.expect_response(LIST):
        page.get_by_label("Order").select_option("Name")
    held.let_go()
    with page.expect_request(LIST, timeout=15_000):
        pass


def test_a_table_of_tasks_is_of_the_last_choice(page, ended, tasks):
    """The tasks that were asked for before another choice don't take the place of those that are chosen now."""
    go(page, f"#dags/{ended}/night")
    node = page.get_by_role("checkbox", name="one, success")
    expect(node).to_be_visible()
    expect(tasks).to_have_count(2)
    held = Held(page, INSTANCES)
    node.click()
    held.wait()
    held.pass_on()
    with page.expect_response(INSTANCES):
        press(page, "Choose none")
    expect(tasks).to_have_count(2)
    held.let_go()
    assert tasks.count() == 2  # and not only after the next renewal


def test_a_log_from_its_beginning_has_nothing_from_before(page, ended):
    """What was asked for before "From the beginning" was pressed is not written into the log that begins again."""
    late: list[Any] = []
    parts = {
        None: {"content": "the end\n", "offset": 900, "next_offset": 908, "end_of_log": False},
        "908": {"content": "later\n", "offset": 908, "next_offset": 914, "end_of_log": False},
        "0": {"content": "beginning and end\n", "offset": 0, "next_offset": 914, "end_of_log": True},
        "914": {"content": "", "offset": 914, "next_offset": 914, "end_of_log": True},
    }

    def answer(route: Any) -> None:
        offset = dict(parse_qsl(urlsplit(route.request.url).query)).get("offset")
        if offset == "908":
            late.append(route)
        else:
            route.fulfill(json=parts[offset])

    page.route(LOG, answer)
    go(page, f"#dags/{ended}/night")
    press(page, "Log one")
    log = page.get_by_label("Log of one, try 1", exact=True)
    expect(log).to_have_text("the end\n")
    while not late:
        page.wait_for_timeout(50)
    press(page, "From the beginning")
    expect(log).to_contain_text("beginning")
    for route in late:
        route.fulfill(json=parts["908"])
    page.wait_for_timeout(500)
    expect(log).to_have_text("beginning and end\n")
    page.unroute(LOG)


def test_a_log_goes_on_after_an_error(page, ended, problem):
    """Where the webserver answers with an error of its own, the log is asked for again, as all else is."""
    page.route(LOG, problem)
    go(page, f"#dags/{ended}/night")
    press(page, "Log one")
    notice = page.locator(".log-panel .notice.bad")
    expect(notice).to_have_text("The database is away.")
    page.unroute(LOG)
    expect(notice).to_have_count(0)
    expect(page.get_by_label("Log of one, try 1", exact=True)).to_contain_text("exit")


def test_a_graph_is_drawn_once_its_version_can_be_read(page, ended, problem):
    """A version that can't be read for a moment is read again, and its graph and grid are drawn."""
    version = re.compile(r"/dagVersions/\d+$")
    page.route(version, problem)
    with page.expect_response(version):
        go(page, f"#dags/{ended}")
    page.unroute(version)
    expect(page.get_by_role("region", name=f"Graph of {ended}").locator(".node")).to_have_count(2)
    expect(page.get_by_role("grid", name=f"Runs and tasks of {ended}")).to_be_visible()


def test_a_grid_is_there_while_its_version_cannot_be_read(page, ended, problem):
    """Where a version is answered with errors on and on, the grid comes without groups; the graph follows later."""
    version = re.compile(r"/dagVersions/\d+$")
    page.route(version, problem)
    go(page, f"#dags/{ended}")
    grid = page.get_by_role("grid", name=f"Runs and tasks of {ended}")
    expect(grid.get_by_role("rowheader")).to_have_text(["one", "two"])
    page.unroute(version)
    expect(page.get_by_role("region", name=f"Graph of {ended}").locator(".node")).to_have_count(2)
    expect(grid).to_have_count(1)


def test_a_comparison_is_of_the_versions_that_were_asked_for_last(page, ended, client):
    """Where two comparisons are asked for, the later is shown, whichever answer comes first."""
    headers = {"Content-Type": "application/json"}
    body = workflow("compared_late", {"one": TRUE}, force=True)
    client.post("/rest_api/api/dags", data=body, headers=headers).raise_for_status()
    body = workflow("compared_late", {"one": TRUE, "two": TRUE}, force=True)
    newest = client.post("/rest_api/api/dags", data=body, headers=headers).json()["version_number"]
    go(page, "#history/compared_late")
    last = page.get_by_role("region", name=f"From version {newest - 1} to version {newest}")
    expect(last).to_be_visible()
    held = Held(page, re.compile(rf"/dagVersions/{newest - 1}/changes"))
    press(page, f"What it changed: version {newest - 1}")
    held.wait()
    with page.expect_response(re.compile(rf"/dagVersions/{newest}/changes")):
        press(page, f"What it changed: version {newest}")
    held.let_go()
    expect(last).to_be_visible()
    client.delete("/rest_api/api/dags/compared_late")


def test_a_page_of_versions_is_the_one_that_was_asked_for_last(page, ended):
    """Who pages to and fro faster than the answers come sees the page that was asked for last."""
    version = {"revision": "0" * 64, "created_at": "2024-01-01T00:00:00Z", "created_by": "admin", "comment": None}

    def versions(route: Any) -> None:
        query = dict(parse_qsl(urlsplit(route.request.url).query))
        newest = 120 - int(query["offset"])
        numbers = range(newest, max(0, newest - int(query["limit"])), -1)
        found = [{**version, "version_number": number, "deleted_at": None} for number in numbers]
        route.fulfill(json={"dag_versions": found, "total_entries": 120})

    page.route(re.compile(r"/dagVersions\?"), versions)
    page.route(re.compile(r"/changes"), lambda route: route.fulfill(status=404, json={"detail": "There is none."}))
    go(page, f"#history/{ended}")
    press(page, "Older")
    expect(page.get_by_text("51 to 100 of 120")).to_be_visible()
    held: list[Any] = []
    page.route(re.compile(r"offset=100"), lambda route: held.append(route))
    press(page, "Older")
    while not held:
        page.wait_for_timeout(50)
    press(page, "Newer")
    page.wait_for_timeout(500)
    for route in held:
        versions(route)
    page.wait_for_timeout(500)
    expect(page.get_by_text("51 to 100 of 120")).to_be_visible()
    expect(page.get_by_role("table", name=f"Versions of {ended}").locator("tbody tr")).to_have_count(50)


def test_a_question_is_closed_with_its_view(page, ended):
    """Who goes back while a question is open is not asked it over another view, and nothing is done."""
    page.get_by_label("Name has").fill(ended)
    press(page, f"Delete {ended}")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    go(page, f"#dags/{ended}")
    expect(page.locator(".facts")).to_be_visible()
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("address", ["night", ""], ids=["a repair", "a run of some tasks"])
def test_a_plan_is_not_shown_over_another_view(page, ended, address):
    """A plan that is answered after its view was left is not shown."""
    go(page, f"#dags/{ended}/{address}".rstrip("/"))
    held = Held(page, re.compile(r"dry_run=true"), "POST")
    if address:
        press(page, "Restart one")
    else:
        page.get_by_text("Run some tasks").click()
        page.get_by_role("checkbox", name="one", exact=True).last.check()
        press(page, "Run these")
    held.wait()
    go(page, "#dags")
    expect(page.get_by_role("heading", name="Deployed DAGs")).to_be_visible()
    held.let_go()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_a_deploy_would_replace_is_not_asked_over_another_view(page, ended):
    """A deploy whose plan is answered after the editor was left does not ask, and deploys nothing."""
    go(page, f"#dags/{ended}")
    press(page, "Edit and redeploy")
    page.get_by_label("Workflow definition").fill(workflow(ended, {"other": TRUE}))
    held = Held(page, re.compile(r"dry_run=true"), "POST")
    press(page, "Deploy")
    held.wait()
    go(page, "#dags")
    expect(page.get_by_role("heading", name="Deployed DAGs")).to_be_visible()
    held.let_go()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_double_click_does_a_thing_once(page, ended, client):
    """Trigger pressed twice starts one run, and a repair pressed twice asks once."""
    runs = f"/rest_api/api/dags/{ended}/dagRuns"
    before = client.get(runs).json()["total_entries"]
    page.get_by_label("Name has").fill(ended)
    page.get_by_role("button", name=f"Trigger {ended}", exact=True).dblclick()
    expect(page.locator(".outcome .notice.good")).to_contain_text("Started ")
    page.wait_for_timeout(1_000)
    assert client.get(runs).json()["total_entries"] == before + 1

    go(page, f"#dags/{ended}/night")
    held = Held(page, re.compile(r"dry_run=true"), "POST")
    page.get_by_role("button", name="Restart one", exact=True).dblclick()
    held.wait()
    page.wait_for_timeout(500)
    held.let_go()
    expect(page.get_by_role("dialog")).to_have_count(1)
    press(page, "Cancel")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_wait_that_was_asked_for_is_not_called_slow(page, ended):
    """Marking waits for processes to end; the page does not say meanwhile that the webserver takes long."""
    go(page, f"#dags/{ended}/night")
    press(page, "Mark success two")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    mark = re.compile(r"/succeed\?wait=20")
    page.route(mark, lambda _: None)
    press(page, "Mark two")
    expect(page.locator(".run .outcome")).to_contain_text("Waiting until it is done")
    page.wait_for_timeout(LONG)
    assert page.locator(".connection").all_inner_texts() in ([], [""])


def test_the_choice_of_a_state_can_be_taken_back_when_no_task_has_it_any_more(page, ended, tasks, client):
    """Where all failed tasks were mended meanwhile, a table of the failed ones still leads to all of them."""
    go(page, f"#dags/{ended}/night")
    page.get_by_role("button", name="failed 1").click()
    expect(tasks).to_have_count(1)
    client.post(f"/rest_api/api/dags/{ended}/dagRuns/night/taskInstances/two/succeed").raise_for_status()
    expect(page.get_by_text("There are no task instances here.")).to_be_visible()
    page.get_by_role("button", name="all 2").click()
    expect(tasks).to_have_count(2)
