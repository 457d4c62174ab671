"""How each spelling of the format is understood: whole canonical definitions, compared."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from openmetadata_airflow_apis.definition import read_workflow
from openmetadata_airflow_apis.definition.canonical import Definition
from support.canonical_types import misfits

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)
EXAMPLES = Path(__file__).parents[3] / "examples"
BASH = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "echo $HOME"}
PYTHON = {
    "operator": "airflow.operators.python.PythonOperator",
    "python_callable_name": "load",
    "python_callable_file": "growth/load.py",
}


def request(dag: dict, **workflow: object) -> dict:
    return {"workflow": {"name": "nightly", "dag_config": {"nightly": dag}, **workflow}}


def read(document: object):
    reading = read_workflow(document, now=NOW)
    assert [str(fault) for fault in reading.faults] == []
    assert misfits(reading.definition, Definition) == []
    return reading.workflow


def dag_of(keys: dict) -> dict:
    """The canonical keys of a DAG with one task and the given keys of its own."""
    return read(request({"start_date": "2024-01-01", **keys, "tasks": {"a": BASH}})).definition["dag"]


def task_of(keys: dict, **others: dict) -> dict:
    """The canonical form of a task with the given keys, beside others."""
    dag = {"start_date": "2024-01-01", "tasks": {**others, "a": {**BASH, **keys}}}
    return read(request(dag)).definition["tasks"][-1]


def test_the_seeds_own_request_is_understood() -> None:
    """The request that the older plugin's documentation prints has this canonical definition."""
    source = json.loads((EXAMPLES / "test_ingestion_x_35.json").read_text())
    workflow = read(source)
    config = source["workflow"]["dag_config"]["test_ingestion_x_35"]
    assert workflow.dag_id == "test_ingestion_x_35"
    assert workflow.force is True
    assert workflow.is_paused is False
    assert workflow.source == source["workflow"]
    assert workflow.definition == {
        "dag_id": "test_ingestion_x_35",
        "dag": {
            "schedule": "0 3 * * *",
            "max_active_tasks": 1,
            "max_active_runs": 1,
            "dagrun_timeout": {"$timedelta": 60},
            "default_view": "grid",
            "orientation": "LR",
            "description": "this is an example dag!",
            "default_args": {
                "owner": "harsha",
                "start_date": {"$datetime": "2021-10-29T00:00:00+00:00"},
                "end_date": {"$datetime": "2021-11-05T00:00:00+00:00"},
                "retries": 1,
                "retry_delay": {"$timedelta": 300},
            },
        },
        "task_groups": [],
        "tasks": [
            {
                "task_id": "task_1",
                "label": "task_1",
                "group": None,
                "operator": "airflow.operators.python_operator.PythonOperator",
                "callable": {"file": "metadata_ingestion.py", "name": "metadata_ingestion_workflow"},
                "upstream": [],
                "arguments": {"op_kwargs": config["tasks"]["task_1"]["op_kwargs"]},
            }
        ],
    }


