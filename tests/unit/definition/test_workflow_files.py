"""Workflow files: JSON requests, dag-factory's YAML, and the places of faults in them."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone

import pytest

from openmetadata_airflow_apis.cli import validate
from openmetadata_airflow_apis.definition import read_json, read_workflow, read_yaml
from openmetadata_airflow_apis.definition.workflow_schema import properties
from openmetadata_airflow_apis.errors import Fault, InvalidDefinition

NOW = datetime(2026, 11, 29, 15, 30, tzinfo=timezone.utc)

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


def faults_of(text: str, read=read_yaml) -> list[Fault]:
    with pytest.raises(InvalidDefinition) as caught:
        read(text)
    return list(caught.value.faults)


MERGED = """\
nightly:
  default_args: &args
    start_date: 2024-01-01
    retries: "3"
  tasks:
    - bash_command: echo
      retries: "4"
      operator: &base
        airflow.operators.bash.BashOperator
    - task_id: second
      operator: *base
      <<: *args
      start_date: soon
"""


SOON = '\'soon\' is no date; give ISO 8601, such as "2024-01-01T00:00:00Z", or a time before today, such as "2 days"'


def test_a_fault_beside_merged_keys_is_shown_where_it_is_written() -> None:
    """A map with `<<` keeps its own line; what is merged into it has the anchor's, and its own keys have theirs."""
    file = read_yaml(MERGED)
    reading = read_workflow(file.requests[0], now=NOW)
    assert [
        (fault.line, fault.pointer, fault.detail) for fault in (file.placed(0, fault) for fault in reading.faults)
    ] == [
        (4, "/nightly/default_args/retries", "is the text '3'; give a whole number, 3 without quotes"),
        (6, "/nightly/tasks/0", "'task_id' is missing"),
        (7, "/nightly/tasks/0/retries", "is the text '4'; give a whole number, 4 without quotes"),
        (13, "/nightly/tasks/1/start_date", SOON),
        (4, "/nightly/tasks/1/retries", "is the text '3'; give a whole number, 3 without quotes"),
    ]


def test_a_number_that_nobody_can_write_down() -> None:
    """YAML reads hexadecimal numbers of any length; one of too many digits is a fault and nothing breaks."""
    text = DAGS.replace('"3"', "0x" + "f" * 6000)
    file = read_yaml(text)
    faults = read_workflow(file.requests[1], now=NOW).faults
    assert [(file.placed(1, fault).line, fault.detail) for fault in faults] == [(20, "is a number of too many digits")]


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
    ("pointer", "placed"),
    [
        ("/workflow/dag_config/nightly_report/tasks/0/retries", ("/nightly_report/tasks/0/retries", 20, 7)),
        ("/workflow/dag_config/nightly_report/tasks/0", ("/nightly_report/tasks/0", 17, 7)),
        ("/workflow/dag_config/nightly_report", ("/nightly_report", 12, 1)),
        ("/workflow/dag_config/default/schedule_interval", ("/default/schedule_interval", 3, 3)),
        ("/workflow/name", ("/nightly_report", 12, 1)),
    ],
)
def test_a_fault_of_a_request_has_its_place_in_the_file(pointer: str, placed: tuple[str, int, int]) -> None:
    """A fault of a request is shown where it stands in the file."""
    in_file, *place = placed
    assert read_yaml(DAGS).placed(1, Fault(pointer, "x")) == Fault(in_file, "x", *place)


@pytest.mark.parametrize("name", [*properties("WorkflowDag"), "workflow", "name"])
def test_a_dag_may_be_called_as_a_key(name: str) -> None:
    """The only DAG of a file may have the name of any key that a DAG or a request has."""
    config = {name: {"tasks": {"a": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "echo"}}}}
    assert read_json(json.dumps(config)).requests == [{"workflow": {"name": name, "dag_config": config}}]
    without_tasks = {"default": {"tasks": {}}, name: {"catchup": False}}
    if name != "workflow":
        assert read_json(json.dumps(without_tasks)).names == [name]


