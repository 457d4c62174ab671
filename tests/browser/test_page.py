"""The page at /rest_api/, used as a person uses it, before a scheduler that runs the tasks."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from playwright.sync_api import expect

from openmetadata_airflow_apis.api import operations
from support.page_steps import BASH, SLEEP, TRUE, barriers, fill_definition, go, in_dark, press, workflow


def test_a_workflow_is_broken_repaired_deployed_and_deleted(page):
    """A person who has only the page deploys, meets faults at their lines, repairs them, and deletes."""
    good = workflow("repaired", {"greet": TRUE})
    bad = good.replace("BashOperator", "BashOperater").replace('"schedule"', '"shedule"')
    fill_definition(page, bad)
    faults = page.locator(".faults li")
    expect(faults).to_have_text(
        [
            "Line 7 /workflow/dag_config/repaired/shedule unknown key 'shedule'; did you mean 'schedule'?",
            re.compile(r"Line 14 .*/tasks/greet/operator no class 'BashOperater' .* mean 'BashOperator'\?"),
        ]
    )
    expect(page.locator(".cm-lintRange-error")).to_have_text(['"shedule": null', f'"operator": "{BASH[:-2]}er"'])
    expect(page.locator(".editor-status")).to_have_text("JSON: 2 faults")
    press(page, "Deploy")
    expect(page.locator(".notice.bad")).to_contain_text("Nothing was deployed. unknown key 'shedule'")
    press(page, "Line 14")
    assert page.evaluate("getSelection().toString()") == f'"operator": "{BASH[:-2]}er"'

    fill_definition(page, good)
    expect(faults).to_have_count(0)
    press(page, "Deploy")
    expect(page.locator(".notice.good")).to_contain_text("Deployed repaired (201")
    expect(page.locator(".notice.good")).to_contain_text("ready Airflow knows this version.")

    page.get_by_role("link", name="repaired").click()
    press(page, "Delete")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    press(page, "Delete")
    press(page, "Delete repaired")
    expect(page.locator(".notice.good")).to_have_text("Deleted repaired.")
    go(page, "#dags")
    expect(page.get_by_role("heading", name="Deployed DAGs")).to_be_visible()
    expect(page.get_by_role("link", name="repaired")).to_have_count(0)


def test_what_is_not_json_is_shown_where_it_stops_being_json(page):
    """A text that is no JSON is one fault, at the line where a reader stops understanding it."""
    fill_definition(page, '{\n  "workflow": {\n    "name": hello\n  }\n}')
    expect(page.locator(".faults li")).to_have_text(["Line 3 is no JSON: Expecting value, column 13"])


def test_replacing_asks_first_and_a_dry_run_shows_the_difference(page, deployed):
    """What is deployed is replaced after a look at what would change alone, and a dry run shows that as well."""
    deployed(workflow("replaced", {"one": TRUE, "two": TRUE}))
    fill_definition(page, workflow("replaced", {"one": {**TRUE, "retries": 3}, "three": TRUE}))
    press(page, "Dry run")
    rows = page.get_by_role("region", name="What would change").locator("tbody tr")
    expect(rows).to_have_text(["Task threeadded", "Task tworemoved", "Task one: arguments.retriesnot given3"])
    press(page, "Deploy")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"Version \d+ is deployed, by admin"))
    expect(dialog.locator("tbody tr")).to_have_text(["Task threeadded", "Task tworemoved", re.compile("retries")])
    press(page, "Cancel")
    expect(page.locator("#rest-api .notice")).to_have_text("Nothing was deployed.")
    press(page, "Deploy")
    dialog.get_by_label("Comment").fill("three follows two")
    press(page, "Replace")
    expect(page.locator(".notice.good")).to_contain_text("Replaced replaced (200")


def test_a_definition_comes_from_a_file(page, tmp_path):
    """Choosing a file puts its text into the editor."""
    path = tmp_path / "workflow.json"
    path.write_text('{"workflow": {}}', encoding="utf-8")
    go(page, "#deploy")
    page.get_by_label("Take it from a file").set_input_files(path)
    expect(page.get_by_label("Workflow definition")).to_have_text('{"workflow": {}}')


def test_a_run_is_watched_skipped_killed_and_restarted(page, deployed, airflow_live):
    """A run shows its tasks as they run; killing, skipping and restarting them are buttons beside them."""
    deployed(workflow("watched", {"load": SLEEP, "report": {**TRUE, "dependencies": ["load"]}, "spare": SLEEP}))
    go(page, "#dags/watched")
    press(page, "Trigger")
    page.locator(".notice.good").get_by_role("link").click()
    load = page.get_by_role("row", name="load")
    expect(load.locator(".state")).to_have_text("running")
    press(page, "Skip spare")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".plan li")).to_have_text(["running → skipped: spare"])
    dialog.get_by_role("button", name="Skip spare").click()
    expect(page.get_by_role("row", name="spare").locator(".state")).to_have_text("skipped")
    press(page, "Kill load")
    dialog.get_by_role("button", name="Kill load").click()
    expect(load.locator(".state")).to_have_text("failed")
    expect(page.get_by_role("row", name="report").locator(".state")).to_have_text("upstream_failed")
    press(page, "Restart failed")
    plan = dialog.get_by_role("list", name="What would change")
    expect(plan).to_contain_text("failed → runs when its turn comes: load")
    expect(plan).to_contain_text("upstream_failed → runs when its turn comes: report")
    press(page, "Restart")
    expect(load.locator(".state")).to_have_text("running")
    run_id = page.locator(".panel-box h3 code").inner_text()
    press(page, f"Kill {run_id}")
    dialog.get_by_role("button", name="Kill this run").click()
    expect(page.get_by_role("button", name="Restart failed")).to_be_visible()
    assert airflow_live.run_state("watched", run_id) == "failed"
    assert airflow_live.task_states("watched", run_id) == {"load": "failed", "report": "failed", "spare": "skipped"}


def test_some_tasks_are_run(page, deployed, airflow_live):
    """The tasks that are chosen from the DAG's tasks run, and no other."""
    deployed(workflow("partly", {"load": SLEEP, "report": {**TRUE, "dependencies": ["load"]}, "spare": SLEEP}))
    go(page, "#dags/partly")
    page.get_by_text("Run some tasks").click()
    press(page, "Run these")
    expect(page.locator(".notice.bad")).to_have_text("Choose at least one task.")
    page.get_by_role("checkbox", name="report", exact=True).check()
    press(page, "Run these")
    expect(page.get_by_role("dialog").locator(".plan")).to_contain_text("runs when its turn comes: report")
    press(page, "Run them")
    page.locator(".notice.good").get_by_role("link").click()
    expect(page.locator(".run-state .state")).to_have_text("success")
    run_id = page.locator(".panel-box h3 code").inner_text()
    assert airflow_live.task_states("partly", run_id) == {"load": "success", "report": "success", "spare": "skipped"}


