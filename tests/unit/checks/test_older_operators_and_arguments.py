"""Operators by the paths of older releases, and those whose package is not installed."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.versions import provider
from support.workflows import request

# What the operators of 2.7.3's days say when they are made, and those of 2.8's and 2.9's.
pytestmark = [
    pytest.mark.filterwarnings(r"ignore:\s*This class is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings(r"ignore:Call to deprecated (class|method):DeprecationWarning"),
    pytest.mark.filterwarnings(r"ignore:Import of \w+ from the .airflow.providers.common.sql:DeprecationWarning"),
]

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
DAG = "/workflow/dag_config/nightly"

QUERY = "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator"
SQLITE = "airflow.providers.sqlite.operators.sqlite.SqliteOperator"
POSTGRES = "airflow.providers.postgres.operators.postgres.PostgresOperator"
OLD_POSTGRES = "airflow.operators.postgres_operator.PostgresOperator"
# What these operators are here is decided by their provider packages, which Airflow 2.10.5 has both ways.
SQL_OPERATORS_GONE = provider("sqlite") >= (4,)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Settings with empty folders."""
    folder = tmp_path_factory.mktemp("deployed")
    return Settings(dag_managed_operators=folder / "managed", dag_generated_configs=folder / "configs")


def tasks_of(document: dict[str, Any], settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tasks of a checked workflow by their ids: what is stored of their operators and arguments."""
    workflow = check_workflow(document, settings, now=NOW, read_variables=False)
    kept = ("operator", "arguments", "partial", "expand")
    return {
        task["task_id"]: {key: value for key, value in task.items() if key in kept}
        for task in workflow.definition["tasks"]
    }


def task_of(task: dict[str, Any], settings: Settings, **dag: Any) -> dict[str, Any]:
    """Return what is stored of one task."""
    return tasks_of(request(tasks={"one": task}, **dag), settings)["one"]


def faults(settings: Settings, tasks: dict[str, Any], **dag: Any) -> dict[str, str]:
    """Return the faults of tasks by their pointers below the DAG, one each."""
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(request(tasks=tasks, **dag), settings, now=NOW, read_variables=False)
    return {fault.pointer.removeprefix(DAG): fault.detail for fault in caught.value.faults}


def fault_of(operator: str, settings: Settings) -> str:
    """Return the only fault of a task, which is in its operator."""
    found = faults(settings, {"one": {"operator": operator}})
    assert list(found) == ["/tasks/one/operator"]
    return found["/tasks/one/operator"]


@pytest.mark.parametrize(
    ("old", "arguments", "today"),
    [
        ("airflow.operators.bash_operator.BashOperator", {"bash_command": "x"}, "airflow.operators.bash.BashOperator"),
        ("airflow.operators.BashOperator", {"bash_command": "x"}, "airflow.operators.bash.BashOperator"),
        ("airflow.operators.dummy_operator.DummyOperator", {}, "airflow.operators.empty.EmptyOperator"),
        ("airflow.operators.dummy.DummyOperator", {}, "airflow.operators.empty.EmptyOperator"),
        (
            "airflow.sensors.http_sensor.HttpSensor",
            {"endpoint": "x"},
            "airflow.providers.http.sensors.http.HttpSensor",
        ),
        (
            "airflow.operators.sensors.SqlSensor",
            {"conn_id": "a", "sql": "x"},
            "airflow.providers.common.sql.sensors.sql.SqlSensor",
        ),
        (
            "airflow.contrib.sensors.file_sensor.FileSensor",
            {"filepath": "x"},
            "airflow.sensors.filesystem.FileSensor",
        ),
        (
            "airflow.contrib.operators.kubernetes_pod_operator.KubernetesPodOperator",
            {"name": "x", "image": "x"},
            "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
        ),
        (
            "airflow.operators.http_operator.SimpleHttpOperator",
            {"endpoint": "x"},
            "airflow.providers.http.operators.http.HttpOperator",
        ),
        ("airflow.operators.bash.BashOperator", {"bash_command": "x"}, "airflow.operators.bash.BashOperator"),
    ],
)
def test_a_path_of_an_older_release_means_the_class_of_this_installation(
    settings, old: str, arguments: dict[str, Any], today: str
):
    """An operator that has moved is stored with its newest path that this installation has."""
    assert task_of({"operator": old, **arguments}, settings)["operator"] == today


def test_sql_operators_that_are_gone_are_queries_with_their_own_connections(settings):
    """PostgresOperator and SqliteOperator are SQLExecuteQueryOperator where their packages have them no more.

    postgres_conn_id, from default_args, and sqlite_conn_id become its conn_id; where the packages have them they stay.
    """
    document = request(
        tasks={
            "pg": {"operator": OLD_POSTGRES, "sql": "select 1"},
            "lite": {"operator": SQLITE, "sqlite_conn_id": "x", "sql": "select 1"},
        },
        default_args={"owner": "team", "start_date": "2024-01-01", "postgres_conn_id": "dwh"},
    )
    if SQL_OPERATORS_GONE:
        assert tasks_of(document, settings) == {
            "pg": {"operator": QUERY, "arguments": {"sql": "select 1", "conn_id": "dwh"}},
            "lite": {"operator": QUERY, "arguments": {"conn_id": "x", "sql": "select 1"}},
        }
    else:
        assert tasks_of(document, settings) == {
            "pg": {"operator": POSTGRES, "arguments": {"sql": "select 1"}},
            "lite": {"operator": SQLITE, "arguments": {"sqlite_conn_id": "x", "sql": "select 1"}},
        }
    workflow = check_workflow(document, settings, now=NOW, read_variables=False)
    connections = {task.task_id: task.conn_id for task in workflow.checked_dag.tasks if hasattr(task, "conn_id")}
    assert connections == {"pg": "dwh", "lite": "x"}


def arguments_of(task: dict[str, Any], settings: Settings, **dag: Any) -> dict[str, Any]:
    """Return the arguments that an operator is built with, whichever class it is here."""
    workflow = check_workflow(request(tasks={"one": task}, **dag), settings, now=NOW, read_variables=False)
    (made,) = workflow.checked_dag.tasks
    return {key: getattr(made, key) for key in ("conn_id", "hook_params", "sql", "autocommit")}


DATABASE = "database" if provider("postgres") >= (5, 11) else "schema"  # PostgresHook's word for it


@pytest.mark.parametrize(
    ("given", "built"),
    [
        ({}, {"conn_id": "postgres_default", "hook_params": {}}),
        ({"autocommit": True}, {"conn_id": "postgres_default", "hook_params": {}, "autocommit": True}),
        ({"postgres_conn_id": "a", "database": "b"}, {"conn_id": "a", "hook_params": {DATABASE: "b"}}),
        ({"database": None}, {"conn_id": "postgres_default", "hook_params": {}}),
        (
            {"database": "b", "hook_params": {"options": "-c x=1"}},
            {"conn_id": "postgres_default", "hook_params": {DATABASE: "b", "options": "-c x=1"}},
        ),
    ],
)
def test_the_arguments_of_an_operator_that_is_gone(settings, given: dict[str, Any], built: dict[str, Any]):
    """A PostgresOperator has the same connection, database and options, whatever class it is here."""
    made = arguments_of({"operator": POSTGRES, "sql": "select 1", **given}, settings)
    assert made == {"sql": "select 1", "autocommit": False, **built}


def test_the_connection_of_a_group(settings):
    """A group's default_args name the connections of the operators in it, before the DAG's."""
    document = request(
        tasks={
            "in": {"operator": SQLITE, "sql": "select 1", "task_group_name": "growth"},
            "out": {"operator": SQLITE, "sql": "select 1"},
        },
        task_groups={"growth": {"default_args": {"sqlite_conn_id": "inner"}}},
        default_args={"owner": "team", "start_date": "2024-01-01", "sqlite_conn_id": "outer"},
    )
    workflow = check_workflow(document, settings, now=NOW, read_variables=False)
    assert {task.task_id: task.conn_id for task in workflow.checked_dag.tasks} == {
        "growth.in": "inner",
        "out": "outer",
    }


def test_a_mapped_operator_that_is_gone(settings):
    """An operator that is gone can be mapped, also over its connections."""
    task = {
        "operator": SQLITE,
        "partial": {"sql": "select 1"},
        "expand": {"sqlite_conn_id": ["a", "b"]},
    }
    made = task_of(task, settings)
    name = "conn_id" if SQL_OPERATORS_GONE else "sqlite_conn_id"
    assert (made["partial"], made["expand"]) == ({"sql": "select 1"}, {name: ["a", "b"]})
    workflow = check_workflow(request(tasks={"one": task}), settings, now=NOW, read_variables=False)
    assert workflow.checked_dag.get_task("one").expand_input.value == {name: ["a", "b"]}


@pytest.mark.skipif(not SQL_OPERATORS_GONE, reason="the packages of 2.7.3's days have the operators themselves")
def test_what_the_new_class_does_not_have(settings):
    """What has no counterpart in the class that took an operator's place is a fault that says what has."""
    tasks = {
        "both": {"operator": SQLITE, "sql": "x", "sqlite_conn_id": "a", "conn_id": "b"},
        "mapped": {"operator": POSTGRES, "sql": "x", "expand": {"database": ["a", "b"]}},
        "runtime": {"operator": POSTGRES, "sql": "x", "runtime_parameters": {"search_path": "a"}},
        "typo": {"operator": POSTGRES, "sql": "x", "postgres_con_id": "a"},
        "place": {"operator": POSTGRES, "sql": "x", "postgres_conn_id": {"__type__": "airflow.nothing.At.all"}},
    }
    found = faults(settings, tasks)
    place = found.pop("/tasks/place/postgres_conn_id/__type__", None) or found.pop("/tasks/place/postgres_conn_id")
    assert "airflow.nothing.At.all" in place
    assert found == {
        "/tasks/both/sqlite_conn_id": "is the older name of 'conn_id', which is there as well; give one of them",
        "/tasks/mapped/expand/database": "is a key of 'hook_params' here, and can't be mapped over by itself",
        "/tasks/runtime/runtime_parameters": "SQLExecuteQueryOperator, which has taken the place of PostgresOperator, "
        'has no argument \'runtime_parameters\'; give hook_params: {"options": "-c NAME=VALUE"}',
        "/tasks/typo/postgres_con_id": "SQLExecuteQueryOperator has no argument 'postgres_con_id'",
    }


def test_older_names_of_arguments(settings):
    """An argument that its class has renamed may have its older name, in default_args too."""
    presto = "airflow.operators.presto_check_operator.PrestoCheckOperator"
    tasks = {
        "own": {"operator": presto, "sql": "select 1", "presto_conn_id": "a"},
        "default": {"operator": presto, "sql": "select 1"},
    }
    document = request(tasks=tasks, default_args={"owner": "team", "start_date": "2024-01-01", "presto_conn_id": "b"})
    check = "airflow.providers.common.sql.operators.sql.SQLCheckOperator"
    assert tasks_of(document, settings) == {
        "own": {"operator": check, "arguments": {"sql": "select 1", "conn_id": "a"}},
        "default": {"operator": check, "arguments": {"sql": "select 1", "conn_id": "b"}},
    }


def test_a_query_of_an_operator_that_is_gone_runs(settings, tmp_path, monkeypatch):
    """The task of a SqliteOperator writes into the database that its own connection names."""
    database = tmp_path / "catalogue.db"
    monkeypatch.setenv("AIRFLOW_CONN_CATALOGUE", f"sqlite://{quote(str(database), safe='')}")
    task = {
        "operator": "airflow.operators.sqlite_operator.SqliteOperator",
        "sqlite_conn_id": "catalogue",
        "sql": ["create table found (name text)", "insert into found values ('orders')"],
    }
    workflow = check_workflow(request(tasks={"one": task}), settings, now=NOW, read_variables=False)

    workflow.checked_dag.get_task("one").execute({})

    assert sqlite3.connect(database).execute("select name from found").fetchall() == [("orders",)]


NOT_INSTALLED = "is not installed on the webserver"
INSTALL = "install it in every component"


# fmt: off
_WHY = {
    "airflow.providers.amazon.aws.operators.s3.S3CreateObjectOperator":
        f"the package apache-airflow-providers-amazon {NOT_INSTALLED}; {INSTALL}",
    "airflow.providers.amazon.anything.At":
        f"the package apache-airflow-providers-amazon {NOT_INSTALLED}; {INSTALL}",
    "airflow.contrib.operators.spark_submit_operator.SparkSubmitOperator":
        f"the package apache-airflow-providers-apache-spark {NOT_INSTALLED}; {INSTALL}",
    "airflow.providers.standard.operators.bash.BashOperator":
        f"the package apache-airflow-providers-standard {NOT_INSTALLED}; write "
        f"airflow.operators.bash.BashOperator, which is the same operator in Airflow 2, or {INSTALL}",
    "airflow.providers.google.cloud.operators.bigquery.BigQueryExecuteQueryOperator":
        f"the package apache-airflow-providers-google {NOT_INSTALLED}, and has no 'BigQueryExecuteQueryOperator' "
        f"since 11.0.0; {INSTALL}, and use "
        "airflow.providers.google.cloud.operators.bigquery.BigQueryInsertJobOperator",
    "airflow.providers.amazn.aws.operators.s3.S3CreateObjectOperator":
        "there is no provider package for airflow.providers.amazn; did you mean 'amazon'?",
    "airflow.providers.zzz.operators.A":
        "no module or class 'zzz' in airflow.providers",
    "airflow.contrib.operators.hipchat_operator.HipChatAPIOperator":
        "apache-airflow has no 'HipChatAPIOperator' since 2.0.0",
    "airflow.contrib.operators.spark_submit_operator.SparkSubmitOperater":
        "no class 'SparkSubmitOperater' in airflow.contrib.operators.spark_submit_operator; "
        "did you mean 'SparkSubmitOperator'?",
    "airflow.contrib.operators.mine.Mine":
        "no operator of Airflow 1.10 is 'airflow.contrib.operators.mine.Mine'",
}
# fmt: on


@pytest.mark.parametrize("operator", _WHY)
def test_why_a_path_means_nothing_here(settings, operator: str):
    """An operator that this installation doesn't have is a fault that says why, and what to do."""
    assert fault_of(operator, settings) == _WHY[operator]


def test_a_callback_of_a_package_that_is_not_installed(settings):
    """A notifier whose package is missing names the package."""
    task = {
        "operator": "airflow.operators.bash.BashOperator",
        "bash_command": "x",
        "on_failure_callback": {"callback": "airflow.providers.slack.notifications.slack.SlackNotifier", "text": "x"},
    }
    assert list(faults(settings, {"one": task}).values()) == [
        f"the package apache-airflow-providers-slack {NOT_INSTALLED}; install it in every component"
    ]


def test_nothing_is_said_of_default_args_while_a_package_is_missing(settings):
    """The arguments in default_args may be those of an operator whose package isn't there."""
    tasks = {
        "lite": {"operator": SQLITE, "sql": "x"},
        "s3": {"operator": "airflow.providers.amazon.aws.operators.s3.S3ListOperator", "bucket": "x"},
    }
    found = faults(settings, tasks, default_args={"owner": "team", "start_date": "2024-01-01", "aws_conn_id": "lake"})
    assert list(found) == ["/tasks/s3/operator"]


def test_a_sql_operator_whose_package_is_missing(settings):
    """A SQL operator is a query also where the webserver lacks its package: the workers need it, for the connection."""
    task = {"operator": "airflow.operators.mysql_operator.MySqlOperator", "sql": "select 1", "database": "shop"}
    assert task_of(task, settings) == {
        "operator": QUERY,
        "arguments": {"sql": "select 1", "conn_id": "mysql_default", "hook_params": {"schema": "shop"}},
    }
