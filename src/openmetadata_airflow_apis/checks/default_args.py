"""default_args: the arguments that tasks get from them, and the keys in them that no operator takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition import nearest
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.places import CanonicalPlace
from openmetadata_airflow_apis.definition.renamed_keys_and_values import spellings
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.definition.canonical import Arguments, Definition, Task, Value


class DefaultArgs:
    """The default_args of a definition: the DAG's and those of its groups."""

    def __init__(self, definition: Definition) -> None:
        self._of_dag = plain_map(definition["dag"].get("default_args"))
        self._groups = {group["group_id"]: group for group in definition["task_groups"]}

    def of(self, task: Task) -> Arguments:
        """Return the default arguments of a task: of the DAG, the groups around it and its own; the innermost win."""
        inside_out = [plain_map(task["arguments"].get("default_args"))]
        group = self._groups.get(task.get("group") or "")
        while group is not None:
            inside_out.append(plain_map((group.get("arguments") or {}).get("default_args")))
            group = self._groups.get(group.get("parent") or "")
        merged = dict(self._of_dag)
        for defaults in reversed(inside_out):
            merged.update(defaults)
        return merged


def plain_map(value: Value) -> Arguments:
    """Return a map's keys and values; an empty map if the value is known only when the task runs."""
    if tag_of(value) == "$literal":
        return value["$literal"]
    return value if isinstance(value, dict) and tag_of(value) is None else {}


def check_default_args(definition: Definition, findings: Findings, known: set[str], *, misspelled_alone: bool) -> None:
    """Note the default_args that no operator of the DAG takes: Airflow would ignore them.

    misspelled_alone: note only near misses of known arguments, since a missing operator may take any argument.
    """
    for holder, default_args in every_default_args(definition):
        for key in default_args:
            place = holder / key
            if key in known or key == "params":
                continue
            if key in properties("WorkflowDag"):
                # If an operator could not be found, it may be an argument of that one.
                if not misspelled_alone:
                    findings.add(place, f"'{key}' belongs in the DAG, beside default_args")
                continue
            # Arguments in the default block may be for the operators of another DAG.
            is_shared = findings.is_of_default_block(place)
            near = nearest(key, spellings("WorkflowDefaultArgs", known), likeness=0.8 if is_shared else 0.6)
            if near or not (misspelled_alone or is_shared):
                findings.add(place, f"no operator of this DAG has an argument '{key}'{near}")


def every_default_args(definition: Definition) -> list[tuple[CanonicalPlace, Arguments]]:
    """Return the default_args of the DAG and of its groups, each with its place."""
    maps = [(CanonicalPlace(("dag", "default_args")), definition["dag"].get("default_args") or {})]
    for index, group in enumerate(definition["task_groups"]):
        arguments = group.get("arguments") or {}
        maps.append((arguments_of_group(index) / "default_args", arguments.get("default_args") or {}))
    return maps


def arguments_of_group(index: int) -> CanonicalPlace:
    """Return the place of a task group's arguments."""
    return CanonicalPlace(("task_groups", index, "arguments"))
