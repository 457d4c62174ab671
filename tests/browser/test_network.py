"""The page on a bad network: slow answers, none, and errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from support.page_steps import TRUE, fill_definition, go, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST = re.compile(r"/rest_api/api/dags\?")


@pytest.fixture
def steady(client) -> Iterator[str]:
    """A DAG that is on the page before the network goes bad."""
    headers = {"Content-Type": "application/json"}
    client.post("/rest_api/api/dags", data=workflow("steady", {"only": TRUE}, force=True), headers=headers)
    yield "steady"
    client.delete("/rest_api/api/dags/steady")


def test_a_slow_answer_is_said_to_be_slow_and_waited_for(page, steady):
    """After five seconds the page says that the webserver takes long; what is shown stays until the answer comes."""
    page.get_by_label("Name has").fill(steady)
    expect(page.locator("#rest-api .dag-name")).to_have_text([steady])
    held: list[Any] = []
    page.route(LIST, lambda route: held.append(route))
    page.get_by_label("Order").select_option("Name, from Z")
    expect(page.locator(".connection")).to_contain_text("The webserver takes long to answer.")
    expect(page.locator("#rest-api .dag-name")).to_have_text([steady])
    for route in held:
        route.continue_()
    page.unroute(LIST)
    expect(page.locator(".connection")).to_have_text("")


def test_a_list_that_is_refused_is_not_asked_for_again(page, steady):
    """Who may not see the list, or a DAG, is told so once; the webserver is not asked on and on."""
    page.clock.install()
    problem = {"title": "Forbidden", "status": 403, "detail": "list_dags needs the permission of nobody."}
    asked: list[str] = []

    def refuse(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(status=403, json=problem)

    page.route(LIST, refuse)
    page.reload()
    expect(page.locator("#rest-api .notice.bad")).to_have_text("list_dags needs the permission of nobody.")
    page.clock.run_for(60_000)
    assert len(asked) == 1
    page.unroute(LIST)


def test_a_list_goes_on_after_an_answer_that_cannot_be_shown(page, steady):
    """What is no list of DAGs, as a gateway may answer, ends no renewal: the next good answer is shown."""
    page.clock.install()
    page.get_by_label("Name has").fill(steady)
    expect(page.locator("#rest-api .dag-name")).to_have_text([steady])
    page.route(LIST, lambda route: route.fulfill(json={"dags": [None], "total_entries": 1}))
    with page.expect_response(LIST):
        page.clock.run_for(11_000)
    page.unroute(LIST)
    with page.expect_response(LIST):
        for _ in range(10):  # the page has to take in the answer before its next timer is there
            page.wait_for_timeout(200)
            page.clock.run_for(1_000)
    expect(page.locator("#rest-api .dag-name")).to_have_text([steady])


def test_what_is_shown_stays_while_nothing_answers(page, steady):
    """Without a network, and while the webserver answers with errors, the list stays, with a sentence on why."""
    page.get_by_label("Name has").fill(steady)
    expect(page.locator("#rest-api .dag-name")).to_have_text([steady])
    page.route(LIST, lambda route: route.abort())
    page.get_by_label("Order").select_option("Name, from Z")
    expect(page.locator(".connection")).to_contain_text("The webserver does not answer.")
    expect(page.locator("#rest-api .dag-name")).to_have_text([steady])
    page.unroute(LIST)
    expect(page.locator(".connection")).to_have_text("")

    problem = {"title": "Internal Server Error", "status": 500, "detail": "The database is away."}
    page.route(LIST, lambda route: route.fulfill(status=500, json=problem))
    page.get_by_label("Order").select_option("Name")
    notice = page.locator("#rest-api .notice.bad")
    expect(notice).to_have_text("The database is away. What is shown below is older.")
    expect(page.locator("#rest-api .dag-name")).to_have_text([steady])
    page.unroute(LIST)
    page.route(LIST, lambda route: route.fulfill(status=502, body="<html>Bad Gateway</html>", content_type="text/html"))
    page.get_by_label("Order", exact=True).select_option("Name, from Z")
    expect(notice).to_have_text(
        "The webserver, or a proxy before it, answered 502 Bad Gateway. What is shown below is older."
    )
    page.unroute(LIST)
    expect(notice).to_have_count(0)


def test_views_that_do_not_renew_themselves_go_on_too(page, steady):
    """A history that could not be read, and a text that could not be checked, are so once the webserver answers."""
    asked = re.compile(r"/rest_api/(api/dags/|check|permissions)")
    page.route(asked, lambda route: route.abort())
    go(page, f"#history/{steady}")
    expect(page.locator(".connection")).to_contain_text("The webserver does not answer.")
    page.unroute(asked)
    rows = page.get_by_role("table", name=f"Versions of {steady}").locator("tbody tr")
    expect(rows.first).to_contain_text("deployed now")
    expect(page.locator(".connection")).to_have_text("")

    fill_definition(page, workflow(steady, {"only": TRUE}))
    expect(page.locator(".editor-status")).to_have_text("JSON: no faults, 1 task")
    page.route(asked, lambda route: route.abort())
    page.get_by_label("Workflow definition").fill(workflow(steady, {"only": TRUE, "more": TRUE}))
    expect(page.locator(".editor-status")).to_have_text("JSON: not checked")
    page.unroute(asked)
    expect(page.locator(".editor-status")).to_have_text("JSON: no faults, 2 tasks")
    expect(page.locator(".connection")).to_have_text("")


def test_the_permissions_of_long_names_are_asked_for_in_several_addresses(page, steady, client):
    """What may be done with many DAGs whose names are long in an address is asked for in parts that servers take."""
    answer = client.get("/rest_api/api/dags", params={"dag_id_pattern": steady}).json()
    long = [{**answer["dags"][0], "dag_id": f"{'ä' * 120}{index}"} for index in range(50)]
    page.route(LIST, lambda route: route.fulfill(json={**answer, "dags": long, "total_entries": 50}))
    asked: list[str] = []
    page.on("request", lambda request: "/permissions?dag_id" in request.url and asked.append(request.url))
    page.reload()
    expect(page.locator("#rest-api .dag-name")).to_have_count(50)
    assert max(map(len, asked)) < 4094
    page.unroute(LIST)


def test_a_script_that_does_not_arrive_is_said_to_be_missing(page):
    """Where a script is lost on its way, the page says after ten seconds what to do, instead of loading for ever."""
    scripts = re.compile(r"/rest_api/static/.*/dags\.js")
    page.route(scripts, lambda route: route.abort())
    page.reload()
    expect(page.locator("#rest-api .late")).to_be_visible()
    expect(page.locator("#rest-api .stage")).to_contain_text("load it again")
    page.unroute(scripts)
    page.reload()
    expect(page.get_by_label("Name has")).to_be_visible()
    expect(page.locator("#rest-api .late")).to_have_count(0)


def test_a_deploy_is_followed_through_errors_and_by_the_servers_clock(page, client):
    """What becomes of a deploy is asked for again after errors, in a browser whose clock is an hour ahead as well."""
    name = "followed"
    page.add_init_script("const now = Date.now; Date.now = () => now() + 3_600_000;")
    page.reload()
    errors: list[tuple[int, str]] = []

    def deploy(route: Any) -> None:
        answer = route.fetch()
        errors.extend([(503, "The database is away."), (404, "It was not found.")])
        route.fulfill(response=answer, json={**answer.json(), "state": "pending", "parsed_at": None})

    def read(route: Any) -> None:
        if errors:
            status, detail = errors.pop(0)
            route.fulfill(status=status, json={"title": "Problem", "status": status, "detail": detail})
        else:
            route.continue_()

    page.route(re.compile(r"/rest_api/api/dags$"), deploy)
    page.route(re.compile(rf"/rest_api/api/dags/{name}$"), read)
    fill_definition(page, workflow(name, {"only": TRUE}))
    expect(page.locator(".editor-status")).to_have_text("JSON: no faults, 1 task")
    page.get_by_role("button", name="Deploy", exact=True).click()
    outcome = page.locator(".outcome .notice.good")
    expect(outcome).to_contain_text("being read")
    expect(outcome).to_contain_text("The database is away.")
    expect(outcome).to_contain_text("It was not found.")
    expect(outcome).to_contain_text("ready")
    expect(outcome).not_to_contain_text("It was not found.")
    client.delete(f"/rest_api/api/dags/{name}")
