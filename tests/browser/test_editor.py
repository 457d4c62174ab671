"""The editor of the view Deploy: completion, explanations, keyboard, YAML, files of several DAGs, and what protects."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from support.page_steps import BASH, TRUE, fill_definition, go, press, workflow

FILE = """\
default:
  default_args: {{owner: data-team, start_date: '2024-01-01T00:00:00Z'}}
{0}_load:
  schedule: '@daily'
  tasks:
    extract:
      operator: airflow.operators.bash.BashOperator
      bash_command: "true"
    load:
      operator: airflow.operators.bash.BashOperator
      bash_command: "true"
      dependencies: [extract]
{0}_greet:
  schedule: null
  tasks:
    greet:
      operator: airflow.operators.bash.BashOperator
      bash_command: echo hello
"""


@pytest.fixture
def editor(page):
    """The editor, open before an Admin."""
    go(page, "#deploy")
    editor = page.get_by_label("Workflow definition")
    expect(page.locator(".editor-status")).to_have_text("JSON: no faults, 1 task")
    return editor


def version_of(client, dag_id: str) -> int:
    """Return the number of the version that is deployed now."""
    return client.get(f"/rest_api/api/dags/{dag_id}").json()["version_number"]


def accept(page, typed: str, choice: str) -> None:
    """Type the beginning of a word, and take the first that is offered, which is the choice."""
    page.keyboard.type(typed)
    first = page.locator(".cm-tooltip-autocomplete li[aria-selected]")
    expect(first).to_contain_text(choice)
    first.click()
    expect(page.locator(".cm-tooltip-autocomplete")).to_have_count(0)


def drop(page, name: str, text: str) -> None:
    """Drop a file on the editor."""
    transfer = page.evaluate_handle(
        """([name, text]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name));
            return transfer;
        }""",
        [name, text],
    )
    page.get_by_label("Workflow definition").dispatch_event("drop", {"dataTransfer": transfer})


def test_json_is_completed(page, editor):
    """Keys, operators that are installed and words of the format are offered, with their quotes and colons."""
    dag = '{"workflow": {"name": "completed", "dag_config": {"completed": {"tasks": {"one": {'
    editor.fill(dag)
    accept(page, '"oper', "operator")
    accept(page, '"BashO', BASH)
    page.keyboard.type(", ")
    accept(page, '"trigg', "trigger_rule")
    accept(page, '"all_d', "all_done")
    expect(editor).to_have_text(f'{dag}"operator": "{BASH}", "trigger_rule": "all_done"')


def test_yaml_is_completed_and_explained(page, editor):
    """A dag-factory file is completed by the same schema; a key under the pointer says what it means."""
    editor.fill("nightly:\n  tasks:\n    one:\n      oper")
    page.keyboard.press("Backspace")
    accept(page, "r", "operator")
    accept(page, "BashO", BASH)
    expect(page.locator(".cm-line")).to_have_text(["nightly:", "  tasks:", "    one:", f"      operator: {BASH}"])
    page.get_by_text("operator", exact=True).hover()
    expect(page.locator(".cm-tooltip-hover")).to_contain_text("operator string")


def test_keyboard_users_are_not_trapped(page, editor):
    """Tab leaves the editor, undo and redo are keys, and F8 goes to the next fault."""
    editor.fill(workflow("keyed", {"one": {**TRUE, "shedule": 1}}).replace('"pause"', '"paus"'))
    fault = page.locator(".faults li")
    expect(fault).to_have_count(1)
    editor.press("F8")
    assert page.evaluate("getSelection().toString()") == '"shedule": 1'
    editor.press("Control+z")
    expect(editor).to_contain_text('"name": "hello"')
    expect(fault).to_have_count(0)
    editor.press("Control+y")
    expect(fault).to_have_count(1)
    editor.press("Tab")
    expect(page.get_by_role("button", name="Line 16")).to_be_focused()


def test_the_graph_is_drawn_beside_what_is_written(page, editor):
    """Each task and edge stands in the graph a moment after it was written; over faults the last graph stays."""
    editor.fill(workflow("drawn", {"one": TRUE, "two": {**TRUE, "dependencies": ["one"]}}))
    graph = page.get_by_role("region", name="Graph of drawn")
    expect(graph.locator(".node")).to_have_count(2)
    expect(graph.locator(".edge")).to_have_count(1)
    editor.fill(workflow("drawn", {"one": TRUE, "two": {**TRUE, "dependencies": ["none"]}}))
    expect(page.locator(".graph-hint")).to_have_text("Of what has faults there is no graph; the last one stays.")
    expect(graph.locator(".node")).to_have_count(2)


def test_a_file_of_several_dags_is_dropped_looked_at_and_deployed(page, editor, deployed, client):
    """A dag-factory file says what would happen to each of its DAGs, and one button deploys them all."""
    greet = {"operator": BASH, "bash_command": "echo hi"}
    deployed(workflow("dropped_greet", {"greet": greet}))
    version = version_of(client, "dropped_greet")
    drop(page, "dags.yaml", FILE.format("dropped"))
    rows = page.get_by_role("table", name="DAGs of this text").locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("dropped_load")
    expect(rows.nth(0)).to_contain_text("New")
    rows.nth(1).get_by_text(f"Replaces version {version} by admin").click()
    expect(rows.nth(1).locator("tbody tr")).to_have_text(['Task greet: arguments.bash_command"echo hi""echo hello"'])
    press(page, "Deploy all 2")
    expect(page.get_by_role("dialog")).to_contain_text("These are deployed already: dropped_greet.")
    page.get_by_role("dialog").get_by_role("button", name="Deploy all").click()
    expect(rows.nth(0)).to_contain_text("Deployed dropped_load (201")
    expect(rows.nth(1)).to_contain_text("Replaced dropped_greet (200")
    assert version_of(client, "dropped_greet") == version + 1


def test_of_a_file_with_a_fault_nothing_is_deployed(page, editor, client):
    """Where one DAG of a file has a fault, it is shown at its line, and the file can't be deployed."""
    drop(page, "dags.yaml", FILE.format("faulty").replace("bash_command: echo", "bash_comand: echo"))
    rows = page.get_by_role("table", name="DAGs of this text").locator("tbody tr")
    expect(rows.nth(1)).to_have_text("faulty_greet1 fault")
    expect(page.locator(".faults li").first).to_contain_text("Line 18 /faulty_greet/tasks/greet")
    expect(page.get_by_role("button", name="Deploy all 2")).to_be_disabled()
    assert client.get("/rest_api/api/dags/faulty_load").status_code == 404


