"""Workflows of every kind that the dialect knows, and the callable files that they name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from support.versions import AIRFLOW

_SHIPPED = Path(__file__).parents[2] / "examples"

CALLABLE_FILES = {
    "checks.py": '''
"""Functions that the test workflows name."""

from __future__ import annotations

import functools

from .helpers import double


def logged(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


def check(number: int = 1, *, table="t", ds=None):
    """Check a table."""
    return double(number)


@logged
def decorated(number):
    return number


def choose(**context):
    return "left"


def rows(first):
    return bool(first)


def answer(response, task_instance=None):
    return response.ok


def alarm(context, channel="#ops"):
    """Tell somebody."""


def numbers():
    return [1, 2, 3]


def add(x, y=0):
    """Add two numbers."""
    return x + y
''',
    "helpers.py": "def double(number):\n    return 2 * number\n",
    "growth/cohorts.py": "from ..helpers import double\n\n\ndef cohorts():\n    return double(21)\n",
}

BASH = "airflow.operators.bash.BashOperator"
PYTHON = "airflow.operators.python.PythonOperator"
EMPTY = "airflow.operators.empty.EmptyOperator"


def write_callables(folder: Path) -> Path:
    """Write the callable files below a folder; return it."""
    for name, source in CALLABLE_FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    for shipped in (_SHIPPED / "dag_managed_operators").glob("*.py"):
        shutil.copy(shipped, folder)
    return folder


def request(name: str = "nightly", **config: Any) -> dict[str, Any]:
    """Return the body of a deploy: a DAG with a start date and no schedule, but for what is given."""
    dag = {"default_args": {"owner": "ann", "start_date": "2024-01-01"}, "schedule": None, **config}
    return {"workflow": {"name": name, "dag_config": {name: dag}}}


def bash(command: str = "true", **arguments: Any) -> dict[str, Any]:
    """Return a BashOperator's task."""
    return {"operator": BASH, "bash_command": command, **arguments}


def python(name: str, file: str = "checks.py", **arguments: Any) -> dict[str, Any]:
    """Return a PythonOperator's task."""
    return {"operator": PYTHON, "python_callable_name": name, "python_callable_file": file, **arguments}


def taskflow(name: str, **arguments: Any) -> dict[str, Any]:
    """Return a TaskFlow task."""
    return {
        "decorator": "airflow.decorators.task",
        "python_callable_name": name,
        "python_callable_file": "checks.py",
        **arguments,
    }


_CONDITION = {"datasets": {"__or__": ["s3://bucket/a", {"__and__": ["s3://bucket/b", "s3://bucket/c"]}]}}

EXAMPLES: dict[str, dict[str, Any]] = {
    "plain": request(
        schedule="0 3 * * *",
        description="Every night.",
        tags=["b", "a"],
        catchup=False,
        max_active_runs=1,
        dagrun_timeout_sec=3600,
        doc_md="# Nightly",
        default_view="tree",
        orientation="TB",
        tasks={
            "extract": bash("echo {{ ds }}", env={"LANG": "C", "DAY": "{{ ds }}"}, retries=2, retry_delay_sec=60),
            "check": python("check", op_args=[3], op_kwargs={"table": "{{ ds }}"}, dependencies=["extract"]),
            "cohorts": python("cohorts", "growth/cohorts.py", dependencies=["extract"]),
            "done": {"operator": EMPTY, "dependencies": ["check", "cohorts"], "trigger_rule": "all_done"},
        },
    ),
    "groups": request(
        task_groups={
            "load": {"tooltip": "Load all", "dependencies": ["start"], "default_args": {"retries": 3}},
            "deep": {"parent_group_name": "load"},
            "bare": {"prefix_group_id": False, "dependencies": ["load"]},
        },
        tasks={
            "start": bash(),
            "one": bash(task_group_name="load", dependencies=["two"]),
            "two": bash(task_group_name="deep"),
            "three": bash(task_group_name="bare"),
            "end": bash(dependencies=["bare"]),
        },
    ),
    "mapped": request(
        tasks={
            "numbers": python("numbers"),
            "literal": python("check", expand={"op_args": [[1], [2]]}),
            "dressed": python("decorated", partial={"retries": 2}, expand={"op_args": [[1], [2]]}),
            "over": python("check", expand={"op_args": "+numbers"}),
            "commands": {"operator": BASH, "partial": {"env": {"A": "b"}}, "expand": {"bash_command": ["a", "b"]}},
        },
    ),
    "taskflow": request(
        tasks={
            "numbers": taskflow("numbers"),
            "one": taskflow("add", x=1, retries=2),
            "sum": taskflow("add", x="+one", y=2),
            "each": taskflow("add", partial={"y": 1}, expand={"x": "+numbers"}),
        },
    ),
    "callbacks": request(
        default_args={
            "owner": "ann",
            "start_date": "2024-01-01T00:00:00+02:00",
            "on_failure_callback_name": "alarm",
            "on_failure_callback_file": "checks.py",
        },
        on_success_callback_name="alarm",
        on_success_callback_file="checks.py",
        tasks={"one": bash(), "two": python("check", expand={"op_args": [[1], [2]]}, dependencies=["one"])},
    ),
    "branches": request(
        tasks={
            "choose": {
                "operator": "airflow.operators.python.BranchPythonOperator",
                "python_callable_name": "choose",
                "python_callable_file": "checks.py",
            },
            "left": bash(dependencies=["choose"]),
            "right": bash(dependencies=["choose"]),
        },
    ),
    "sensors": request(
        tasks={
            "web": {
                "operator": "airflow.providers.http.sensors.http.HttpSensor",
                "http_conn_id": "web",
                "endpoint": "health",
                "response_check_name": "answer",
                "response_check_file": "checks.py",
                "poke_interval": 5,
                "mode": "reschedule",
            },
            "rows": {
                "operator": "airflow.providers.common.sql.sensors.sql.SqlSensor",
                "conn_id": "db",
                "sql": "SELECT count(*) FROM t",
                "success_check_name": "rows",
                "success_check_file": "checks.py",
            },
            "other": {
                "operator": "airflow.sensors.external_task.ExternalTaskSensor",
                "external_dag_id": "another",
                "external_task_id": "last",
                "execution_delta_secs": 3600,
            },
        },
    ),
    "datasets": request(
        schedule=_CONDITION if AIRFLOW >= (2, 9) else ["s3://bucket/a", "s3://bucket/b"],
        tasks={"one": bash(outlets=[{"__type__": "airflow.datasets.Dataset", "uri": "s3://bucket/d"}])},
    ),
    "timetable": request(
        schedule={
            "__type__": "airflow.timetables.trigger.CronTriggerTimetable",
            "cron": "0 1 * * 3",
            "timezone": "UTC",
        },
        params={"table": "orders", "limit": 10},
        render_template_as_native_obj=True,
        tasks={"one": bash("echo {{ params.table }}", params={"limit": 3})},
    ),
    "zone": request(
        timezone="Europe/Berlin",
        schedule="@daily",
        tasks={"one": bash()},
    ),
}

# The requests in examples/, by their names.
SHIPPED: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(_SHIPPED.glob("*.json"))
}
