"""A dag_runner_template that makes no DAG files stops the webserver's start; one that breaks later, each deploy."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from openmetadata_airflow_apis.api.current_settings import EXTENSION, Extension
from openmetadata_airflow_apis.resources import dag_runner_template_path
from openmetadata_airflow_apis.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.file_store("no other renders files")

OPTION = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_RUNNER_TEMPLATE"
OLDER_PLUGIN = """from openmetadata_managed_apis.workflows import workflow_factory

workflow = workflow_factory.WorkflowFactory("{{ workflow_config_file }}")
workflow.register_dag(globals())
"""
DEFINITION = {
    "schedule": None,
    "default_args": {"start_date": "2024-01-01T00:00:00Z"},
    "tasks": {"first": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"}},
}
WORKFLOW = {"workflow": {"name": "templated", "force": True, "dag_config": {"templated": DEFINITION}}}


def sentence(template: Path, reason: str) -> str:
    return (
        f"[openmetadata_airflow_apis] dag_runner_template {template} {reason}; "
        f"leave the option out, which uses {dag_runner_template_path()}, or start from a copy of that one"
    )


MISSING = "cannot be read: No such file or directory"
OLDER = "is the older plugin's: it does not call load_dag of openmetadata_airflow_apis.dagbuild, which makes the DAG"


@pytest.mark.parametrize(("text", "reason"), [(None, MISSING), (OLDER_PLUGIN, OLDER)])
def test_the_webserver_does_not_start(database, tmp_path: Path, text: str | None, reason: str):
    """A template that is missing, or the older plugin's, ends the start of Airflow's web application with the cure."""
    template = tmp_path / "dag_runner.j2"
    if text is not None:
        template.write_text(text)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "from airflow.www.app import create_app; create_app(testing=True)"],
        env={**os.environ, OPTION: str(template)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == f"openmetadata_airflow_apis.errors.ConfigurationError: {sentence(template, reason)}"


@pytest.fixture
def template(app, tmp_path: Path, monkeypatch) -> Path:
    """The file that a running webserver has for its template, which was well when it started."""
    for folder in ("dags", "configs"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(tmp_path / "dags"))
    template = tmp_path / "dag_runner.j2"
    settings = replace(Settings.load(), dag_runner_template=template, dag_generated_configs=tmp_path / "configs")
    monkeypatch.setitem(app.extensions, EXTENSION, Extension(settings=settings))
    return template


@pytest.mark.parametrize(("text", "reason"), [(None, MISSING), (OLDER_PLUGIN, OLDER)])
def test_a_deploy_with_a_template_that_broke_meanwhile_is_answered_with_the_cure(
    typed_door, old_door, template: Path, tmp_path: Path, text: str | None, reason: str
):
    """A template that was changed under a running webserver: each deploy, a dry run too, says so and writes nothing."""
    if text is not None:
        template.write_text(text)
    problem = {
        "type": "/rest_api/api/problems/configuration-error",
        "title": "Service Unavailable",
        "status": 503,
        "detail": sentence(template, reason),
    }
    assert typed_door("POST", "/dags", json=WORKFLOW) == (503, problem)
    assert typed_door("POST", "/dags?dry_run=true", json=WORKFLOW) == (503, problem)
    assert old_door("deploy_dag", method="POST", json=WORKFLOW) == (503, {"error": problem["detail"]})
    assert list((tmp_path / "dags").iterdir()) == []
    assert list((tmp_path / "configs").iterdir()) == []
    assert typed_door("GET", "/health")[1]["dags_folder"] == {"status": "unhealthy"}