def test_what_somebody_else_has_deployed_meanwhile_is_not_replaced(page, deployed, client):
    """A definition with force, too, replaces only what its author has looked at."""
    deployed(workflow("contested", {"one": TRUE}))
    version = version_of(client, "contested")
    fill_definition(page, workflow("contested", {"mine": TRUE}, force=True))
    press(page, "Deploy")
    expect(page.get_by_role("dialog")).to_contain_text(f"Version {version} is deployed, by admin")
    deployed(workflow("contested", {"theirs": TRUE}, force=True))
    press(page, "Replace")
    expect(page.locator(".notice.bad")).to_contain_text("Somebody else has deployed it since you looked")
    assert list(
        client.get("/rest_api/api/dags/contested").json()["definition"]["dag_config"]["contested"]["tasks"]
    ) == ["theirs"]
    press(page, "Look at what would change now")
    expect(page.get_by_role("dialog")).to_contain_text(f"Version {version + 1} is deployed, by admin")
    press(page, "Replace")
    expect(page.locator(".notice.good")).to_contain_text("Replaced contested (200")


def test_without_the_library_there_is_a_text_area(page):
    """Where the editor can't be loaded, a text area takes its place, with faults and their lines, and deploys."""
    page.route("**/libraries/codemirror-view.js", lambda route: route.abort())
    fill_definition(page, workflow("plainly", {"one": {**TRUE, "retires": 1}}))
    expect(page.locator("textarea.editor-area")).to_be_visible()
    press(page, "Line 16")
    selected = "area => area.value.slice(area.selectionStart, area.selectionEnd)"
    assert page.get_by_label("Workflow definition").evaluate(selected) == '"retires": 1'
    fill_definition(page, workflow("plainly", {"one": TRUE}))
    press(page, "Deploy")
    expect(page.locator(".notice.good")).to_contain_text("Deployed plainly (201")


