"""Deployments in folders of their own, in Airflow's real database."""

from __future__ import annotations

import os
import shutil
import signal
import warnings
from datetime import datetime, timedelta, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from airflow import settings as airflow_settings
from airflow.models.dagrun import DagRun
from airflow.models.dataset import DatasetEvent, DatasetModel
from airflow.models.log import Log
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import event

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from openmetadata_airflow_apis.definition import Workflow
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores.file_store import FileStore
from support.stores import SHARDS, STORE, install_loaders, tables_of_deployments
from support.versions import AIRFLOW, forget_requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


@pytest.fixture(scope="session", autouse=True)
def permissions(database: None) -> None:
    """What a webserver has imported long before, with the warnings of its libraries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module("airflow.www.security_appless" if AIRFLOW >= (2, 8) else "airflow.www.security")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a folder of definitions that is not there yet, and one of callables with checks.py."""
    operators = tmp_path / "dag_managed_operators"
    operators.mkdir()
    (operators / "checks.py").write_text("def check(table='t'):\n    raise SystemExit('never run by a webserver')\n")
    # where a parse in this process finds them too
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS", str(operators))
    return Settings(
        definition_store=STORE,
        loader_shards=SHARDS,
        dag_generated_configs=tmp_path / "dag_generated_configs",
        dag_managed_operators=operators,
    )


@pytest.fixture
def dags(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty dags folder."""
    folder = tmp_path / "dags"
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(folder))
    folder.mkdir()
    install_loaders(folder)
    return folder


@pytest.fixture(autouse=True)
def clean(database: None, dags: Path) -> Iterator[None]:
    """No DAG in the database after the test."""
    yield
    from airflow.models.dag import DagModel
    from airflow.settings import Session

    from openmetadata_airflow_apis.deploy.deletion import delete_rows

    tables = tables_of_deployments()  # asks another connection, which would wait for this one
    session = Session()
    session.rollback()
    session.query(TaskInstance).update({"state": "success"})
    for dag_id, fileloc in session.query(DagModel.dag_id, DagModel.fileloc).all():
        delete_rows(dag_id, fileloc or "", session=session)
    for model in (DatasetEvent, DatasetModel, parse_import_error(), Log):
        session.query(model).delete()
    forget_requests(session)
    for table in tables:
        session.execute(table.delete())
    session.commit()
    Session.remove()
    shutil.rmtree(dags)


def add_run(session, dag_id: str, run_id: str, state: str, tasks: dict[str, str] | None = None) -> None:
    """Put a run with the states of some of its task instances into the database."""
    day = len(run_id) + session.query(DagRun).count()
    logical_date = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)
    session.add(DagRun(dag_id, run_id, execution_date=logical_date, run_type="manual", state=state))
    session.flush()
    dag = SerializedDagModel.get(dag_id, session=session).dag
    for task_id, task_state in (tasks or {}).items():
        session.add(TaskInstance(dag.get_task(task_id), run_id=run_id, state=task_state))
    session.commit()


def files_below(folder: Path) -> dict[str, bytes]:
    """Return path → bytes of every file below a folder; lock files, compiled Python and loader files left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".lock", ".pyc") and "apis_loader" not in path.name
    }


def make_workflow(
    dag_id: str = "nightly", *, force: bool = False, is_paused: bool | None = None, **dag: Any
) -> Workflow:
    """Return a checked workflow of two tasks, load after check."""
    definition = {
        "dag_id": dag_id,
        "dag": {
            "schedule": "0 3 * * *",
            "start_date": {"$datetime": "2024-01-01T00:00:00+00:00"},
            "catchup": False,
            "default_args": {"owner": "harsha"},
            **dag,
        },
        "task_groups": [],
        "tasks": [
            {
                "task_id": "check",
                "label": "check",
                "group": None,
                "operator": "airflow.operators.python.PythonOperator",
                "callable": {"file": "checks.py", "name": "check"},
                "upstream": [],
                "arguments": {"op_kwargs": {"table": "orders"}},
            },
            {
                "task_id": "load",
                "label": "load",
                "group": None,
                "operator": "airflow.operators.bash.BashOperator",
                "upstream": ["check"],
                "arguments": {"bash_command": "true"},
            },
        ],
    }
    return Workflow(dag_id, force, is_paused, definition, {"name": dag_id})


def decorate(workflow: Workflow) -> None:
    """Make the first task one of TaskFlow, which the DAG processor alone can build."""
    task = workflow.definition["tasks"][0]
    del task["operator"]
    task.update(decorator="airflow.decorators.task", arguments={"table": "orders"})


def killed_at(step: int, settings, act: Callable[[DefinitionStore, object], None]) -> bool:
    """Run act in a child that dies before its step, one on disk or a commit; return whether it did."""
    airflow_settings.Session.remove()
    pid = os.fork()
    if pid == 0:
        left = step

        def count(*_) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            airflow_settings.engine.dispose(close=False)  # the parent's connections are the parent's
            session = airflow_settings.Session()
            event.listen(session, "before_commit", count)
            act(FileStore(settings, at_step=count), session)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)
