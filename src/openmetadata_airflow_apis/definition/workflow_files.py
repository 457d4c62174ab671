"""Workflows in files: JSON requests, and dag-factory's YAML with several DAGs; with the place of each pointer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.file_encodings import decoded
from openmetadata_airflow_apis.definition.line_numbers import json_places, with_place
from openmetadata_airflow_apis.definition.places import escape
from openmetadata_airflow_apis.definition.yaml_documents import read_yaml_document
from openmetadata_airflow_apis.errors import Fault, InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

    from typing_extensions import TypeGuard

    from openmetadata_airflow_apis.definition.line_numbers import Place

_CONFIG = "/workflow/dag_config"


@dataclass(frozen=True)
class WorkflowFile:
    """The requests that a file means, each as it could be sent to deploy_dag.

    names: for each request the DAG's key in the file; None if the request itself stands in the file.
    places: a pointer into the file → where it stands.
    """

    requests: list[object]
    names: list[str | None]
    places: Mapping[str, Place] = field(default_factory=dict)

    def placed(self, index: int, fault: Fault) -> Fault:
        """Return a fault of the request at the index as one of the file, with its place."""
        pointer, name = fault.pointer, self.names[index]
        if name is not None:
            # A part that only the request has (its name, say) is shown at the DAG's key in the file.
            inside = pointer.startswith(_CONFIG + "/")
            pointer = pointer[len(_CONFIG) :] if inside else f"/{escape(name)}"
        return with_place(fault._replace(pointer=pointer), self.places)


def read_file(path: FilePath) -> WorkflowFile:
    """Read a .json, .yaml or .yml file; raise InvalidDefinition for other content, OSError for no such file."""
    text = path.read_bytes()
    return read_json(text) if path.suffix.lower() == ".json" else read_yaml(text)


def read_json(text: str | bytes) -> WorkflowFile:
    """Read one request of either dialect; raise InvalidDefinition for what is no plain JSON."""
    text = decoded(text)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        detail = f"is no JSON: {error.msg}, column {error.colno}"
        raise InvalidDefinition([Fault("", detail, error.lineno, error.colno)]) from None
    except (ValueError, RecursionError) as error:
        raise InvalidDefinition([Fault("", f"is no JSON: {error}")]) from None
    places = json_places(text)
    if places.faults:
        raise InvalidDefinition(places.faults)
    return _requests(document, places.places)


def read_yaml(text: str | bytes) -> WorkflowFile:
    """Read a request, or dag-factory's file of DAGs with a `default` block, each then a request of its own.

    Raises InvalidDefinition for what is no YAML, or has keys that are no texts.
    """
    document = read_yaml_document(text)
    return _requests(document.value, document.places)


def _requests(document: object, places: Mapping[str, Place]) -> WorkflowFile:
    if not isinstance(document, dict) or _is_request(document):
        return WorkflowFile([document], [None], places)
    names = [name for name in document if name != "default"]
    if _is_nameless(document, names):
        raise InvalidDefinition(
            [Fault("", "is a DAG without its name; write all of it one level deeper, below the name: 'nightly:', say")]
        )
    if not names or not all(isinstance(document[name], dict) for name in names):
        raise InvalidDefinition(
            [Fault("", "has neither 'workflow' nor DAGs: a map of DAGs by name is wanted, beside 'default' if it is")]
        )
    requests: list[object] = []
    for name in names:
        config = {key: document[key] for key in ("default", name) if key in document}
        requests.append({"workflow": {"name": name, "dag_config": config}})
    return WorkflowFile(requests, list(names), places)


def _is_request(document: dict[str, object]) -> bool:
    """Tell a request, or a flat body, from DAGs by name, one of which is called 'workflow', 'name' or 'tasks'."""
    workflow = document.get("workflow")
    if "workflow" in document and not (_is_dag(workflow) and {"dag_config", "name"}.isdisjoint(workflow)):
        return True
    return "tasks" in document and "name" in document and not isinstance(document["name"], dict)


def _is_nameless(document: dict[str, object], names: list[str]) -> bool:
    """Tell whether a map is one DAG without its name: all of its keys are those of a DAG, and don't hold DAGs."""
    from openmetadata_airflow_apis.definition.workflow_schema import properties

    if not names or "default" in document or not set(names) <= set(properties("WorkflowDag")):
        return False
    return not all(_is_dag(document[name]) for name in names)


def _is_dag(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict) and "tasks" in value
