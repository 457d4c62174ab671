"""deploy: KubernetesPodOperator, with the real provider."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from airflow.models.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.deploy import deploy
from support.workflows import request

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
PAGE = Path(__file__).parents[3] / "docs" / "definition.md"


def test_the_pod_that_the_documentation_shows(session, settings, dags, monkeypatch):
    """The pod of docs/definition.md is deployed, and the DAG processor's own parse finds nothing to change."""
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_GENERATED_CONFIGS", str(settings.dag_generated_configs))
    section = PAGE.read_text(encoding="utf-8").partition("### Pods\n")[2]
    document = json.loads(section.partition("```json\n")[2].partition("```")[0])

    made = deploy(check_workflow(document, settings, now=NOW), user="ada", settings=settings, session=session)
    session.commit()

    assert (made.dag_id, made.state, made.import_error) == ("nightly_pod", "parsed", None)
    bag = DagBag(made.fileloc, include_examples=False)
    assert bag.import_errors == {}
    assert SerializedDagModel.write_dag(bag.dags["nightly_pod"], processor_subdir=str(dags), session=session) is False
    (claim,) = (volume.persistent_volume_claim for volume in bag.dags["nightly_pod"].get_task("load").volumes)
    assert claim.to_dict() == {"claim_name": "data", "read_only": None}


def test_a_deploy_of_pods_imports_nothing_of_the_authors(session, settings):
    """A deploy of a pod with a callback, and of a function that runs in a pod, executes neither file."""
    own = {"image": "a:1", "python_callable_name": "check", "python_callable_file": "checks.py"}
    document = request(
        tasks={
            "pod": {
                "operator": "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
                "image": "a:1",
                "on_failure_callback_name": "check",
                "on_failure_callback_file": "checks.py",
            },
            "function": {"decorator": "airflow.decorators.task.kubernetes", **own},
        }
    )
    before = set(sys.modules)

    made = deploy(check_workflow(document, settings, now=NOW), user="ada", settings=settings, session=session)

    assert (made.dag_id, made.state, made.import_error) == ("nightly", "pending", None)
    new = {name: str(getattr(sys.modules[name], "__file__", "")) for name in set(sys.modules) - before}
    assert {name: file for name, file in new.items() if file.startswith(str(settings.dag_managed_operators))} == {}