def test_an_import_error_is_shown_with_its_text(page, airflow_live, deployed):
    """A DAG whose file can't be imported cannot be loaded, with the reason in a sentence and its text to unfold."""
    folder = airflow_live.home / "dag_managed_operators"
    folder.mkdir(exist_ok=True)
    (folder / "broken.py").write_text("def run():\n    pass\n\nraise RuntimeError('no such warehouse')\n")
    task = {
        "operator": "airflow.operators.python.PythonOperator",
        "python_callable_name": "run",
        "python_callable_file": "broken.py",
    }
    deployed(workflow("broken", {"only": task}))
    row = page.get_by_role("row", name="broken")
    expect(row.locator(".state").first).to_have_text("cannot be loaded")
    expect(row.locator(".reason")).to_have_text("task only: broken.py, line 4: RuntimeError: no such warehouse")
    row.get_by_text("Import error").click()
    expect(row.locator(".error-text")).to_contain_text("RuntimeError: no such warehouse")


def test_every_operation_has_a_form_and_the_curl_command_does_the_same(page, deployed, client):
    """Each operation of the specification is on the page; an answer there is curl's answer."""
    deployed(workflow("curled", {"greet": TRUE}))
    go(page, "#operations/get_dag")
    expect(page.locator("details.operation")).to_have_count(len(operations.operations()))
    form = page.locator("#operation-get_dag")
    form.get_by_label("dag_id").fill("curled")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_have_text("200 OK")
    command = form.get_by_label("curl command").inner_text()
    done = subprocess.run(
        ["bash", "-c", command], env={"TOKEN": client.token, "no_proxy": "*"}, capture_output=True, check=True
    )
    answer = json.loads(form.get_by_label("Answer").inner_text())
    assert {**json.loads(done.stdout), "parsed_at": None} == {**answer, "parsed_at": None}


def test_headers_are_sent_and_stand_in_the_curl_command(page, deployed):
    """What an operation takes as a header is one, in the page's own request and in curl's."""
    deployed(workflow("tagged", {"greet": TRUE}))
    go(page, "#operations/delete_dag")
    form = page.locator("#operation-delete_dag")
    form.get_by_label("dag_id").fill("tagged")
    form.get_by_label("If-Match").fill('"another"')
    expect(form.get_by_label("curl command")).to_contain_text("""-H 'If-Match: "another"'""")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_have_text("412 PRECONDITION FAILED")