def test_dags_called_name_and_tasks_are_no_flat_body() -> None:
    """A file of DAGs that are called as the keys of a flat body is a file of DAGs."""
    dag = {"tasks": {"a": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "echo"}}}
    assert read_json(json.dumps({"name": dag, "tasks": dag})).names == ["name", "tasks"]


def test_a_request_may_be_written_as_yaml() -> None:
    """A request of either dialect is understood in YAML as well."""
    file = read_yaml("workflow: {name: x, dag_config: {}}")
    assert file.requests == [{"workflow": {"name": "x", "dag_config": {}}}]
    assert file.placed(0, Fault("/workflow/name", "x")) == Fault("/workflow/name", "x", 1, 12)
    assert read_yaml("name: x\nowner: y\ntasks: []").requests == [{"name": "x", "owner": "y", "tasks": []}]


@pytest.mark.parametrize(
    ("text", "pointer", "detail", "line", "column"),
    [
        ("a: {b: 1,\n\nb: 2}", "/a/b", "is there twice in one map; the first is in line 1", 3, 1),
        ("a:\n  {[1]: 2}", "/a", "has a key that is no text", 1, 1),
        ("", "", "is empty", None, None),
        ("a: 1", "", "has neither 'workflow' nor DAGs: a map of DAGs by name is wanted, beside 'default' if it is", None, None),
        ("tasks: {a: {}}\n", "", "is a DAG without its name; write all of it one level deeper, below the name: 'nightly:', say", None, None),
        ("schedule: '@daily'\ntasks: {a: {}}\n", "", "is a DAG without its name; write all of it one level deeper, below the name: 'nightly:', say", None, None),
        ("a: &x [*x]", "", "has too many nodes or levels; anchors may have multiplied them", 1, 1),
        ("\na: !!binary aGVsbG8=", "/a", "has a YAML type that JSON doesn't know", 2, 1),
        ("a: !!python/object/apply:os.system [ls]", "/a", "has the unknown tag '!!python/object/apply:os.system'; known are !join, !and and !or", 1, 1),
        ('a: !!set {x, y}', '/a', "has the unknown tag '!!set'; known are !join, !and and !or", 1, 1),
        ('a: !!omap [x: 1]', '/a', "has the unknown tag '!!omap'; known are !join, !and and !or", 1, 1),
        ('a: !!str [1]', '/a', "has the unknown tag '!!str'; known are !join, !and and !or", 1, 1),
        ('a: !<tag:example.com,2000:x> [1]', '/a', "has the unknown tag 'tag:example.com,2000:x'; known are !join, !and and !or", 1, 1),
        ('a: !<tag:example.com,2000:x> b', '/a', "has the unknown tag 'tag:example.com,2000:x'; known are !join, !and and !or", 1, 1),
        ('a: !join b', '/a', "has the tag '!join', which stands before a list", 1, 1),
        ('a: !and {b: 1}', '/a', "has the tag '!and', which stands before a list", 1, 1),
        ('a: {!x b: 1}', '/a/b', "has the unknown tag '!x'; known are !join, !and and !or", 1, 1),
        ('a: {<<: 3}', '/a/<<', 'is merged, and is no map; give a map, or a list of maps', 1, 5),
        ('a: {<<: [{b: 1}, c]}', '/a/<<', 'is merged, and is no map; give a map, or a list of maps', 1, 5),
    ],
)  # fmt: skip
def test_yaml_that_is_no_workflow(text: str, pointer: str, detail: str, line: int | None, column: int | None) -> None:
    """What is wrong with a YAML file is said with its place, and nothing in it is executed."""
    assert faults_of(text) == [Fault(pointer, detail, line, column)]


