"""`openmetadata-airflow-apis export DAG_ID`."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
import yaml

from openmetadata_airflow_apis.cli import main
from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument, encode
from openmetadata_airflow_apis.definition import read_workflow
from support.workflows import EXAMPLES, bash, request, write_callables

DEPLOYED = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
LATER = datetime(2027, 3, 1, tzinfo=timezone.utc)


@pytest.fixture
def deployed(tmp_path, monkeypatch):
    """A function that stores a request's definition as a deploy does, and returns the definition."""
    section = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"
    configs = tmp_path / "configs"
    configs.mkdir()
    monkeypatch.setenv(f"{section}DAG_GENERATED_CONFIGS", str(configs))
    monkeypatch.setenv(f"{section}DAG_MANAGED_OPERATORS", str(write_callables(tmp_path / "managed")))

    def store(body: dict) -> dict:
        workflow = read_workflow(body, now=DEPLOYED).workflow
        document = StoredDocument(workflow.dag_id, workflow.definition, workflow.source, "ann", DEPLOYED)
        (configs / f"{workflow.dag_id}.json").write_bytes(encode(document))
        return workflow.definition

    return store


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_export_deploys_to_the_same_dag(deployed, capsys, name: str, form: str, read):
    """What export prints is a request's body that deploys again to the same DAG."""
    definition = deployed(EXAMPLES[name])
    assert main(["export", "nightly", "--format", form]) == 0
    body = read(capsys.readouterr().out)
    assert body == EXAMPLES[name]
    assert read_workflow(body, now=LATER).definition == definition


def test_relative_dates_are_exported_as_they_were_fixed(deployed, capsys):
    """A relative date is exported as the date that it meant when it was deployed."""
    body = request(default_args={"start_date": "2 days"}, tasks={"one": bash()})
    definition = deployed(body)
    assert main(["export", "nightly"]) == 0
    again = json.loads(capsys.readouterr().out)
    start_date = again["workflow"]["dag_config"]["nightly"]["default_args"]["start_date"]
    assert start_date.startswith("2026-11-20T")
    assert read_workflow(again, now=LATER).definition == definition


def test_an_unknown_dag(deployed, capsys):
    """A DAG that is not deployed here is named, with exit code 1."""
    assert main(["export", "other"]) == 1
    assert capsys.readouterr().err == "The DAG with dag_id: `other` was not found\n"
