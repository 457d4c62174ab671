"""The history of a DAG on the page: its versions, the difference between two, and going back to one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from support.page_steps import TRUE, barriers, go, press, workflow


@pytest.fixture
def two_versions(client, request):
    """Deploy a DAG twice, the second time with another task; answer its name, which no other test has."""
    name = f"history_{request.node.name.removeprefix('test_')}"[:200]
    for comment, tasks in {
        "First cut": {"load": {**TRUE, "retries": 1}},
        "Report added": {"load": {**TRUE, "retries": 3}, "report": {**TRUE, "dependencies": ["load"]}},
    }.items():
        body = workflow(name, tasks, force=True)
        headers = {"Content-Type": "application/json"}
        answer = client.post("/rest_api/api/dags", data=body, headers=headers, params={"comment": comment})
        assert answer.status_code in {200, 201, 202}, answer.text
    yield name
    client.delete(f"/rest_api/api/dags/{name}")


def test_versions_are_compared_and_one_is_restored(page, two_versions, client):
    """Each version has its author and comment; going back to one shows first what would change."""
    go(page, f"#dags/{two_versions}")
    page.get_by_role("link", name="History").click()
    rows = page.get_by_role("table", name=f"Versions of {two_versions}").locator("tbody tr")
    expect(rows).to_have_text(
        [re.compile(r"^2 deployed now.*adminReport added"), re.compile(r"^1\d{4}-.*adminFirst cut")]
    )
    changes = page.get_by_role("region", name="From version 1 to version 2").locator("tbody tr")
    expect(changes).to_have_text(["Task reportadded", "Task load: arguments.retries13", "load → reportadded"])
    page.get_by_label("From version", exact=True).select_option("2")
    page.get_by_label("To version", exact=True).select_option("1")
    press(page, "Compare")
    back = page.get_by_role("region", name="From version 2 to version 1").locator("tbody tr")
    expect(back).to_have_text(["Task reportremoved", "Task load: arguments.retries31", "load → reportremoved"])

    press(page, "Restore version 1")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("tbody tr")).to_have_text(
        ["Task reportremoved", "Task load: arguments.retries31", "load → reportremoved"]
    )
    press(page, "Cancel")
    expect(page.get_by_role("button", name="Restore version 1", exact=True)).to_be_focused()
    press(page, "Restore version 1")
    dialog.get_by_role("button", name="Restore version 1").click()
    expect(page.locator(".notice.good")).to_contain_text("Restored version 1; it is version 3 now.")
    expect(rows.first).to_contain_text("3 deployed now")
    expect(rows.first).to_contain_text("Back to version 1")
    assert client.get(f"/rest_api/api/dags/{two_versions}").json()["task_ids"] == ["load"]


def test_two_versions_are_compared_as_a_graph_and_as_text(page, two_versions):
    """The graph has what came, went and changed in words and colours; the texts stand beside each other."""
    go(page, f"#history/{two_versions}")
    title = "From version 1 to version 2"
    page.get_by_role("region", name=title).wait_for()
    press(page, "Graph")
    graph = page.get_by_role("region", name=f"Graph of {title}")
    expect(graph.get_by_role("img", name="report, added, BashOperator")).to_have_attribute("data-mark", "added")
    expect(graph.get_by_role("img", name="load, changed, BashOperator")).to_have_attribute("data-mark", "changed")
    expect(graph.locator(".edge")).to_have_attribute("class", "edge added")
    page.get_by_text("The same as a table").click()
    rows = page.get_by_role("table", name=f"Tasks of {title}").locator("tbody tr")
    expect(rows).to_have_text(["load\u2013BashOperatorall_successchanged", "reportloadBashOperatorall_successadded"])
    assert barriers(page) == []

    press(page, "Text")
    text = page.get_by_role("region", name=f"{title}, as text")
    expect(text.get_by_role("columnheader")).to_have_text(["Version 1", "Version 2"])
    expect(text.locator(".went")).to_have_text([re.compile(r'^\d+\u2212\s+"retries": 1$')])
    came = text.locator(".came")
    expect(came.first).to_have_text(re.compile(r'^\d+\+\s+"retries": 3$'))
    expect(came.filter(has_text='"report": {')).to_have_count(1)
    folded = text.get_by_role("button", name=re.compile(r"^\d+ equal lines$"))
    number = folded.count()
    folded.first.click()
    expect(folded).to_have_count(number - 1)
    expect(text.locator("td:focus")).to_have_count(1)  # the first of the lines that were folded
    assert barriers(page) == []
    press(page, "Values")
    expect(page.get_by_role("region", name=title, exact=True).locator("tbody tr")).to_have_count(3)


def test_a_restore_does_not_go_over_what_somebody_deployed_meanwhile(page, two_versions, client):
    """Who looks at an old list is told that something else is deployed now, and nothing is replaced."""
    go(page, f"#history/{two_versions}")
    page.get_by_role("button", name="Restore version 1").wait_for()
    other = workflow(two_versions, {"load": {**TRUE, "retries": 7}}, force=True)
    client.post("/rest_api/api/dags", data=other, headers={"Content-Type": "application/json"}).raise_for_status()
    press(page, "Restore version 1")
    expect(page.locator(".notice.bad")).to_contain_text("Below is what is deployed now.")
    rows = page.get_by_role("table", name=f"Versions of {two_versions}").locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("3 deployed now")


def test_the_versions_stay_while_the_webserver_answers_with_errors(page, two_versions):
    """Where the list can't be read again, it stays, with a sentence on why; the next answer takes the sentence away."""
    go(page, f"#history/{two_versions}")
    rows = page.get_by_role("table", name=f"Versions of {two_versions}").locator("tbody tr")
    expect(rows).to_have_count(2)
    asked = re.compile(r"/dagVersions")
    problem = {"title": "Internal Server Error", "status": 500, "detail": "The database is away."}
    page.route(asked, lambda route: route.fulfill(status=500, json=problem))
    press(page, "Restore version 1")
    notices = page.locator("#rest-api .notice.bad")
    expect(notices).to_have_text(["The database is away.", "The database is away. What is shown below is older."])
    expect(rows).to_have_count(2)
    page.unroute(asked)
    press(page, "Restore version 1")
    page.get_by_role("dialog").get_by_role("button", name="Restore version 1").click()
    expect(rows).to_have_count(3)
    expect(notices).to_have_count(0)