@pytest.mark.parametrize(
    ("text", "detail", "line", "column"),
    [
        ("a: [1,\nb: {", "is no YAML: while parsing a flow node from line 3, did not find expected node content", 3, 1),
        ("a: 'b\n", "is no YAML: while scanning a quoted scalar from line 1, found unexpected end of stream", 2, 1),
        ("a: b: c", "is no YAML: mapping values are not allowed in this context", 1, 5),
        ("a: 1\n\tb: 2", "is no YAML: while scanning a plain scalar from line 1, found a tab character that violates indentation", 2, 1),
    ],
)  # fmt: skip
def test_an_unfinished_yaml_file_is_refused_with_the_place(text: str, detail: str, line: int, column: int) -> None:
    """A file that is no YAML says where it stops being one."""
    assert faults_of(text) == [Fault("", detail, line, column)]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('{"a": 1,\n "a": 2}', [Fault("/a", "is there twice in one map; the first is in line 1", 2, 2)]),
        (
            '{"a": [{"b": "}", "b": {"c": 1,\n"c": 2}}], "d/e": -Infinity,\n"f": NaN}',
            [
                Fault("/a/0/b", "is there twice in one map; the first is in line 1", 1, 19),
                Fault("/a/0/b/c", "is there twice in one map; the first is in line 1", 2, 1),
                Fault("/d~1e", "is -Infinity, a number that JSON doesn't know", 2, 19),
                Fault("/f", "is NaN, a number that JSON doesn't know", 3, 6),
            ],
        ),
        ("{", [Fault("", "is no JSON: Expecting property name enclosed in double quotes, column 2", 1, 2)]),
        ('{\n"a": 1\n"b": 2}', [Fault("", "is no JSON: Expecting ',' delimiter, column 1", 3, 1)]),
    ],
)
def test_json_that_is_none(text: str, faults: list[Fault]) -> None:
    """JSON that two readers could understand differently is refused, each fault with its place and line."""
    assert faults_of(text, read_json) == faults


def test_faults_in_json_have_lines() -> None:
    """What is wrong with a request in JSON is shown at the line of its key, or of its item in a list."""
    text = '{"workflow":\n {"a\\"\\u00e4": [[],\n {"b": "\\\\"}, 3,\n\n 4], "c":\n 1}}'
    document, file = json.loads(text), read_json(text)
    assert file.requests == [document]

    def line(pointer: str) -> int | None:
        return file.placed(0, Fault(pointer, "x")).line

    places = {
        "": 1,
        "/workflow": 1,
        '/workflow/a"ä': 2,
        '/workflow/a"ä/1/b': 3,
        '/workflow/a"ä/2': 3,
        '/workflow/a"ä/3': 5,
    }
    assert {pointer: line(pointer) for pointer in places} == places
    assert (line("/workflow/c"), line("/workflow/missing")) == (5, 1)


def test_json_in_another_encoding_is_read() -> None:
    """A file in UTF-16, or with a byte order mark, is the same request."""
    text = '{"workflow": {"name": "ä"}}'
    for encoding in ("utf-8-sig", "utf-16", "utf-32-le"):
        assert read_json(text.encode(encoding)).requests == [{"workflow": {"name": "ä"}}]


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


def test_validate_tells_a_fault_of_the_default_block_once(tmp_path, capsys) -> None:
    """What is wrong in `default` is told with the first DAG that has it, and what is for another DAG is no fault."""
    path = tmp_path / "dags.yaml"
    path.write_text(
        DAGS.replace("owner: data-team,", "owner: data-team, pool_slots: x, conn_id: warehouse, cwdd: /,")
        .replace('"3"', "3")
        .replace("bash_command: echo\n", "bash_comand: echo\n")
    )
    assert run(path) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{path}:2: /default/default_args/pool_slots: is the text 'x'; give a whole number",
        f"{path}:2: /default/default_args/cwdd: no operator of this DAG has an argument 'cwdd'; did you mean 'cwd'?",
        f"{path}:19: /nightly_report/tasks/0/bash_comand: BashOperator has no argument 'bash_comand'; "
        "did you mean 'bash_command'?",
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
        f"{broken}:1: /: is no JSON: Expecting property name enclosed in double quotes, column 2",
        f"{good}: nightly_load is well, 1 task",
    ]
