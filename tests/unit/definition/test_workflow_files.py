"""Workflow files: JSON requests, dag-factory's YAML, and the lines of faults in it."""

from __future__ import annotations

import argparse
import json

import pytest

from openmetadata_airflow_apis.cli import validate
from openmetadata_airflow_apis.definition import read_json, read_yaml
from openmetadata_airflow_apis.errors import InvalidDefinition

DAGS = """\
default:
  default_args: { owner: data-team, start_date: 2024-01-01 }
  schedule_interval: "@daily"

nightly_load:
  default_args: &args
    retries: 2
  tasks:
    hello:
      operator: airflow.operators.bash.BashOperator
      bash_command: echo hello
nightly_report:
  default_args:
    <<: *args
    owner: reports
  tasks:
    - task_id: say
      operator: airflow.operators.bash_operator.BashOperator
      bash_command: echo
      retries: "3"
"""


def fault_of(text: str, read=read_yaml) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDefinition) as caught:
        read(text)
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


def test_a_dag_factory_file_is_a_request_for_each_dag() -> None:
    """Each DAG of the file becomes a request, with the default block beside it; dates become texts."""
    file = read_yaml(DAGS)
    default = {"default_args": {"owner": "data-team", "start_date": "2024-01-01"}, "schedule_interval": "@daily"}
    hello = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "echo hello"}
    assert file.names == ["nightly_load", "nightly_report"]
    assert file.requests[0] == {
        "workflow": {
            "name": "nightly_load",
            "dag_config": {
                "default": default,
                "nightly_load": {"default_args": {"retries": 2}, "tasks": {"hello": hello}},
            },
        }
    }
    assert file.requests[1]["workflow"]["dag_config"]["nightly_report"]["default_args"] == {
        "owner": "reports",
        "retries": 2,
    }


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/workflow/dag_config/nightly_report/tasks/0/retries", ("/nightly_report/tasks/0/retries", 20)),
        ("/workflow/dag_config/nightly_report/tasks/0", ("/nightly_report/tasks/0", 17)),
        ("/workflow/dag_config/nightly_report", ("/nightly_report", 12)),
        ("/workflow/dag_config/default/schedule_interval", ("/default/schedule_interval", 3)),
        ("/workflow/name", ("/nightly_report", 12)),
    ],
)
def test_a_pointer_of_a_request_has_its_line_in_the_file(pointer: str, place: tuple[str, int]) -> None:
    """A fault of a request is shown where it stands in the file."""
    assert read_yaml(DAGS).place(1, pointer) == place


def test_a_request_may_be_written_as_yaml() -> None:
    """A request of either dialect is understood in YAML as well."""
    file = read_yaml("workflow: {name: x, dag_config: {}}")
    assert file.requests == [{"workflow": {"name": "x", "dag_config": {}}}]
    assert file.place(0, "/workflow/name") == ("/workflow/name", 1)
    assert read_yaml("name: x\nowner: y\ntasks: []").requests == [{"name": "x", "owner": "y", "tasks": []}]


@pytest.mark.parametrize(
    ("text", "pointer", "detail"),
    [
        ("a: {b: 1, b: 2}", "/a/b", "is there twice in one map"),
        ("a: {[1]: 2}", "/a", "has a key that is no text"),
        ("", "", "is empty"),
        ("a: 1", "", "has neither 'workflow' nor DAGs: a map of DAGs by name is wanted, beside 'default' if it is"),
        ("tasks: {a: {}}\n", "", "has neither 'workflow' nor DAGs: a map of DAGs by name is wanted, beside 'default' if it is"),
        ("a: &x [*x]", "", "has too many nodes or levels; anchors may have multiplied them"),
        ("a: !!binary aGVsbG8=", "/a", "has a YAML type that JSON doesn't know"),
        ("a: !!python/object/apply:os.system [ls]", "/a", "has the unknown tag '!!python/object/apply:os.system'; known are !join, !and and !or"),
    ],
)  # fmt: skip
def test_yaml_that_is_no_workflow(text: str, pointer: str, detail: str) -> None:
    """What is wrong with a YAML file is said with its place, and nothing in it is executed."""
    assert fault_of(text) == [(pointer, detail)]


def test_an_unfinished_yaml_file_is_refused_with_the_line() -> None:
    """A file that is no YAML says where it stops being one."""
    [(pointer, detail)] = fault_of("a: [1,\nb: {")
    assert pointer == ""
    assert detail.startswith("is no YAML: ")
    assert "line 3" in detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"a": 1, "a": 2}', "is no JSON: the key 'a' is there twice in one map"),
        ('{"a": NaN}', "is no JSON: NaN is no number that JSON knows"),
        ("{", "is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_json_that_is_none(text: str, detail: str) -> None:
    """JSON that two readers could understand differently is refused."""
    assert fault_of(text, read_json) == [("", detail)]


def run(*files: object, quiet: bool = False) -> int:
    parser = argparse.ArgumentParser()
    validate.add_arguments(parser)
    return validate.run(parser.parse_args([*map(str, files), *(["--quiet"] if quiet else [])]))


def test_validate_says_what_is_well_and_what_is_not(tmp_path, capsys) -> None:
    """validate prints each DAG that is well and each fault with file, line, place and cure, and exits 1."""
    path = tmp_path / "dags.yaml"
    path.write_text(DAGS)
    assert run(path) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: nightly_load is well, 1 task",
        f"{path}:20: /nightly_report/tasks/0/retries: is the text '3'; give a whole number, 3 without quotes",
    ]


def test_validate_exits_0_where_all_is_well(tmp_path, capsys) -> None:
    """A JSON request without a fault is well, and --quiet says nothing of it."""
    path = tmp_path / "nightly.json"
    path.write_text(json.dumps(read_yaml(DAGS).requests[0]))
    assert run(path, quiet=True) == 0
    assert capsys.readouterr().out == ""


def test_validate_exits_2_where_there_is_no_such_file(tmp_path, capsys) -> None:
    """A file that can't be read is named, and the others are checked all the same."""
    good, broken = tmp_path / "good.yml", tmp_path / "broken.json"
    good.write_text(DAGS.partition("nightly_report:")[0])
    broken.write_text("{")
    assert run(tmp_path / "none.json", broken, good) == 2
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / 'none.json'}: No such file or directory",
        f"{broken}: /: is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        f"{good}: nightly_load is well, 1 task",
    ]
