"""What is wrong with the user's files, at its place, in each format."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SEVERAL = """\
default:
  default_args: { owner: data-team, start_date: 2024-01-01 }
  schedule_interval: null

first:
  tasks:
    a:
      operator: airflow.operators.bash.BashOperator
      bash_command: echo
second:
  retrys: 3
  tasks:
    a:
      operator: airflow.operators.bash.BashOperator
      bash_command: echo
      dependencies: [b]
"""
TASKS = '{"a": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"}}'
REQUEST = f"""\
{{"workflow": {{"name": "x",
  "dag_config": {{"x": {{
    "start_date": "2024-01-01", "shedule": null,
    "tasks": {TASKS}}}}}}}}}
"""
RETRYS = "/second/retrys: is no known key; did you mean 'retries'?"


def run(*arguments: str) -> int:
    from managed_dags_cli.main import run as run_command

    return run_command(arguments)


@pytest.fixture
def several(tmp_path: Path) -> str:
    """A dag-factory file of two DAGs, of which the second has two faults."""
    path = tmp_path / "several.yaml"
    path.write_text(SEVERAL)
    return str(path)


@pytest.fixture
def request_file(tmp_path: Path) -> str:
    """A request with one fault, in JSON."""
    path = tmp_path / "request.json"
    path.write_text(REQUEST)
    return str(path)


def faults_told(capsys) -> list[list[str]]:
    """Return place and sentence of the faults that were printed."""
    lines = [line for line in capsys.readouterr().err.splitlines() if ": /" in line]
    return [list(line.partition(": /")[::2]) for line in lines]


def test_yaml_faults_have_line_and_column(several: str, capsys):
    """Each fault of a file of several DAGs is told once, as `file:line:column: sentence`."""
    assert run("validate", several) == 1
    assert [place for place, _ in faults_told(capsys)] == [f"{several}:11:3", f"{several}:16:22"]


def test_json_faults_have_line_and_column(request_file: str, capsys):
    """A fault of a request in JSON stands at its key."""
    assert run("validate", request_file) == 1
    ((place, sentence),) = faults_told(capsys)
    assert place == f"{request_file}:3:33"
    assert sentence.startswith("workflow/dag_config/x/shedule: ")


@pytest.mark.parametrize(
    ("name", "text", "place"), [("x.json", '{"a": 1,\n"b" 2}', "2:5"), ("x.yaml", "a: b: c", "1:5")]
)
def test_what_is_no_document_says_where_it_stops_being_one(name: str, text: str, place: str, tmp_path: Path, capsys):
    """A file that is no JSON or YAML is a fault at the place where reading it ends."""
    path = tmp_path / name
    path.write_text(text)
    assert run("validate", str(path)) == 1
    assert capsys.readouterr().err.startswith(f"{path}:{place}: is no ")


@pytest.mark.parametrize("name", ["x.json", "x.yaml"])
def test_what_is_not_utf_8_says_where_and_what_to_do(name: str, tmp_path: Path, capsys):
    """A byte that is none of UTF-8, of an editor's Latin-1 say, is told with its place and the cure."""
    path = tmp_path / name
    path.write_bytes('{"größe":\n"grün"}'.encode().replace("ün".encode(), "ün".encode("latin-1")))
    assert run("validate", str(path)) == 1
    told = capsys.readouterr().err
    assert told == f"{path}:2:4: is not in UTF-8: the byte 0xfc here is no character; save it as UTF-8\n"


def test_faults_as_json(several: str, capsys):
    """-o json has each DAG of the files with what was found, and nothing beside it on standard output."""
    assert run("validate", several, "-o", "json") == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "file": several, "dag_id": "first", "result": "valid", "answer": None, "faults": [], "reason": None,
        "warnings": [],
    }  # fmt: skip
    assert second["result"] == "invalid"
    assert [(fault["line"], fault["column"], fault["pointer"]) for fault in second["faults"]] == [
        (11, 3, "/second/retrys"),
        (16, 22, "/second/tasks/a/dependencies/0"),
    ]