def test_the_flat_body_of_the_older_releases_means_the_same() -> None:
    """A flat body has the canonical definition that the same workflow has in the other form."""
    flat = {
        "name": "nightly", "forceDeploy": "true", "pauseWorkflow": "false", "description": "x", "concurrency": 1,
        "startDate": "2021-10-31T15:00:00.000Z", "endDate": None, "workflowTimezone": "UTC", "retries": 1,
        "retryDelay": 300, "workflowCatchup": "false", "scheduleInterval": "0 3 * * *", "maxActiveRuns": 1,
        "workflowTimeout": 60, "workflowDefaultView": "tree", "workflowDefaultViewOrientation": "LR",
        "pythonOperatorLocation": None, "onFailureCallbackName": "alert", "onFailureCallbackFile": "alerts.py",
        "owner": "harsha", "email": "a@example.org",
        "tasks": [
            {"name": "extract", "operator": "airflow.operators.bash_operator.BashOperator", "config": {"bash_command": "x"}},
            {"name": "load", "operator": "airflow.operators.python_operator.PythonOperator", "dependencies": ["extract"],
             "config": {"python_callable_name": "load", "python_callable_file": "load.py", "retries": 3}},
        ],
    }  # fmt: skip
    plain = {
        "description": "x", "concurrency": 1, "timezone": "UTC", "catchup": False, "schedule_interval": "0 3 * * *",
        "max_active_runs": 1, "dagrun_timeout_sec": 60, "default_view": "tree", "orientation": "LR",
        "on_failure_callback_name": "alert", "on_failure_callback_file": "alerts.py",
        "default_args": {
            "start_date": "2021-10-31T15:00:00.000Z", "end_date": None, "retries": 1, "retry_delay_sec": 300,
            "owner": "harsha", "email": "a@example.org",
        },
        "tasks": [
            {"task_id": "extract", "operator": "airflow.operators.bash_operator.BashOperator", "bash_command": "x"},
            {"task_id": "load", "operator": "airflow.operators.python_operator.PythonOperator", "dependencies": ["extract"],
             "python_callable_name": "load", "python_callable_file": "load.py", "retries": 3},
        ],
    }  # fmt: skip
    workflow, same = read(flat), read(request(plain, force=True))
    assert workflow.definition == same.definition
    assert (workflow.force, workflow.is_paused) == (same.force, same.is_paused) == (True, None)
    assert workflow.source == flat


@pytest.mark.parametrize(
    ("flags", "force", "is_paused"),
    [
        ({}, False, None),
        ({"force": "TRUE", "pause": "true", "unpause": "false"}, True, True),
        ({"force": False, "unpause": True}, False, False),
        ({"pause": False, "unpause": False}, False, None),
    ],
)
def test_flags_are_booleans_or_their_texts(flags: dict, *, force: bool, is_paused: bool | None) -> None:
    """force, pause and unpause are true, false, or these words; neither pause nor unpause leaves the state."""
    workflow = read(request({"start_date": "2024-01-01", "tasks": {"a": BASH}}, **flags))
    assert (workflow.force, workflow.is_paused) == (force, is_paused)


