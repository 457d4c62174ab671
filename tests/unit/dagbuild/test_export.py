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
def configs(tmp_path):
    """The folder of the stored definitions."""
    folder = tmp_path / "configs"
    folder.mkdir()
    return folder


@pytest.fixture
def deployed(tmp_path, configs, monkeypatch):
    """A function that stores a request's definition as a deploy does, and returns the definition."""
    section = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"
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


@pytest.mark.parametrize(
    "stored",
    [
        {"dag": {}, "task_groups": [], "tasks": []},
        {"dag": {"default_args": {"start_date": "2026-11-20"}}, "task_groups": [], "tasks": []},
        {"dag": {"default_args": {"start_date": {"$datetime": {"moment": 1}}}}, "task_groups": [], "tasks": []},
    ],
    ids=["no date", "another form", "another tag"],
)
def test_a_definition_of_another_shape(deployed, configs, capsys, stored: dict):
    """Of a definition without the date, the request has the date of the deploy, and the difference is told."""
    body = request(default_args={"start_date": "2 days"}, tasks={"one": bash()})
    source = body["workflow"]
    document = StoredDocument("nightly", {"dag_id": "nightly", **stored}, source, "ann", DEPLOYED)
    (configs / "nightly.json").write_bytes(encode(document))
    assert main(["export", "nightly"]) == 1
    printed = capsys.readouterr()
    again = request(default_args={"start_date": "2026-11-20T00:00:00+00:00"}, tasks={"one": bash()})
    assert json.loads(printed.out) == again
    assert printed.err == (
        "nightly: this version of the software, or of a file of datasets, would make another DAG of it; compare "
        "before you deploy\n"
    )


def test_a_request_that_was_changed_by_hand(deployed, configs, capsys):
    """A relative date that somebody has added to the stored request is fixed too, and the difference is told."""
    body = request(tasks={"one": bash()})
    deployed(body)
    stored = json.loads((configs / "nightly.json").read_text())
    stored["source"]["dag_config"]["nightly"]["tasks"]["two"] = bash(start_date="2 days")
    (configs / "nightly.json").write_text(json.dumps(stored))
    assert main(["export", "nightly"]) == 1
    printed = capsys.readouterr()
    two = bash(start_date="2026-11-20T00:00:00+00:00")
    assert json.loads(printed.out) == request(tasks={"one": bash(), "two": two})
    assert printed.err.startswith("nightly: this version of the software")


def test_an_unknown_dag(deployed, capsys):
    """A DAG that is not deployed here is named, with exit code 1."""
    assert main(["export", "other"]) == 1
    assert capsys.readouterr().err == "The DAG with dag_id: `other` was not found\n"