def test_faults_as_annotations_of_github(several: str, capsys):
    """-o github prints a workflow command for each fault."""
    assert run("validate", several, "-o", "github") == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"::error file={several},line=11,col=3,title=managed-dags::/second/retrys: ")
    assert second.startswith(
        f"::error file={several},line=16,col=22,title=managed-dags::/second/tasks/a/dependencies/0: "
    )


def test_faults_as_sarif(several: str, capsys):
    """-o sarif prints a SARIF log with a result for each fault."""
    assert run("validate", several, "-o", "sarif") == 1
    log = json.loads(capsys.readouterr().out)
    places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
    assert log["version"] == "2.1.0"
    assert places == [
        {"artifactLocation": {"uri": several}, "region": {"startLine": 11, "startColumn": 3}},
        {"artifactLocation": {"uri": several}, "region": {"startLine": 16, "startColumn": 22}},
    ]


@pytest.mark.parametrize("text", [SEVERAL, REQUEST])
def test_standard_input_is_a_file(text: str, capsys, monkeypatch):
    """`-` reads YAML or JSON from standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run("validate", "-") == 1
    assert capsys.readouterr().err.startswith("<stdin>:")


def test_files_that_are_well(several: str, tmp_path: Path, capsys):
    """Files without a fault end with 0; own operators, callables and packages are the server's to judge."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "mine:\n  start_date: 2024-01-01\n  on_failure_callback: our_company.alerts.page\n  tasks:\n    a:\n"
        "      operator: our_company.operators.LoadOperator\n      table: x\n"
    )
    assert run("validate", str(own), "-o", "name") == 0
    assert capsys.readouterr().out == "mine\n"


MISSPELT = """\
two:
  default_args: { owner: data-team, start_date: 2024-01-01 }
  schedule: null
  tasks:
    a: { operator: airflow.operators.bash.BashOperator, bash_command: echo, poke_interval: 3 }
    b:
      operator: airflow.operators.bash.BashOperator
      bash_command: echo
      depndencies: [a]
    c:
      operator: airflow.operators.bash.BashOperator
      partial: { triger_rule: all_done }
      expand: { bash_command: [echo, date] }
"""
UNKNOWN = "Whether the operator has an argument of this name, --server says"


def test_a_key_that_may_be_misspelt_is_a_warning(tmp_path: Path, capsys):
    """A task's key may be an argument of its operator; one that is nearly a key of every task is told, and no fault."""
    file = tmp_path / "misspelt.yaml"
    file.write_text(MISSPELT)
    warnings = [
        (9, f"/two/tasks/b/depndencies: did you mean 'dependencies'? {UNKNOWN}"),
        (12, f"/two/tasks/c/partial/triger_rule: did you mean 'trigger_rule'? {UNKNOWN}"),
    ]
    assert run("validate", str(file)) == 0
    *told, last = capsys.readouterr().err.splitlines()
    assert told == [f"{file}:{line}:{7 if line == 9 else 18}: warning: {sentence}" for line, sentence in warnings]
    assert last == "not checked, since only --server can: operators, their arguments, callable files"
    assert run("validate", str(file), "-o", "github") == 0
    assert [line.partition("::")[0] + line.rpartition("::")[2] for line in capsys.readouterr().out.splitlines()] == [
        sentence for _, sentence in warnings
    ]
    assert run("validate", str(file), "-o", "sarif") == 0
    (log,) = json.loads(capsys.readouterr().out)["runs"]
    assert [(result["level"], result["message"]["text"]) for result in log["results"]] == [
        ("warning", sentence) for _, sentence in warnings
    ]
    assert run("validate", str(file), "-o", "json") == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["result"], result["faults"]) == ("valid", [])
    assert [warning["line"] for warning in result["warnings"]] == [9, 12]
