"""The way from a document to a Reading: which dialect it is, its faults, its canonical definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition import workflow_schema
from openmetadata_airflow_apis.definition.dag_ids import fault_of_name
from openmetadata_airflow_apis.definition.dag_keys import read_dag
from openmetadata_airflow_apis.definition.dialects import plain_of_flat, with_default
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.key_readers import read_flag
from openmetadata_airflow_apis.definition.reading_context import Context
from openmetadata_airflow_apis.definition.workflow import Origin, Reading, Workflow, escape, in_document_order, join
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path as FilePath

    from openmetadata_airflow_apis.definition.workflow import Path

    _Link = tuple[Any, Any]  # the link to what it stands in, and its key there

MAX_DEPTH = 64
# Where the workflow's name stands; no key of a definition is empty, so nothing else stands there.
_NAME: Path = ("", "name")


def read_workflow(
    document: object,
    *,
    now: datetime,
    max_tasks: int = 1000,
    dags_folder: FilePath | None = None,
    managed_operators: FilePath | None = None,
    allowed_packages: tuple[str, ...] = (),
) -> Reading:
    """Read a request for deploy_dag, in either dialect; every fault that needs no Airflow to be seen.

    now: aware; relative dates are counted from it. max_tasks: the most that a definition may have.
    dags_folder: where deployed DAGs' files are. managed_operators: the folder of the callable files.
    allowed_packages: what dotted paths may name beside Airflow itself.
    Raises nothing, whatever the document is.
    """
    context = Context(document, Origin(), now, allowed_packages=allowed_packages, managed_operators=managed_operators)
    unfit = _unfit_for_json(document)
    if unfit is not None:
        context.faults.append(unfit)
        return _reading(context, {})
    if not isinstance(document, dict):
        context.fault_at("", f"{kind_of(document)}; give a map with 'workflow'")
        return _reading(context, {})
    if _is_flat(document):
        workflow, dag = _read_flat(context, document)
        base, source = "", document
    else:
        found = _read_wrapped(context, document)
        if found is None:
            return _reading(context, {})
        workflow, dag, source = found
        base = "/workflow"
    name_fault = "name" in workflow and fault_of_name(workflow["name"], dags_folder=dags_folder)
    if name_fault:
        context.fault_at(f"{base}/name", name_fault)
    force, is_paused = _read_flags(context, workflow, base)
    definition: dict[str, Any] = {"dag_id": workflow.get("name", "")}
    if dag is not None:
        _check_against_schema(context, dag)
    if isinstance(dag, dict):
        definition.update(read_dag(context, dag, max_tasks=max_tasks))
    context.place(("dag_id",), _NAME)
    context.origin.starts[_NAME] = f"{base}/name"
    if context.faults:
        return _reading(context, definition)
    made = Workflow(workflow["name"], force, is_paused, definition, source)
    return _reading(context, definition, made)


def _reading(context: Context, definition: dict[str, Any], workflow: Workflow | None = None) -> Reading:
    empty: dict[str, Any] = {"dag_id": "", "dag": {}, "task_groups": [], "tasks": []}
    return Reading(
        workflow,
        tuple(in_document_order(context.document, context.faults)),
        {**empty, **definition},
        context.document,
        context.places,
        context.origin,
    )


def _is_flat(document: dict[str, Any]) -> bool:
    return "workflow" not in document and any(key in document for key in workflow_schema.properties("FlatWorkflow"))


def _read_wrapped(context: Context, document: dict[str, Any]) -> tuple[dict[str, Any], Any, dict[str, Any]] | None:
    for path, detail in workflow_schema.faults("WorkflowRequest", document):
        context.fault_at(join(path), detail)
    workflow = document.get("workflow")
    if not isinstance(workflow, dict):
        return None
    faulty: set[str] = set()
    for path, detail in workflow_schema.faults("Workflow", workflow):
        context.fault_at("/workflow" + join(path), detail)
        faulty.update(str(part) for part in path[:1])
    good = {key: value for key, value in workflow.items() if key not in faulty}
    if not isinstance(workflow.get("dag_config"), dict):
        return good, None, workflow  # which is a fault that the schema has found
    return good, _choose_dag(context, workflow, good.get("name")), workflow


def _choose_dag(context: Context, workflow: dict[str, Any], name: str | None) -> Any:
    """Return the DAG of the definition that has the workflow's name, or the only one there is."""
    config = workflow["dag_config"]
    keys = [key for key in config if key != "default"]
    base = "/workflow/dag_config"
    chosen: str
    if name is not None and name in keys:
        others = [key for key in keys if key != name]
        for key in others:
            context.fault_at(
                f"{base}/{escape(key)}", f"is another DAG than the workflow's, {quoted(name)}; a request deploys one"
            )
        chosen = name
    elif len(keys) == 1:
        chosen = keys[0]
        if name is not None:
            context.fault_at(
                f"{base}/{escape(chosen)}", f"is not the workflow's name, {quoted(name)}; the two are the same text"
            )
    else:
        if name is not None:
            near = nearest(name, keys)
            context.fault_at(base, f"has no definition of {quoted(name)}, the workflow's name{near}")
        return None
    pointer = f"{base}/{escape(chosen)}"
    if config[chosen] is None:  # for the caller, None is a definition that is not there
        context.fault_at(pointer, "is null; give a map")
        return None
    context.origin.starts[()] = pointer
    return with_default(context, config[chosen], config.get("default"), f"{base}/default")


