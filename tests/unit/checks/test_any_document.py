"""Whatever is sent: it becomes a DAG that serializes, or faults that point into it."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.dagbuild.stand_ins import stand_in_dag
from openmetadata_airflow_apis.definition.places import look_up
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.examples import examples
from support.workflows import EXAMPLES, write_callables

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
TEXTS = ["", "x", "+x", "+one", "{{", "@daily", "$HOME", "airflow.models.dag.DAG", "../x.py", "2024-01-01", "2 days"]
LISTS = [[], ["x"], [None], [[1]]]
MAPS = [
    {},
    {"x": "y"},
    {"$output": "x"},
    {"$import": "os.system"},
    {"__type__": "x"},
    {"__type__": "datetime.timedelta", "days": 1},
    {"callback": "x"},
    {"datasets": ["s3://b/k"]},
]
JUNK = st.sampled_from([None, True, 0, -1, 1.5, 10**30, *TEXTS, *LISTS, *MAPS])
KEYS = ["x", "retries", "tasks", "expand", "dependencies", "schedule", "operator"]


def places(node: Any, path: tuple = ()) -> list[tuple]:
    """Every place of a document."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for key, value in inner for found in places(value, (*path, key)))]


def put(document: Any, path: tuple, value: Any) -> Any:
    """The document with something else at a place."""
    if not path:
        return value
    document = copy.deepcopy(document)
    node = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return document


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Settings:
    """Settings with the test workflows' callable files."""
    managed = write_callables(tmp_path_factory.mktemp("managed"))
    return Settings(dag_managed_operators=managed, dag_generated_configs=managed.parent / "configs")


@examples(150)
@given(data=st.data())
def test_a_document_is_a_dag_or_has_faults_that_point_into_it(installed, data):
    """A document with something odd in it is refused with pointers that exist, or builds and serializes."""
    from airflow.serialization.serialized_objects import SerializedDAG

    document: Any = EXAMPLES[data.draw(st.sampled_from(sorted(EXAMPLES)))]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(document)))
        if data.draw(st.booleans()) and isinstance(look(document, path), dict):
            path = (*path, data.draw(st.sampled_from(KEYS)))
        document = put(document, path, data.draw(JUNK))
    try:
        workflow = check_workflow(document, installed, now=NOW, read_variables=False)
    except InvalidDefinition as error:
        faults = error.faults
    else:
        folder = installed.dag_managed_operators
        dag = stand_in_dag(workflow.definition, fileloc="/dags/nightly.py", folder=folder)
        SerializedDAG.to_dict(dag)
        return
    assert faults
    assert [fault for fault in faults if not look_up(document, fault.pointer)[1]] == []


def look(document: Any, path: tuple) -> Any:
    """What stands at a place."""
    for part in path:
        document = document[part]
    return document


@pytest.mark.parametrize("document", [None, [], {}, 3, "x", {"workflow": []}, {"workflow": {"name": "x"}}])
def test_what_is_no_workflow_at_all(installed, document):
    """A body that is no workflow has faults too."""
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(document, installed, now=NOW)
    assert caught.value.faults