DATASET = {"$dataset": {"uri": "s3://lake/a"}}
OTHER = {"$dataset": {"uri": "s3://lake/b"}}


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        (None, None),
        ("None", None),
        ("@daily", "@daily"),
        (" 0 3 * * MON ", "0 3 * * MON"),
        (["s3://lake/a", "s3://lake/b"], [DATASET, OTHER]),
        ({"__type__": "airflow.datasets.Dataset", "uri": "s3://lake/a", "extra": {"x": 1}},
         [{"$dataset": {"uri": "s3://lake/a", "extra": {"x": 1}}}]),
        ({"datasets": ["s3://lake/a"]}, [DATASET]),
        ({"datasets": {"__or__": ["s3://lake/a", {"__and__": ["s3://lake/a", "s3://lake/b"]}]}},
         {"$any": [DATASET, {"$all": [DATASET, OTHER]}]}),
        ({"__type__": "datetime.timedelta", "hours": 6}, {"$timedelta": 21600}),
        ({"__type__": "dateutil.relativedelta.relativedelta", "months": 1},
         {"$call": {"path": "dateutil.relativedelta.relativedelta", "args": [], "kwargs": {"months": 1}}}),
        ({"__type__": "airflow.timetables.trigger.CronTriggerTimetable", "__args__": ["0 3 * * *"], "timezone": "UTC"},
         {"$call": {"path": "airflow.timetables.trigger.CronTriggerTimetable", "args": ["0 3 * * *"],
                    "kwargs": {"timezone": "UTC"}}}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("spelling", ["schedule", "schedule_interval"])
def test_schedules(sent: object, canonical: object, spelling: str) -> None:
    """A schedule is a cron expression, a preset, nothing, datasets, a duration or a timetable."""
    assert dag_of({spelling: sent})["schedule"] == canonical


def test_a_timetable_by_callable_and_params() -> None:
    """The older way to name a timetable is understood."""
    timetable = {"callable": "airflow.timetables.interval.CronDataIntervalTimetable", "params": {"cron": "@daily"}}
    assert dag_of({"timetable": timetable})["schedule"] == {
        "$call": {"path": timetable["callable"], "args": [], "kwargs": {"cron": "@daily"}}
    }


@pytest.mark.parametrize(
    ("sent", "zone", "canonical"),
    [
        ("2024-01-01", None, "2024-01-01T00:00:00"),
        ("2024-01-01T00:00:00.000Z", None, "2024-01-01T00:00:00+00:00"),
        ("2024-01-01 06:30:00+05:30", None, "2024-01-01T06:30:00+05:30"),
        ("2 days", None, "2026-11-20T00:00:00+00:00"),
        ("1 day 12 hours", None, "2026-11-20T12:00:00+00:00"),
        ("today", None, "2026-11-22T00:00:00+00:00"),
        ({"__type__": "datetime.datetime", "year": 2024, "month": 2, "day": 3}, None, "2024-02-03T00:00:00"),
        ("2024-01-01", "Europe/Berlin", {"at": "2024-01-01T00:00:00", "timezone": "Europe/Berlin"}),
        ("2024-01-01T00:00:00Z", "Asia/Tokyo", {"at": "2024-01-01T00:00:00+00:00", "timezone": "Asia/Tokyo"}),
        # At 15:30 UTC it is the 23rd in Tokyo already.
        ("1 day", "Asia/Tokyo", {"at": "2026-11-22T00:00:00", "timezone": "Asia/Tokyo"}),
    ],
)  # fmt: skip
def test_dates(sent: object, zone: str | None, canonical: object) -> None:
    """Offsets are kept, relative dates are fixed by the deployment, and a time zone goes with every date."""
    keys = {"start_date": sent, **({"timezone": zone} if zone else {})}
    assert dag_of(keys)["start_date"] == {"$datetime": canonical}


@pytest.mark.parametrize(
    ("keys", "canonical"),
    [
        ({"dagrun_timeout": 90}, {"dagrun_timeout": {"$timedelta": 90}}),
        ({"dagrun_timeout": "1 day 2 hours"}, {"dagrun_timeout": {"$timedelta": 93600}}),
        ({"dagrun_timeout": {"__type__": "datetime.timedelta", "minutes": 1.5}}, {"dagrun_timeout": {"$timedelta": 90}}),
        ({"dagrun_timeout": None, "tags": None, "max_active_runs": None}, {}),
        ({"concurrency": 3}, {"max_active_tasks": 3}),
        ({"default_view": "tree"}, {"default_view": "grid"}),
        ({"params": {"n": 1, "m": {"__type__": "airflow.models.param.Param", "__args__": [5], "type": "integer"}}},
         {"params": {"n": 1, "m": {"$call": {"path": "airflow.models.param.Param", "args": [5],
                                             "kwargs": {"type": "integer"}}}}}),
        ({"user_defined_macros": {"f": "airflow.macros.ds_add", "team": "data", "more": {"g": "airflow.macros.ds_format"}}},
         {"user_defined_macros": {"f": {"$import": "airflow.macros.ds_add"}, "team": "data",
                                  "more": {"g": {"$import": "airflow.macros.ds_format"}}}}),
        ({"user_defined_macros": {"host": "db.internal", "f": {"callable_name": "f", "callable_file": "days.py"}}},
         {"user_defined_macros": {"host": "db.internal", "f": {"$callable": {"file": "days.py", "name": "f"}}}}),
        ({"user_defined_filters": {"f": "airflow.macros.ds_add", "g": {"callable_name": "g", "callable_file": "days.py"}}},
         {"user_defined_filters": {"f": {"$import": "airflow.macros.ds_add"},
                                   "g": {"$callable": {"file": "days.py", "name": "g"}}}}),
        ({"template_searchpath": "sql/"}, {"template_searchpath": [{"$folder": "sql"}, {"$folder": ""}]}),
        ({"template_searchpath": ["sql", "team/scripts"]},
         {"template_searchpath": [{"$folder": "sql"}, {"$folder": "team/scripts"}, {"$folder": ""}]}),
        ({"doc_md_file_path": "docs/night.md"}, {"doc_md": {"$document": "docs/night.md"}}),
        ({"doc_md_python_callable_name": "f", "doc_md_python_callable_file": "docs.py"},
         {"doc_md": {"$result": {"file": "docs.py", "name": "f", "kwargs": {}}}}),
        ({"doc_md_python_callable_name": "f", "doc_md_python_callable_file": "docs.py",
          "doc_md_python_arguments": {"wait": {"__type__": "datetime.timedelta", "hours": 1}}},
         {"doc_md": {"$result": {"file": "docs.py", "name": "f", "kwargs": {"wait": {"$timedelta": 3600}}}}}),
        ({"on_failure_callback": "airflow.macros.ds_add"},
         {"on_failure_callback": {"$callback": {"function": {"$import": "airflow.macros.ds_add"}, "kwargs": {}}}}),
        ({"on_failure_callback": [{"callback": "airflow.macros.ds_add", "days": 1}]},
         {"on_failure_callback": [{"$callback": {"function": {"$import": "airflow.macros.ds_add"}, "kwargs": {"days": 1}}}]}),
        ({"on_success_callback_name": "tell", "on_success_callback_file": "alerts.py"},
         {"on_success_callback": {"$callable": {"file": "alerts.py", "name": "tell"}}}),
    ],
)  # fmt: skip
def test_keys_of_the_dag(keys: dict, canonical: dict) -> None:
    """Both spellings of the DAG's keys come to Airflow's own names and values."""
    assert dag_of(keys) == {"start_date": {"$datetime": "2024-01-01T00:00:00"}, **canonical}


@pytest.mark.parametrize(
    ("keys", "arguments"),
    [
        ({"retry_delay_sec": 60, "sla_secs": 1.5, "execution_timeout_secs": 5},
         {"retry_delay": {"$timedelta": 60}, "sla": {"$timedelta": 1.5}, "execution_timeout": {"$timedelta": 5}}),
        ({"execution_delta_secs": -60}, {"execution_delta": {"$timedelta": -60}}),
        ({"response_check_name": "f", "response_check_file": "x.py"},
         {"response_check": {"$callable": {"file": "x.py", "name": "f"}}}),
        ({"success_check_name": "f", "success_check_file": "x.py", "failure_check_name": "g", "failure_check_file": "x.py"},
         {"success": {"$callable": {"file": "x.py", "name": "f"}}, "failure": {"$callable": {"file": "x.py", "name": "g"}}}),
        ({"outlets": ["s3://lake/a"], "inlets": "s3://lake/b"}, {"outlets": [DATASET], "inlets": [OTHER]}),
        ({"cwd": {"__join__": ["/srv/", "x", 1]}}, {"cwd": "/srv/x1"}),
        ({"at": {"__type__": "datetime.time", "hour": 6, "minute": 30}},
         {"at": {"$call": {"path": "datetime.time", "args": [], "kwargs": {"hour": 6, "minute": 30}}}}),
        ({"at": {"__type__": "pendulum.time", "__args__": [6, 30]}},
         {"at": {"$call": {"path": "datetime.time", "args": [], "kwargs": {"hour": 6, "minute": 30}}}}),
        ({"env": {"$set": "x"}}, {"env": {"$literal": {"$set": "x"}}}),
        ({"env": {"$set": "x", "$unset": "y"}}, {"env": {"$set": "x", "$unset": "y"}}),
        ({"env": {"PHONE": "+49 30"}}, {"env": {"PHONE": "+49 30"}}),
        ({"variables_as_arguments": [{"variable": "folder", "attribute": "cwd"}]}, {"cwd": {"$variable": "folder"}}),
        (
            {"variables_as_arguments": [{"variable": "folder", "attribute": "cwd"}], "cwd": "/srv"},
            {"cwd": {"$variable": {"name": "folder", "default": "/srv"}}},
        ),
        ({"python_callable": "airflow.macros.ds_add"}, {"python_callable": {"$import": "airflow.macros.ds_add"}}),
    ],
)  # fmt: skip
def test_arguments_of_a_task(keys: dict, arguments: dict) -> None:
    """A task's keys become arguments of its operator, marked values become objects, all else stays."""
    assert task_of(keys) == {
        "task_id": "a",
        "label": "a",
        "group": None,
        "operator": "airflow.operators.bash.BashOperator",
        "upstream": [],
        "arguments": {"bash_command": "echo $HOME", **arguments},
    }


def test_a_tasks_output_puts_that_task_before() -> None:
    """+task_id is the task's output, in arguments, in texts that are joined, and where a task is mapped."""
    dag = {
        "start_date": "2024-01-01",
        "tasks": {
            "load": {**PYTHON, "expand": {"op_args": "+list"}, "partial": {"op_kwargs": {"rows": "+count"}}},
            "say": {**BASH, "env": {"N": {"__join__": ["n=", "+count"]}}, "dependencies": ["load"]},
            "list": BASH,
            "count": BASH,
        },
    }
    tasks = read(request(dag)).definition["tasks"]
    assert tasks[0]["upstream"] == ["list", "count"]
    assert tasks[0]["callable"] == {"file": "growth/load.py", "name": "load"}
    assert tasks[0]["arguments"] == {}
    assert tasks[0]["expand"] == {"op_args": {"$output": "list"}}
    assert tasks[0]["partial"] == {"op_kwargs": {"rows": {"$output": "count"}}}
    assert tasks[1]["upstream"] == ["load", "count"]
    assert tasks[1]["arguments"]["env"] == {"N": {"$join": ["n=", {"$output": "count"}]}}


@pytest.mark.parametrize("sent", ["+list", "list.output", "XcomArg(list)"])
def test_the_ways_to_map_over_an_output(sent: str) -> None:
    """dag-factory's other ways to name a task's output in expand mean the same."""
    assert task_of({"expand": {"env": sent}}, list=BASH)["expand"] == {"env": {"$output": "list"}}


def test_groups_prefix_the_ids_of_what_is_in_them() -> None:
    """Groups nest, parents come first, and a group without prefix leaves the ids of its tasks alone."""
    dag = {
        "start_date": "2024-01-01",
        "task_groups": {
            "inner": {"parent_group_name": "outer", "dependencies": ["first"], "default_args": {"retries": 2}},
            "outer": {"tooltip": "All of it"},
            "bare": {"parent_group_name": "outer", "prefix_group_id": False},
        },
        "tasks": [
            {"task_id": "first", **BASH},
            {"task_id": "a", **BASH, "task_group_name": "inner"},
            {"task_id": "b", **BASH, "task_group_name": "bare", "dependencies": ["inner", "outer.inner.a"]},
        ],
    }
    definition = read(request(dag)).definition
    assert definition["task_groups"] == [
        {"group_id": "outer", "label": "outer", "parent": None, "upstream": [], "arguments": {"tooltip": "All of it"}},
        {"group_id": "outer.inner", "label": "inner", "parent": "outer", "upstream": ["first"],
         "arguments": {"default_args": {"retries": 2}}},
        {"group_id": "outer.bare", "label": "bare", "parent": "outer", "upstream": [],
         "arguments": {"prefix_group_id": False}},
    ]  # fmt: skip
    assert [(task["task_id"], task["group"], task["upstream"]) for task in definition["tasks"]] == [
        ("first", None, []),
        ("outer.inner.a", "outer.inner", []),
        ("b", "outer.bare", ["outer.inner", "outer.inner.a"]),
    ]


def test_the_default_block_holds_where_the_dag_says_nothing() -> None:
    """What the default block says in another spelling is overruled as well, and maps are merged key by key."""
    document = request({"schedule": None, "default_args": {"sla": 5}, "tasks": {"a": BASH}})
    document["workflow"]["dag_config"]["default"] = {
        "schedule_interval": "@daily",
        "concurrency": 2,
        "default_args": {"owner": "x", "sla_secs": 9},
        "tasks": {"a": {"retries": 4}},
    }
    definition = read(document).definition
    assert definition["dag"] == {
        "schedule": None,
        "max_active_tasks": 2,
        "default_args": {"sla": {"$timedelta": 5}, "owner": "x"},
    }
    assert definition["tasks"][0]["arguments"] == {"bash_command": "echo $HOME", "retries": 4}


def test_the_default_block_is_merged_to_the_bottom() -> None:
    """Maps in arguments are merged as dag-factory merges them; an object, a schedule and a callback are taken whole."""
    delta = {"__type__": "datetime.timedelta"}
    callback = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
    task = {
        "env": {"A": "own", "B": None},
        "conf": {"x": {"y": {"own": 1}}},
        "retry_delay": {**delta, "hours": 1},
        "on_failure_callback": {"callback": callback, "to": "a"},
    }
    document = request(
        {"start_date": "2024-01-01", "schedule": {"datasets": ["s3://own"]}, "tasks": {"a": {**BASH, **task}}}
    )
    document["workflow"]["dag_config"]["default"] = {
        "schedule": {"file": "datasets.yaml", "datasets": ["no"]},
        "tasks": {
            "a": {
                "env": {"A": "default", "B": "default", "C": "default"},
                "conf": {"x": {"y": {"default": 1}, "z": [1]}},
                "retry_delay": {**delta, "minutes": 5},
                "on_failure_callback": {"callback": callback, "cc": "b"},
            }
        },
    }
    reading = read(document)
    assert reading.definition["dag"]["schedule"] == [{"$dataset": {"uri": "s3://own"}}]
    assert reading.definition["tasks"][0]["arguments"] == {
        "bash_command": "echo $HOME",
        "env": {"A": "own", "B": None, "C": "default"},
        "conf": {"x": {"y": {"own": 1, "default": 1}, "z": [1]}},
        "retry_delay": {"$timedelta": 3600},
        "on_failure_callback": {"$callback": {"function": {"$import": callback}, "kwargs": {"to": "a"}}},
    }
    document["workflow"]["dag_config"]["default"]["tasks"]["a"]["env"]["C"] = "+nobody"
    faults = read_workflow(document, now=NOW).faults
    assert [fault.pointer for fault in faults] == ["/workflow/dag_config/default/tasks/a/env/C"]


@pytest.mark.parametrize(
    ("arguments", "searched"),
    [
        ({"sql": "sql/orders.sql"}, True),
        ({"bash_command": "load.sh"}, True),
        ({"sql": ["SELECT 1", "orders.sql"]}, True),
        ({"templates_dict": {"query": "{% include 'orders.sql' %}"}}, True),
        ({"bash_command": "echo {{ ds }} > orders.csv", "email": "team@example.org", "to": "team@example.org"}, False),
        ({"python": "/opt/python3", "endpoint": "https://example.org", "retries": 3, "owner": "team.data"}, False),
    ],
)
def test_templates_are_looked_for_where_one_may_be_named(arguments: dict, searched: bool) -> None:
    """A DAG in which no argument can name a template is spared the look-up of their folder at each parse."""
    folders = [{"$folder": ""}] if searched else None
    for dag in (
        {"tasks": {"a": {"operator": "x.Y", **arguments}}},
        {"tasks": {"a": {"operator": "x.Y", "expand": {"env": [1]}, "partial": arguments}}},
        {"tasks": {"a": {"operator": "x.Y"}}, "default_args": arguments},
        {"tasks": {"a": {"operator": "x.Y"}}, "task_groups": {"g": {"default_args": arguments}}},
    ):
        assert read(request({"schedule": None, **dag})).definition["dag"].get("template_searchpath") == folders


def test_the_arguments_of_a_function_of_the_default_block_may_be_changed() -> None:
    """A DAG may have arguments of its own for the function that the default block names, and is merged with its own."""
    document = request({"schedule": None, "doc_md_python_arguments": {"team": "data"}, "tasks": {"a": BASH}})
    document["workflow"]["dag_config"]["default"] = {
        "doc_md_python_callable_name": "f",
        "doc_md_python_callable_file": "docs.py",
        "doc_md_python_arguments": {"team": "sales", "days": 2},
    }
    assert read(document).definition["dag"]["doc_md"] == {
        "$result": {"file": "docs.py", "name": "f", "kwargs": {"team": "data", "days": 2}}
    }
    del document["workflow"]["dag_config"]["nightly"]["doc_md_python_arguments"]
    document["workflow"]["dag_config"]["nightly"]["doc_md"] = "own"
    assert read(document).definition["dag"]["doc_md"] == "own"


_OWN_TASKS = {"load": {"retries": 2}, "more": BASH}
_OTHER_TASKS = {"extract": BASH, "load": {**BASH, "dependencies": ["extract"], "retries": 1}}


def _as_list(tasks: dict) -> list:
    return [{"task_id": task_id, **task} for task_id, task in tasks.items()]


@pytest.mark.parametrize("own", [_OWN_TASKS, _as_list(_OWN_TASKS)])
@pytest.mark.parametrize("other", [_OTHER_TASKS, _as_list(_OTHER_TASKS)])
def test_tasks_of_the_default_block_are_merged_by_their_ids(own: object, other: object) -> None:
    """Whether the tasks of either are a list or a map, those of one id are one task, the DAG's own words first."""
    document = request({"schedule": None, "tasks": own})
    document["workflow"]["dag_config"]["default"] = {"tasks": other}
    assert [(task["task_id"], task["upstream"], task["arguments"]) for task in read(document).definition["tasks"]] == [
        ("load", ["extract"], {"retries": 2, "bash_command": "echo $HOME"}),
        ("more", [], {"bash_command": "echo $HOME"}),
        ("extract", [], {"bash_command": "echo $HOME"}),
    ]


def test_task_groups_of_the_default_block_are_merged_by_their_names() -> None:
    """Groups as a list and as a map are merged as tasks are; a group without a word about it is a group."""
    document = request({"schedule": None, "tasks": {"a": BASH}, "task_groups": {"one": None, "two": {"tooltip": "x"}}})
    document["workflow"]["dag_config"]["default"] = {
        "task_groups": [{"group_name": "one", "tooltip": "y"}, {"group_name": "two", "tooltip": "y"}]
    }
    assert [(group["group_id"], group["arguments"]) for group in read(document).definition["task_groups"]] == [
        ("one", {"tooltip": "y"}),
        ("two", {"tooltip": "x"}),
    ]


@pytest.mark.parametrize(
    ("own", "callback"),
    [
        ({}, {"$callable": {"file": "default.py", "name": "tell"}}),
        ({"on_failure_callback_name": "shout"}, {"$callable": {"file": "default.py", "name": "shout"}}),
        ({"on_failure_callback_file": "own.py"}, {"$callable": {"file": "own.py", "name": "tell"}}),
        ({"on_failure_callback": None}, None),
    ],
)
def test_a_function_of_the_default_block_may_be_changed_by_half(own: dict, callback: object) -> None:
    """A DAG may take the default block's function from another file, another of its file, or none at all."""
    document = request({"start_date": "2024-01-01", "tasks": {"a": BASH}, **own})
    document["workflow"]["dag_config"]["default"] = {
        "on_failure_callback_name": "tell",
        "on_failure_callback_file": "default.py",
    }
    assert read(document).definition["dag"].get("on_failure_callback") == callback


def test_an_operators_path_stays_as_it_was_sent() -> None:
    """What a path of an older release means depends on the installation, which reading doesn't know."""
    old = "airflow.operators.bash_operator.BashOperator"
    assert task_of({"operator": old})["operator"] == old


def test_a_pods_maps_become_kubernetes_models() -> None:
    """Plain maps in a KubernetesPodOperator's arguments are the models that it wants."""
    task = task_of(
        {
            "operator": "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
            "volumes": [{"name": "data", "empty_dir": {}}],
            "container_resources": {"limits": {"cpu": "1"}},
        }
    )
    assert task["arguments"]["volumes"] == [
        {
            "$call": {
                "path": "kubernetes.client.models.V1Volume",
                "args": [],
                "kwargs": {"name": "data", "empty_dir": {}},
            }
        }
    ]
    assert task["arguments"]["container_resources"] == {
        "$call": {
            "path": "kubernetes.client.models.V1ResourceRequirements",
            "args": [],
            "kwargs": {"limits": {"cpu": "1"}},
        }
    }


def test_a_decorator_takes_the_place_of_an_operator() -> None:
    """A TaskFlow task has a decorator, a function, and the arguments of both."""
    task = {
        "decorator": "airflow.decorators.task",
        "python_callable_name": "f",
        "python_callable_file": "f.py",
        "rows": 3,
    }
    definition = read(request({"start_date": "2024-01-01", "tasks": {"a": task}})).definition
    assert definition["tasks"] == [
        {
            "task_id": "a",
            "label": "a",
            "group": None,
            "decorator": "airflow.decorators.task",
            "callable": {"file": "f.py", "name": "f"},
            "upstream": [],
            "arguments": {"rows": 3},
        }
    ]


def test_an_allowed_package_may_be_named() -> None:
    """What an operator has added to allowed_callables may be imported, called, and made."""
    dag = {"start_date": "2024-01-01", "on_failure_callback": "acme.alerts.tell", "tasks": {"a": BASH}}
    reading = read_workflow(request(dag), now=NOW, allowed_packages=("acme",))
    assert reading.workflow is not None
    assert reading.definition["dag"]["on_failure_callback"] == {
        "$callback": {"function": {"$import": "acme.alerts.tell"}, "kwargs": {}}
    }


def test_places_in_the_canonical_definition_lead_back_to_the_document() -> None:
    """Whoever finds a fault in the canonical definition can point into the document as it was sent."""
    document = request(
        {"start_date": "2024-01-01", "tasks": [{"task_id": "x", **PYTHON, "sla_secs": 4, "op_kwargs": {"n": [1]}}]}
    )
    document["workflow"]["dag_config"]["default"] = {"default_args": {"conn_id": "x"}}
    reading = read_workflow(document, now=NOW)
    task = "/workflow/dag_config/nightly/tasks/0"
    assert reading.pointer("tasks", 0) == task
    assert reading.pointer("tasks", 0, "operator") == f"{task}/operator"
    assert reading.pointer("tasks", 0, "callable", "file") == f"{task}/python_callable_file"
    assert reading.pointer("tasks", 0, "arguments", "sla") == f"{task}/sla_secs"
    assert reading.pointer("tasks", 0, "arguments", "op_kwargs", "n", 0) == f"{task}/op_kwargs/n/0"
    assert reading.pointer("tasks", 0, "arguments", "not_there") == task
    assert reading.pointer("dag", "default_args", "conn_id") == "/workflow/dag_config/default/default_args/conn_id"