def _read_flat(context: Context, document: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    faulty: set[Path] = set()
    for path, detail in workflow_schema.faults("FlatWorkflow", document):
        context.fault_at(join(path), detail)
        faulty.update(path[: length + 1] for length in range(len(path)))
    return plain_of_flat(context, document, faulty)


def _check_against_schema(context: Context, dag: Any) -> None:
    """Note the schema's faults of a plain definition, and that nobody needs to read what is at fault."""
    known = {fault.pointer for fault in context.faults}
    for path, detail in workflow_schema.faults("WorkflowDag", dag):
        context.skip.update(path[:length] for length in range(len(path) + 1))
        pointer = context.origin.pointer(path)
        if pointer not in known:
            context.fault(path, detail)


def _read_flags(context: Context, workflow: dict[str, Any], base: str) -> tuple[bool, bool | None]:
    """Return whether to replace a workflow, and whether its DAG is paused afterwards (None: as it is)."""
    spelled = {"force": "forceDeploy", "pause": "pauseWorkflow", "unpause": "unpauseWorkflow"}
    flags = {}
    for key, flat_key in spelled.items():
        context.origin.starts["", key] = f"{base}/{key if base else flat_key}"
        flags[key] = read_flag(context, workflow.get(key, False), ("", key)) is True
    if flags["pause"] and flags["unpause"]:
        context.fault(("", "unpause"), "is true beside 'pause'; a DAG can't be both, leave one of them out")
    return flags["force"], flags["pause"] if flags["pause"] or flags["unpause"] else None


def _unfit_for_json(document: object) -> Fault | None:
    """Return a fault where a document could not be stored as JSON: no text, no number, too deep."""
    stack: list[tuple[object, int, _Link | None]] = [(document, 0, None)]
    while stack:
        node, depth, link = stack.pop()
        detail = _unfit(node, depth)
        if detail is not None:
            return Fault(_pointer(link), detail)
        if isinstance(node, dict):
            stack.extend((value, depth + 1, (link, key)) for key, value in node.items())
        elif isinstance(node, list):
            stack.extend((value, depth + 1, (link, index)) for index, value in enumerate(node))
    return None


def _unfit(node: object, depth: int) -> str | None:
    if isinstance(node, str):
        return None if _is_text(node) else "has a character that is none: a NUL, or half of a surrogate pair"
    if isinstance(node, float):
        return None if math.isfinite(node) else "is no number that JSON knows"
    if isinstance(node, (dict, list)):
        if depth >= MAX_DEPTH:
            return f"is more than {MAX_DEPTH} levels deep"
        bad = [key for key in node if not isinstance(key, str) or not _is_text(key)] if isinstance(node, dict) else []
        return f"has the key {bad[0]!r}, which is no text" if bad else None
    if node is None or isinstance(node, int):
        return None
    return f"is a {type(node).__name__}, which JSON doesn't know"


def _pointer(link: _Link | None) -> str:
    parts = []
    while link is not None:
        link, part = link
        parts.append(part)
    return join(reversed(parts))


def _is_text(text: str) -> bool:
    if text.isascii():
        return "\x00" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
