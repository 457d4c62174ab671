"""The way from a document to a Reading: which dialect it is, its faults, its canonical definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition import schema
from openmetadata_airflow_apis.definition.context import Context, Origin
from openmetadata_airflow_apis.definition.dags import read_dag
from openmetadata_airflow_apis.definition.kinds import read_flag
from openmetadata_airflow_apis.definition.model import Reading, Workflow, escape, in_document_order, join
from openmetadata_airflow_apis.definition.names import fault_of_name
from openmetadata_airflow_apis.definition.sentences import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.spellings import plain_of_flat, with_default
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path as FilePath

    from openmetadata_airflow_apis.definition.model import Path

MAX_DEPTH = 64


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
    unfit = _unfit_for_json(document)
    if unfit is not None:
        return _reading(document, [unfit], {}, {})
    context = Context(document, Origin(), now, allowed_packages=allowed_packages, managed_operators=managed_operators)
    if not isinstance(document, dict):
        context.fault_at("", f"{kind_of(document)}; give a map with 'workflow'")
        return _reading(document, context.faults, {}, {})
    if _is_flat(document):
        workflow, dag = _read_flat(context, document)
        base, source = "", document
    else:
        found = _read_wrapped(context, document)
        if found is None:
            return _reading(document, context.faults, {}, {})
        workflow, dag, source = found
        base = "/workflow"
    name_fault = "name" in workflow and fault_of_name(workflow["name"], dags_folder=dags_folder)
    if name_fault:
        context.fault_at(f"{base}/name", name_fault)
    force, is_paused = _read_flags(context, workflow, base, flat=not base)
    definition: dict[str, Any] = {"dag_id": workflow.get("name", "")}
    if dag is not None:
        _check_against_schema(context, dag)
        definition.update(read_dag(context, dag, max_tasks=max_tasks))
    else:
        definition.update({"dag": {}, "task_groups": [], "tasks": []})
    context.places["dag_id",] = f"{base}/name"
    reading = _reading(document, context.faults, definition, context.places)
    if reading.faults:
        return reading
    return Reading(
        workflow=Workflow(workflow["name"], bool(force), is_paused, definition, source),
        faults=(),
        definition=definition,
        document=document,
        places=context.places,
    )


def _reading(document: object, faults: list[Fault], definition: dict[str, Any], places: dict[Path, str]) -> Reading:
    empty: dict[str, Any] = {"dag_id": "", "dag": {}, "task_groups": [], "tasks": []}
    ordered = tuple(in_document_order(document, faults))
    return Reading(None, ordered, {**empty, **definition}, document, {(): "", **places})


def _is_flat(document: dict[str, Any]) -> bool:
    return "workflow" not in document and any(key in document for key in schema.properties("FlatWorkflow"))


def _read_wrapped(context: Context, document: dict[str, Any]) -> tuple[dict[str, Any], Any, dict[str, Any]] | None:
    for path, detail in schema.faults("WorkflowRequest", document):
        context.fault_at(join(path), detail)
    workflow = document.get("workflow")
    if not isinstance(workflow, dict):
        return None
    faulty: set[str] = set()
    for path, detail in schema.faults("Workflow", workflow):
        context.fault_at("/workflow" + join(path), detail)
        faulty.update(str(part) for part in path[:1])
    good = {key: value for key, value in workflow.items() if key not in faulty}
    if not isinstance(workflow.get("dag_config"), dict):
        return good, None, workflow
    return good, _choose_dag(context, workflow, good.get("name")), workflow


def _choose_dag(context: Context, workflow: dict[str, Any], name: str | None) -> Any:
    """Return the DAG of the definition that has the workflow's name, or the only one there is."""
    config = workflow["dag_config"]
    keys = [key for key in config if key != "default"]
    base = "/workflow/dag_config"
    if name in keys:
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
    context.origin.starts[()] = pointer
    return with_default(context, config[chosen], config.get("default"), f"{base}/default")


def _read_flat(context: Context, document: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    faulty: set[Path] = set()
    for path, detail in schema.faults("FlatWorkflow", document):
        context.fault_at(join(path), detail)
        faulty.update(path[: length + 1] for length in range(len(path)))
    return plain_of_flat(context, document, faulty)


def _check_against_schema(context: Context, dag: Any) -> None:
    """Note the schema's faults of a plain definition, and that nobody needs to read what is at fault."""
    known = {fault.pointer for fault in context.faults}
    for path, detail in schema.faults("WorkflowDag", dag):
        context.skip.update(path[:length] for length in range(len(path) + 1))
        pointer = context.origin.pointer(path)
        if pointer not in known:
            context.fault(path, detail)


def _read_flags(context: Context, workflow: dict[str, Any], base: str, *, flat: bool) -> tuple[bool, bool | None]:
    names = {"force": "forceDeploy", "pause": "pauseWorkflow", "unpause": "unpauseWorkflow"}
    flags: dict[str, bool] = {}
    for key, flat_key in names.items():
        value = workflow.get(key, False)
        if isinstance(value, str):
            made = read_flag(context, value, ())
            if made is not True and made is not False:
                context.faults.pop()
                context.fault_at(f"{base}/{flat_key if flat else key}", f"{kind_of(value)}; give true or false")
            value = made is True
        flags[key] = bool(value)
    if flags["pause"] and flags["unpause"]:
        key = names["unpause"] if flat else "unpause"
        context.fault_at(f"{base}/{key}", "is true beside 'pause'; a DAG can't be both, leave one of them out")
    if flags["pause"] or flags["unpause"]:
        return flags["force"], flags["pause"]
    return flags["force"], None


def _unfit_for_json(document: object) -> Fault | None:
    """Return a fault where a document could not be stored as JSON: no text, no number, too deep."""
    stack: list[tuple[object, Path]] = [(document, ())]
    while stack:
        node, path = stack.pop()
        if isinstance(node, str):
            if "\x00" in node or not _encodable(node):
                return Fault(join(path), "has a character that is none: a NUL, or half of a surrogate pair")
        elif isinstance(node, float):
            if not math.isfinite(node):
                return Fault(join(path), "is no number that JSON knows")
        elif isinstance(node, dict):
            if len(path) >= MAX_DEPTH:
                return Fault(join(path), f"is more than {MAX_DEPTH} levels deep")
            for key, value in node.items():
                if not isinstance(key, str) or "\x00" in key or not _encodable(key):
                    return Fault(join(path), f"has the key {key!r}, which is no text")
                stack.append((value, (*path, key)))
        elif isinstance(node, list):
            if len(path) >= MAX_DEPTH:
                return Fault(join(path), f"is more than {MAX_DEPTH} levels deep")
            stack.extend((value, (*path, index)) for index, value in enumerate(node))
        elif node is not None and not isinstance(node, (bool, int)):
            return Fault(join(path), f"is a {type(node).__name__}, which JSON doesn't know")
    return None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
