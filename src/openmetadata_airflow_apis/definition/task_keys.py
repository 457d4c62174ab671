"""Tasks and task groups: from the map or the list they were sent as to the canonical lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.fault_messages import nearest, quoted
from openmetadata_airflow_apis.definition.key_readers import KINDS, read_keys
from openmetadata_airflow_apis.definition.legacy_operator_paths import todays_path
from openmetadata_airflow_apis.definition.plain_values import is_dotted
from openmetadata_airflow_apis.definition.pod_arguments import make_pod_arguments, runs_a_pod
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.task_graph import Graph, Node

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.workflow import Path

_TASK_ID = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_GROUP_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_DECORATORS = ("airflow.decorators.", "airflow.sdk.")
_ARGUMENTS = frozenset({None})


class Tasks:
    """The tasks and groups of one definition, on their way to the canonical lists.

    Everybody's ids are read first, since dependencies and outputs may name what comes later.
    """

    def __init__(self, context: Context, dag: dict[str, Any]) -> None:
        self.context = context
        self.graph = Graph()
        self._groups = self._entries(dag.get("task_groups"), ("task_groups",), "group_name", _GROUP_ID)
        self._tasks = self._entries(dag.get("tasks"), ("tasks",), "task_id", _TASK_ID)
        self._add_groups()
        for node, task in self._tasks:
            group = task.get("task_group_name")
            place = (*node.path, "task_group_name")
            named = group if isinstance(group, str) and not context.skipped(place) else None
            self.graph.add_task(node, named, place, context.fault)

    def _entries(self, sent: Any, path: Path, key: str, pattern: re.Pattern[str]) -> list[tuple[Node, dict[str, Any]]]:
        """Return each entry's node and what was sent for it, of a map or a list."""
        entries = []
        is_group = key == "group_name"
        pairs = (
            list(sent.items()) if isinstance(sent, dict) else list(enumerate(sent)) if isinstance(sent, list) else []
        )
        for index, entry in pairs:
            place = (*path, index)
            if entry is None and is_group:
                entry = {}  # a group without a word about it is a group
            if not isinstance(entry, dict):
                continue  # the schema has said so
            label, where = self._label(index, entry, place, key)
            if label is None:
                continue
            if not pattern.fullmatch(label):
                letters = "letters, digits, '_' and '-'" if is_group else "letters, digits, '_', '-' and '.'"
                self.context.fault(where, f"{quoted(label)} is no id; an id has {letters}")
                continue
            if len(label) > 250:
                self.context.fault(where, "its id is longer than 250 characters")
                continue
            prefixes = entry.get("prefix_group_id", True) is not False
            entries.append((Node(label, place, is_group=is_group, prefixes=prefixes), entry))
        return entries

    def _label(self, index: str | int, entry: dict[str, Any], place: Path, key: str) -> tuple[str | None, Path]:
        inside = entry.get(key)
        where = (*place, key)
        if self.context.skipped(where):
            return None, where
        if isinstance(index, str):
            if inside is not None and inside != index:
                self.context.fault(where, f"{quoted(inside)} is not {quoted(index)}, the key it stands under")
            return index, place
        if inside is None:
            self.context.fault(place, f"'{key}' is missing")
        return inside, where

    def _add_groups(self) -> None:
        parents: dict[str, tuple[str, Path]] = {}
        for node, group in self._groups:
            parent = group.get("parent_group_name")
            place = (*node.path, "parent_group_name")
            if isinstance(parent, str) and not self.context.skipped(place):
                parents[node.label] = (parent, place)
        self.graph.add_groups([node for node, _ in self._groups], parents, self.context.fault)

    def read(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the canonical groups and tasks."""
        context, graph = self.context, self.graph
        sent_groups = {node.path: group for node, group in self._groups}
        for node, entry in [*self._groups, *self._tasks]:
            self._read_dependencies(node, entry)
        groups = [self._read_group(index, node, sent_groups[node.path]) for index, node in enumerate(graph.groups)]
        context.output_of = self._output_of
        tasks = [self._read_task(index, node, task) for index, (node, task) in enumerate(self._tasks)]
        context.output_of = None
        graph.find_cycles(context.fault)
        for task, node in zip(tasks, graph.tasks):
            task["upstream"] = list(node.upstream)
        return groups, tasks

    def _read_dependencies(self, node: Node, entry: dict[str, Any]) -> None:
        names = entry.get("dependencies")
        place = (*node.path, "dependencies")
        if not isinstance(names, list):
            return
        for index, name in enumerate(names):
            where = (*place, index)
            if not isinstance(name, str) or self.context.skipped(where):
                continue
            before = self.graph.resolve(name, where, self.context.fault)
            if before is not None:
                node.upstream.setdefault(before.full_id, where)

    def _output_of(self, name: str, path: Path) -> str | None:
        before = self.graph.resolve(name, path, self._fault_of_output, groups=False)
        return before.full_id if before is not None else None

    def _fault_of_output(self, path: Path, detail: str) -> object:
        return self.context.fault(
            path, detail + '; a text that only starts with a plus is written {"__join__": ["+", "..."]}'
        )

    def _read_group(self, index: int, node: Node, group: dict[str, Any]) -> dict[str, Any]:
        context = self.context
        canonical: Path = ("task_groups", index)
        context.place(canonical, node.path)
        document = {key: value for key, value in group.items() if key != "default_args"}
        arguments = read_keys(
            context, "WorkflowTaskGroup", document, node.path, canonical=(*canonical, "arguments"), roles=_ARGUMENTS
        )
        default_args = group.get("default_args")
        if isinstance(default_args, dict):
            place = (*node.path, "default_args")
            context.place((*canonical, "arguments", "default_args"), place)
            arguments["default_args"] = read_keys(
                context, "WorkflowDefaultArgs", default_args, place, canonical=(*canonical, "arguments", "default_args")
            )
        context.place((*canonical, "upstream"), (*node.path, "dependencies"))
        return {
            "group_id": node.full_id,
            "label": node.label,
            "parent": node.parent,
            "upstream": list(node.upstream),
            "arguments": arguments,
        }

    def _read_task(self, index: int, node: Node, task: dict[str, Any]) -> dict[str, Any]:
        context = self.context
        canonical: Path = ("tasks", index)
        context.place(canonical, node.path)
        result: dict[str, Any] = {"task_id": node.full_id, "label": node.label, "group": node.parent}
        result.update(self._read_operator(canonical, node.path, task))
        context.outputs_used = []
        arguments = read_keys(
            context, "WorkflowTask", task, node.path, canonical=(*canonical, "arguments"), roles=_ARGUMENTS
        )
        self._read_callable(canonical, node.path, arguments, result)
        if runs_a_pod(result):
            make_pod_arguments(context, arguments, (*canonical, "arguments"), node.path)
        self._read_variables(canonical, node.path, task, arguments)
        result["upstream"] = []
        result["arguments"] = arguments
        for key in ("expand", "partial"):
            self._read_mapping(key, canonical, node.path, task, result)
        if "partial" in result and "expand" not in result and "expand" not in task:
            context.fault(
                (*node.path, "partial"),
                "is there without 'expand'; add what the task is mapped over, or give its content as arguments",
            )
        for task_id in context.outputs_used:
            node.upstream.setdefault(task_id, self._place_of_output(node, task, task_id))
        context.place((*canonical, "upstream"), (*node.path, "dependencies"))
        return result

    def _read_operator(self, canonical: Path, path: Path, task: dict[str, Any]) -> dict[str, Any]:
        context = self.context
        given = [key for key in ("operator", "decorator") if key in task]
        if len(given) == 2:
            context.fault((*path, "decorator"), "is there beside 'operator'; give one of them")
            return {}
        if not given:
            near = next(
                (nearest(key, ["operator", "decorator"]) for key in task if nearest(key, ["operator", "decorator"])), ""
            )
            context.fault(path, "'operator' is missing: the dotted path of the operator's class" + near)
            return {}
        key = given[0]
        place = (*path, key)
        if context.skipped(place):
            return {}
        value = task[key]
        if not is_dotted(value):
            context.fault(
                place, f"{quoted(value)} is no dotted path; give one such as airflow.operators.bash.BashOperator"
            )
            return {}
        if key == "decorator":
            if not value.startswith(_DECORATORS):
                context.fault(
                    place,
                    f"{quoted(value)} is no TaskFlow decorator; give one such as airflow.decorators.task",
                )
                return {}
            if not {"python_callable_name", "python_callable"} & set(task):
                context.fault(
                    path, "'python_callable_name' is missing: the function that the decorator makes a task of"
                )
        context.place((*canonical, key), place)
        return {key: todays_path(value) if key == "operator" else value}

    def _read_callable(self, canonical: Path, path: Path, arguments: dict[str, Any], result: dict[str, Any]) -> None:
        made = arguments.get("python_callable")
        if isinstance(made, dict) and "$callable" in made:
            result["callable"] = made["$callable"]
            del arguments["python_callable"]
            context = self.context
            context.places.pop((*canonical, "arguments", "python_callable"))
            context.place((*canonical, "callable"), (*path, "python_callable_name"))
            context.place((*canonical, "callable", "name"), (*path, "python_callable_name"))
            context.place((*canonical, "callable", "file"), (*path, "python_callable_file"))

    def _read_variables(self, canonical: Path, path: Path, task: dict[str, Any], arguments: dict[str, Any]) -> None:
        place = (*path, "variables_as_arguments")
        entries = task.get("variables_as_arguments")
        if not isinstance(entries, list) or self.context.skipped(place):
            return
        for index, entry in enumerate(entries):
            attribute = entry["attribute"]
            where = (*place, index, "attribute")
            if attribute in arguments or attribute in task:
                self.context.fault(where, f"the argument {quoted(attribute)} is given as well; give one of them")
            elif not attribute.isidentifier():
                self.context.fault(where, f"{quoted(attribute)} is no argument's name")
            else:
                arguments[attribute] = {"$variable": entry["variable"]}
                self.context.place((*canonical, "arguments", attribute), where)
                self.context.place((*canonical, "arguments", attribute, "$variable"), (*place, index, "variable"))

    def _read_mapping(
        self, key: str, canonical: Path, path: Path, task: dict[str, Any], result: dict[str, Any]
    ) -> None:
        place = (*path, key)
        if key not in task or self.context.skipped(place):
            return
        made = KINDS[key](self.context, task[key], place)
        if made is ABSENT or not isinstance(made, dict):
            return
        if key == "partial" and runs_a_pod(result):
            make_pod_arguments(self.context, made, (*canonical, key), place)
        result[key] = made
        self.context.place((*canonical, key), place)
        both = "expand" if key == "partial" else None
        for name in made:
            if name in result["arguments"] or (both and name in result.get(both, {})):
                self.context.fault(
                    (*place, name), "is given a second time; an argument is either mapped or the same for each"
                )

    def _place_of_output(self, node: Node, task: dict[str, Any], task_id: str) -> Path:
        """Return the path of the key in which a task's output is used first."""
        for key, value in task.items():
            if task_id in _outputs(value):
                return (*node.path, key)
        return next(((*node.path, key) for key in ("expand", "partial") if key in task), node.path)


def _outputs(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value[1:]} if value.startswith("+") else set()
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(_outputs(child) for child in children)) if children else set()