def test_a_server_that_does_not_answer_is_told(page, editor):
    """Without the server nothing is called free of faults, and nothing is deployed."""
    page.route("**/rest_api/check", lambda route: route.abort())
    editor.fill(workflow("unanswered", {"one": TRUE}))
    expect(page.locator(".editor-status")).to_have_text("JSON: not checked")
    expect(page.locator(".faults li")).to_have_text(
        ["The webserver did not answer. Is it running, and are you still connected?"]
    )
    press(page, "Deploy")
    expect(page.locator(".outcome .notice.bad")).to_contain_text("Nothing was deployed. The webserver did not answer.")
    expect(page.locator(".connection")).to_contain_text("The webserver does not answer.")


@pytest.mark.parametrize("width", [1200, 390])
def test_nobody_is_kept_out_of_the_editor(page, editor, deployed, width):
    """axe-core finds nothing serious in the editor with its list of words, in the plan of a file, and in the dialog."""
    page.set_viewport_size({"width": width, "height": 850})

    def look(state: str) -> None:
        found = Axe().run(page, context={"include": [["html"]], "exclude": [["header"], ["footer.footer"]]})
        serious = [item for item in found.response["violations"] if item["impact"] in {"serious", "critical"}]
        assert not serious, (state, [(item["id"], [node["html"] for node in item["nodes"]]) for item in serious])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state

    deployed(workflow("reached_greet", {"greet": TRUE}, force=True))
    drop(page, "dags.yaml", FILE.format("reached"))
    page.get_by_text("Replaces version").click()
    look("a file of several DAGs")
    fill_definition(page, workflow("reached_greet", {"other": TRUE}))
    press(page, "Deploy")
    expect(page.get_by_role("dialog")).to_be_visible()
    look("the dialog")
    press(page, "Cancel")
    page.get_by_label("Workflow definition").fill('{"workflow": {"dag_config": {"one": {"sch')
    expect(page.locator(".cm-tooltip-autocomplete li[aria-selected]")).to_be_visible()
    expect(page.locator(".faults li")).to_have_count(1)
    look("words to choose from")


def test_what_is_written_is_not_given_up_unasked(page, client, deployed):
    """Who edits a DAG while the editor has another text, which was not deployed, is asked before that is replaced."""
    deployed(workflow("edited_after", {"one": TRUE}, force=True))
    written = workflow("written_before", {"mine": TRUE})
    fill_definition(page, written)
    go(page, "#dags/edited_after")
    press(page, "Edit and redeploy")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Replace what is in the editor?")
    dialog.get_by_role("button", name="Cancel").click()
    go(page, "#deploy")
    expect(page.get_by_label("Workflow definition")).to_contain_text("written_before")
    press(page, "Deploy")
    expect(page.locator(".notice.good")).to_contain_text("Deployed written_before (201")
    go(page, "#dags/edited_after")
    press(page, "Edit and redeploy")
    expect(page.get_by_label("Workflow definition")).to_contain_text("edited_after")
    for name in ("edited_after", "written_before"):
        client.delete(f"/rest_api/api/dags/{name}")


def test_the_graph_of_what_is_written_keeps_its_folds(page, editor):
    """A group that its writer has folded stays folded while they write on."""
    body = json.loads(workflow("folded", {"one": {**TRUE, "task_group_name": "extract"}, "two": TRUE}))
    body["workflow"]["dag_config"]["folded"]["task_groups"] = {"extract": {"tooltip": "Reading"}}
    editor.fill(json.dumps(body))
    group = page.get_by_role("button", name="Task group extract")
    group.click()
    expect(group).to_have_attribute("aria-expanded", "false")
    body["workflow"]["dag_config"]["folded"]["tasks"]["three"] = TRUE
    editor.fill(json.dumps(body))
    nodes = page.get_by_role("region", name="Graph of folded").locator(".node")
    expect(nodes).to_have_count(3)
    expect(group).to_have_attribute("aria-expanded", "false")