def test_a_deleted_dag_comes_back_from_its_history(page, two_versions, client):
    """After a deletion the page leads to the versions, and each of them can be restored."""
    go(page, f"#dags/{two_versions}")
    press(page, "Delete")
    press(page, f"Delete {two_versions}")
    page.get_by_role("link", name="its versions").click()
    press(page, "Restore version 2")
    expect(page.get_by_role("dialog")).to_contain_text("It would be deployed for the first time.")
    page.get_by_role("dialog").get_by_role("button", name="Restore version 2").click()
    expect(page.locator(".notice.good")).to_contain_text("Restored version 2; it is version")
    assert client.get(f"/rest_api/api/dags/{two_versions}").json()["task_ids"] == ["load", "report"]


def test_a_viewer_sees_the_history_and_restores_nothing(sign_in, airflow_live, two_versions):
    """Whoever may only read compares versions and is not offered to go back to one."""
    page = sign_in(airflow_live.url, "viewer", f"/rest_api/#history/{two_versions}")
    expect(page.get_by_role("region", name="From version 1 to version 2")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Restore"))).to_have_count(0)


def test_a_definition_that_could_not_be_read_is_read_when_it_is_unfolded_again(page, two_versions):
    """An error in the place of a version's definition goes away when its reader asks again."""
    version = re.compile(r"/dagVersions/2$")
    page.route(version, lambda route: route.fulfill(status=503, json={"detail": "The database is away."}))
    go(page, f"#history/{two_versions}")
    definition = page.locator("summary", has_text="Definition of version 2")
    definition.click()
    details = page.locator("details", has=definition)
    expect(details.locator(".notice.bad")).to_have_text("The database is away.")
    page.unroute(version)
    definition.click()
    definition.click()
    expect(details.locator("pre")).to_contain_text('"report"')


def test_the_comment_of_a_restore_that_was_refused_is_kept(page, two_versions, client):
    """Who is told that somebody has deployed meanwhile need not write the comment of the restore again."""
    go(page, f"#history/{two_versions}")
    press(page, "Restore version 1")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Comment").fill("the report was wrong")
    body = workflow(two_versions, {"load": {**TRUE, "retries": 7}}, force=True)
    client.post("/rest_api/api/dags", data=body, headers={"Content-Type": "application/json"}).raise_for_status()
    dialog.get_by_role("button", name="Restore version 1").click()
    expect(page.locator(".notice.bad")).to_contain_text("Below is what is deployed now.")
    rows = page.get_by_role("table", name=f"Versions of {two_versions}").locator("tbody tr")
    expect(rows.first).to_contain_text("3 deployed now")
    press(page, "Restore version 1")
    expect(dialog.get_by_label("Comment")).to_have_value("the report was wrong")
    dialog.get_by_role("button", name="Restore version 1").click()
    expect(rows.first).to_contain_text("4 deployed now")
    press(page, "Restore version 1")
    expect(dialog.get_by_label("Comment")).to_have_value("Back to version 1")


def test_what_may_be_restored_is_asked_again_after_an_error(page, two_versions):
    """Where the webserver answers with an error when it is asked what may be done, it is asked again."""
    permissions = re.compile(r"/rest_api/permissions\?")
    page.route(permissions, lambda route: route.fulfill(status=503, json={"detail": "The database is away."}))
    go(page, f"#history/{two_versions}")
    page.reload()
    rows = page.get_by_role("table", name=f"Versions of {two_versions}").locator("tbody tr")
    expect(rows).to_have_count(2)
    restore = page.get_by_role("button", name="Restore version 1")
    expect(restore).to_have_count(0)
    page.unroute(permissions)
    expect(restore).to_be_visible()