def test_an_operation_is_tried_with_a_token(page, client):
    """With a token the browser's session stays out of it: a bad one is refused."""
    go(page, "#operations/refresh_all_dags")
    page.get_by_text("Use a token instead").click()
    page.get_by_label("Token").fill("a.b.c")
    form = page.locator("#operation-refresh_all_dags")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_have_text("401 UNAUTHORIZED")
    page.get_by_label("Token").fill(client.token)
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_have_text("200 OK")


def test_a_viewer_is_offered_nothing_that_changes_anything_and_refused_by_the_server(sign_in, airflow_live, deployed):
    """A Viewer sees what is deployed, no button that would change it, and a 403 for trying without the button."""
    deployed(workflow("looked_at", {"greet": TRUE}))
    page = sign_in(airflow_live.url, "viewer", "/rest_api/#dags/looked_at")
    expect(page.get_by_role("link", name="Open in Airflow")).to_be_visible()
    expect(page.get_by_role("region", name="Graph of looked_at")).to_be_visible()
    expect(page.locator("#rest-api").get_by_role("button")).to_have_count(0)
    expect(page.locator("#rest-api nav a")).to_have_text(["Deployed DAGs", "Operations"])
    go(page, "#deploy")
    expect(page.locator("#rest-api .notice")).to_have_text(
        "You may not deploy: it needs the permission “can create on Managed DAGs”."
    )
    go(page, "#operations/trigger_dag")
    expect(page.locator("#operation-trigger_dag .notice")).to_contain_text("You may not do this")
    refused = page.evaluate(
        """async () => {
            const { csrf_token } = JSON.parse(document.querySelector("#rest-api").dataset.config);
            const headers = { "X-CSRFToken": csrf_token };
            const answer = await fetch("/rest_api/api/dags/looked_at/dagRuns", { method: "POST", headers });
            return [answer.status, (await answer.json()).title];
        }"""
    )
    assert refused == [403, "Forbidden"]


@pytest.mark.parametrize(("width", "dark"), [(1200, True), (390, False)])
def test_nobody_is_kept_out(page, deployed, client, width, dark):
    """axe-core finds nothing serious in any view, light or dark, and a phone's width needs no scrolling aside."""
    deployed(workflow("for_everybody", {"greet": TRUE}, force=True))
    client.post("/rest_api/api/dags/for_everybody/dagRuns", json={"run_id": f"wide_{width}"})
    page.set_viewport_size({"width": width, "height": 850})
    if dark:
        in_dark(page)
    for fragment, ready in {
        "#dags": "table",
        "#dags/for_everybody": "table",
        f"#dags/for_everybody/wide_{width}": f"table[aria-label='Tasks of wide_{width}']",
        "#deploy": ".cm-content",
        "#operations/run_task_instance": "textarea",
    }.items():
        go(page, fragment)
        page.locator(f"#rest-api {ready}").first.wait_for()
        if fragment == "#deploy":
            page.get_by_label("Workflow definition").fill('{"workflow": {}}')
            press(page, "Deploy")
            page.locator(".faults li").first.wait_for()
        assert barriers(page) == [], fragment
        assert page.evaluate("document.documentElement.scrollWidth") <= width, fragment


def test_each_view_has_its_title(page, deployed):
    """The browser's title names the view and what it shows; an address that names no view is the list's."""
    deployed(workflow("titled", {"one": TRUE}, force=True))
    titles = {
        "#dags/titled": "titled",
        "#dags/titled/night": "night of titled",
        "#history/titled": "History of titled",
        "#deploy": "Deploy",
        "#operations": "Operations",
        "#constructor": "Deployed DAGs",
    }
    for fragment, title in titles.items():
        go(page, fragment)
        expect(page).to_have_title(re.compile(rf"^{title} - Deployed workflows"))
    expect(page.get_by_role("heading", name="Deployed DAGs")).to_be_visible()


def test_durations_are_rounded_into_the_next_unit(page):
    """What is nearly a minute is one minute, not sixty seconds."""
    words = page.evaluate(
        """async () => {
            const address = document.querySelector("link[href$='/dom.js']").href;
            const { duration } = await import(address);
            return [0, 9.94, 9.96, 59.4, 59.6, 3569, 3599, 7260].map(duration);
        }"""
    )
    assert words == ["0.0 s", "9.9 s", "10 s", "59 s", "1 min", "59 min", "1 h 0 min", "2 h 1 min"]
