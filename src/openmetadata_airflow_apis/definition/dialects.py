"""The first step of reading: a document in either dialect becomes a workflow in the one plain spelling.

A request has `workflow` with the DAGs of a dag-factory file in `dag_config` (default_block.py); the body of the 0.1
releases is flat (flat_body.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition import workflow_schema
from openmetadata_airflow_apis.definition.default_block import with_default
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.flat_body import read_flat_body
from openmetadata_airflow_apis.definition.json_limits import unfit_for_json
from openmetadata_airflow_apis.definition.null_values import without_null_keys, without_null_keys_of_flat_body
from openmetadata_airflow_apis.definition.places import WORKFLOW_KEYS, Origin, PlainPath, Pointer
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

    from openmetadata_airflow_apis.definition.json_limits import SentObject

_TOP = PlainPath()


@dataclass(frozen=True)
class PlainWorkflow:
    """A workflow in the plain spelling; its DAG is not checked yet.

    own: the workflow's own keys (name, force, pause, unpause) that were sent and have no fault.
    dag: the definition of its DAG, of any type; None if there is none to read.
    source: the workflow as it was sent. origin: where all of it stands in the document.
    faults: those of all that stands around the DAG.
    """

    own: Mapping[str, Any]
    dag: Any
    source: SentObject
    origin: Origin
    faults: tuple[Fault, ...]


def in_plain_spelling(document: object, *, managed_operators: FilePath | None) -> PlainWorkflow:
    """Return the workflow that a document means, whatever the document is.

    managed_operators: the configured folder of callable files, the only one that a flat body may name.
    """
    unfit = unfit_for_json(document)
    if unfit is not None:
        return _nothing(document, unfit)
    if not isinstance(document, dict):
        return _nothing(document, Fault("", f"{kind_of(document)}; give a map with 'workflow'"))
    wrapping = _missing_wrapping(document)
    if wrapping is not None:
        return _nothing(document, Fault("", wrapping))
    if _is_flat(document):
        body = read_flat_body(without_null_keys_of_flat_body(document), managed_operators)
        return PlainWorkflow(body.own, body.dag, document, Origin(document, body.starts), body.faults)
    return _of_request(document)


def _nothing(document: object, *faults: Fault) -> PlainWorkflow:
    starts = {_TOP: Pointer(""), WORKFLOW_KEYS: Pointer("")}
    return PlainWorkflow({}, None, {}, Origin(document, starts), faults)


def _missing_wrapping(document: SentObject) -> str | None:
    """Return the fault of a workflow or a dag-factory file sent without its wrapping; None for any other document."""
    if "workflow" in document:
        return None
    if isinstance(document.get("dag_config"), dict):
        return """is a workflow without its wrapping; send it as {"workflow": {...}}"""
    names = [key for key in document if key != "default"]
    dags = [document[key] for key in names]
    if not names or not all(isinstance(dag, dict) and "tasks" in dag for dag in dags):
        return None
    several = "" if len(names) == 1 else f", one request for each of {', '.join(map(quoted, names))}"
    wrapped = json.dumps({"name": names[0], "dag_config": "..."}).replace('"..."', "{...}")
    return f"""is a dag-factory document; send it as {{"workflow": {wrapped}}}, the document in dag_config{several}"""


def _is_flat(document: SentObject) -> bool:
    return "workflow" not in document and any(key in document for key in workflow_schema.properties("FlatWorkflow"))


def _of_request(document: SentObject) -> PlainWorkflow:
    faults = [
        Fault(Pointer("").below(steps), detail) for steps, detail in workflow_schema.faults("WorkflowRequest", document)
    ]
    source = document.get("workflow")
    if not isinstance(source, dict):
        return _nothing(document, *faults)
    base = Pointer("/workflow")
    own_keys = {key: value for key, value in source.items() if value is not None}
    for steps, detail in workflow_schema.faults("Workflow", dict(own_keys)):
        faults.append(Fault(base.below(steps), detail))
        if steps:
            own_keys.pop(str(steps[0]), None)
    starts = {_TOP: Pointer(""), WORKFLOW_KEYS: base}
    plain = PlainWorkflow(own_keys, None, source, Origin(document, starts), tuple(faults))
    config = source.get("dag_config")
    if not isinstance(config, dict):
        return plain  # the schema has found that fault already
    return _with_chosen_dag(plain, config, base / "dag_config")


def _with_chosen_dag(plain: PlainWorkflow, config: SentObject, pointer: Pointer) -> PlainWorkflow:
    """Add the DAG of a dag_config that has the workflow's name, or the only one there is."""
    name = plain.own.get("name")
    key, faults = _choose(config, name, pointer)
    if key is None:
        return replace(plain, faults=(*plain.faults, *faults))
    if config[key] is None:
        return replace(plain, faults=(*plain.faults, *faults, Fault(pointer / key, "is null; give a map")))
    merged, starts_below = with_default(
        config[key], config.get("default"), dag_at=pointer / key, default_at=pointer / "default"
    )
    dag = without_null_keys(merged)
    starts = {**plain.origin.starts, _TOP: pointer / key, **starts_below}
    return replace(plain, dag=dag, origin=replace(plain.origin, starts=starts), faults=(*plain.faults, *faults))


def _choose(config: SentObject, name: str | None, pointer: Pointer) -> tuple[str | None, list[Fault]]:
    """Return the key of the workflow's DAG, None if that is unclear, and what is wrong with the keys."""
    keys = [key for key in config if key != "default"]
    if name is not None and name in keys:
        of_others = f"is another DAG than the workflow's, {quoted(name)}; a request deploys one"
        return name, [Fault(pointer / key, of_others) for key in keys if key != name]
    if len(keys) == 1:
        of_name = f"is not the workflow's name, {quoted(name)}; write the same text in both"
        return keys[0], [Fault(pointer / keys[0], of_name)] if name is not None else []
    if name is None:
        return None, []  # that the name is missing, or no text, is a fault already
    return None, [Fault(pointer, f"has no definition of {quoted(name)}, the workflow's name{nearest(name, keys)}")]
