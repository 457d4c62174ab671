"""Deployments in folders of their own, in Airflow's real database."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.definition import Workflow
from openmetadata_airflow_apis.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def permissions(database: None) -> None:
    """What a webserver has imported long before, with the warnings of its libraries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import airflow.www.security_appless  # noqa: F401


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a folder of definitions that is not there yet, and one of callables with checks.py."""
    operators = tmp_path / "dag_managed_operators"
    operators.mkdir()
    (operators / "checks.py").write_text("def check(table='t'):\n    raise SystemExit('never run by a webserver')\n")
    return Settings(dag_generated_configs=tmp_path / "dag_generated_configs", dag_managed_operators=operators)


@pytest.fixture
def dags(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty dags folder."""
    folder = tmp_path / "dags"
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(folder))
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def clean(database: None, dags: Path) -> Iterator[None]:
    """No DAG in the database after the test."""
    yield
    from airflow.models.dag import DagModel
    from airflow.settings import Session

    from openmetadata_airflow_apis.deploy.forgetting import delete_rows

    session = Session()
    session.rollback()
    from airflow.models.taskinstance import TaskInstance

    session.query(TaskInstance).update({"state": "success"})
    for dag_id, fileloc in session.query(DagModel.dag_id, DagModel.fileloc).all():
        delete_rows(dag_id, fileloc or "", session=session)
    session.commit()
    Session.remove()
    shutil.rmtree(dags)


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
