"""The keys of tasks and task groups, which are sent as maps or lists and become the canonical lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Union

from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.dependency_cycles import find_cycles
from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.http_operator_bodies import (
    default_json_body,
    sends_json,
    with_json_body,
    with_mapped_json_bodies,
)
from openmetadata_airflow_apis.definition.key_readers import (
    KeysRead,
    Paths,
    below,
    read_default_args,
    read_expand,
    read_keys,
    read_partial,
)
from openmetadata_airflow_apis.definition.kubernetes_arguments import read_pod_arguments, runs_a_pod
from openmetadata_airflow_apis.definition.operator_or_decorator import read_operator
from openmetadata_airflow_apis.definition.places import CanonicalPlace, PlainPath
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.refused_and_ignored_keys import is_argument
from openmetadata_airflow_apis.definition.setup_and_teardown import (
    SETUP_TEARDOWN_KEYS,
    read_setup_teardown,
)
from openmetadata_airflow_apis.definition.task_ids import read_ids
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import (
        Arguments,
        CallableKey,
        MappedKeys,
        Task,
        TaskGroup,
    )
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_ids import Graph, Node, Upstream


@dataclass(frozen=True)
class TasksRead:
    """The canonical groups and tasks of a definition."""

    task_groups: list[TaskGroup]
    tasks: list[Task]
    parts: tuple[_GroupOrTask, ...]

    @cached_property
    def paths(self) -> Paths:
        """Where the parts of the groups and tasks come from. This is worked out only when it is asked for, and once."""
        return {
            CanonicalPlace((*part.place, *place)): path for part in self.parts for place, path in part.paths().items()
        }


NO_TASKS = TasksRead([], [], ())


def read_tasks(context: Context, dag: SentObject, default_args: Arguments) -> TasksRead:
    """Read the tasks and groups of a plain definition; those without an id of their own are left out.

    default_args: the DAG's, in canonical form.
    """
    ids = read_ids(context, dag)
    graph = ids.graph
    outputs = _OutputsTaken(graph)
    in_tasks = replace(context, take_output=outputs.take)
    groups = [
        _read_group(context, CanonicalPlace(("task_groups", index)), node, ids.dependencies[node.entry])
        for index, node in enumerate(graph.groups)
    ]
    group_keys = {group.node.full_id: group.keys for group in groups}
    tasks = [
        _read_task(
            in_tasks,
            CanonicalPlace(("tasks", index)),
            node,
            ids.dependencies[node.entry],
            outputs,
            default_args={**default_args, **_of_groups(node.parent, group_keys)},
        )
        for index, node in enumerate(graph.tasks)
    ]
    parts: tuple[_GroupOrTask, ...] = (*groups, *tasks)
    find_cycles(context, graph, {part.node: part.upstream for part in parts})
    return TasksRead([group.keys for group in groups], [task.keys for task in tasks], parts)


class _OutputsTaken:
    """The tasks whose output each task takes, in the order in which they are met, and where it is taken first."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._first: dict[PlainPath, dict[str, PlainPath]] = {}

    def take(self, name: str, path: PlainPath, advice: str) -> str | None:
        """Return the id of the task that a name means; if it means none, note a fault with the advice at the path."""
        node = self._graph.resolve(name, path, groups=False, advice=advice)
        if node is None:
            return None
        self._first.setdefault(path.top(2), {}).setdefault(node.full_id, path.top(3))
        return node.full_id

    def of(self, task: PlainPath) -> Upstream:
        """Return the tasks whose output is taken in the arguments of the task at a path, with the key that does so."""
        return self._first.get(task, {})


# ── groups ──


@dataclass(frozen=True)
class _GroupRead:
    """A task group. place: where it goes in the canonical definition; argument_paths: default_args included."""

    keys: TaskGroup
    node: Node
    upstream: Upstream
    place: CanonicalPlace
    argument_paths: Paths

    def paths(self) -> Paths:
        """Return where the parts of the group come from."""
        return {
            CanonicalPlace(): self.node.path,
            CanonicalPlace(("upstream",)): self.node.path / "dependencies",
            **below("arguments", self.argument_paths),
        }


def _of_groups(group_id: str | None, groups: Mapping[str, TaskGroup]) -> Arguments:
    """Return the default_args that a task has of its groups: those of the innermost go first."""
    merged: Arguments = {}
    seen: set[str] = set()
    while group_id is not None and group_id in groups and group_id not in seen:  # in each other: that is a fault
        seen.add(group_id)
        merged = {**groups[group_id]["arguments"].get("default_args", {}), **merged}
        group_id = groups[group_id]["parent"]
    return merged


def _read_group(context: Context, place: CanonicalPlace, node: Node, upstream: Upstream) -> _GroupRead:
    sent = {key: value for key, value in node.sent.items() if key != "default_args"}
    own = read_keys(context, "WorkflowTaskGroup", sent, node.path)
    default_args = read_default_args(context, node.sent, node.path)
    keys: TaskGroup = {
        "group_id": node.full_id,
        "label": node.label,
        "parent": node.parent,
        "upstream": list(upstream),
        "arguments": {**own.values, **default_args.values},
    }
    return _GroupRead(keys, node, upstream, place, {**own.paths, **default_args.paths})


# ── tasks ──


@dataclass(frozen=True)
class _TaskRead:
    """A task. place: where it goes in the canonical definition."""

    keys: Task
    node: Node
    upstream: Upstream
    place: CanonicalPlace
    argument_paths: Paths
    partial_paths: Paths

    def paths(self) -> Paths:
        """Return where the parts of the task come from."""
        path = self.node.path
        paths = {
            CanonicalPlace(): path,
            CanonicalPlace(("upstream",)): path / "dependencies",
            **below("arguments", self.argument_paths),
            **below("partial", self.partial_paths),
        }
        paths.update((CanonicalPlace((key,)), path / key) for key in _KEPT_KEYS if key in self.keys)
        if "callable" in self.keys:
            paths[CanonicalPlace(("callable",))] = path / "python_callable_name"
            paths[CanonicalPlace(("callable", "name"))] = path / "python_callable_name"
            paths[CanonicalPlace(("callable", "file"))] = path / "python_callable_file"
        return paths


_GroupOrTask = Union[_GroupRead, _TaskRead]
# The keys of a task that stand in the canonical definition as they do in the plain one.
_KEPT_KEYS = ("operator", "decorator", "expand", "partial", *SETUP_TEARDOWN_KEYS)


def _read_task(
    context: Context,
    place: CanonicalPlace,
    node: Node,
    dependencies: Upstream,
    outputs: _OutputsTaken,
    *,
    default_args: Arguments,
) -> _TaskRead:
    operator = read_operator(context, node)
    arguments, function = _without_callable(read_keys(context, "WorkflowTask", node.sent, node.path))
    is_pod = runs_a_pod(operator)
    if is_pod:
        arguments = _of_pod(context, arguments, node.path)
    arguments = _with_variables(context, arguments, node)
    mapped, partial_paths = _read_mapping(context, node, arguments.values, is_pod=is_pod)
    all_arguments = {**default_args, **arguments.values, **mapped.get("partial", {}), **mapped.get("expand", {})}
    if sends_json(operator, all_arguments):
        values = with_json_body(context, arguments.values, node.path)
        if "data" in default_args and all_arguments["data"] is default_args["data"]:
            values = {**values, **default_json_body(context, default_args["data"], node.path)}
        arguments = replace(arguments, values=values)
        mapped = _with_json_bodies(context, mapped, node.path)
    by_output = {task_id: path for task_id, path in outputs.of(node.path).items() if task_id not in dependencies}
    upstream = {**dependencies, **by_output}
    keys: Task = {
        "task_id": node.full_id,
        "label": node.label,
        "group": node.parent,
        **operator,
        **function,
        **read_setup_teardown(context, node, {**arguments.values, **mapped.get("partial", {})}),
        "upstream": list(upstream),
        "arguments": arguments.values,
        **mapped,
    }
    return _TaskRead(keys, node, upstream, place, arguments.paths, partial_paths)


def _with_json_bodies(context: Context, mapped: MappedKeys, path: PlainPath) -> MappedKeys:
    keys = mapped.copy()
    if "partial" in keys:
        keys["partial"] = with_json_body(context, keys["partial"], path / "partial")
    if "expand" in keys:
        keys["expand"] = with_mapped_json_bodies(context, keys["expand"], path / "expand")
    return keys


def _without_callable(arguments: KeysRead) -> tuple[KeysRead, CallableKey]:
    """Take a function of a callable file out of the arguments: the task has it as its `callable`."""
    function = arguments.values.get("python_callable", {})
    if tag_of(function) != "$callable":
        return arguments, {}
    values = {name: value for name, value in arguments.values.items() if name != "python_callable"}
    paths = {place: path for place, path in arguments.paths.items() if place != ("python_callable",)}
    return KeysRead(values, paths), {"callable": function["$callable"]}


def _of_pod(context: Context, arguments: KeysRead, path: PlainPath) -> KeysRead:
    values, renamed = read_pod_arguments(context, arguments.values, path)
    return KeysRead(values, {**arguments.paths, **renamed})


def _with_variables(context: Context, arguments: KeysRead, node: Node) -> KeysRead:
    """Add the arguments whose values are Airflow Variables; a value that the task itself gives is the default."""
    entries = node.sent.get("variables_as_arguments")
    if not isinstance(entries, list):
        return arguments
    path = node.path / "variables_as_arguments"
    if path in context.skipped_paths:
        return arguments
    values, paths = dict(arguments.values), dict(arguments.paths)
    for index, entry in enumerate(entries):
        name, at_name = entry["attribute"], path / index / "attribute"
        if not name.isidentifier() or not is_argument(properties("WorkflowTask").get(name, {})):
            context.fault(at_name, f"{quoted(name)} is no argument's name")
        elif tag_of(values.get(name)) == "$variable":
            context.fault(at_name, f"the argument {quoted(name)} is the value of another Variable already")
        elif name in values:
            values[name] = {"$variable": {"name": entry["variable"], "default": values[name]}}
        elif name not in node.sent:  # else it has its fault already
            values[name] = {"$variable": entry["variable"]}
            paths[CanonicalPlace((name,))] = at_name
            paths[CanonicalPlace((name, "$variable"))] = path / index / "variable"
    return KeysRead(values, paths)


def _read_mapping(context: Context, node: Node, arguments: Arguments, *, is_pod: bool) -> tuple[MappedKeys, Paths]:
    """Return what a task is mapped over and the arguments that are the same for each of its instances.

    The second value: where the renamed arguments in `partial` come from.
    """
    keys: MappedKeys = {}
    paths: Paths = {}
    expand = _read_map(context, node, "expand")
    if expand is not None:
        keys["expand"] = expand
        _note_twice(context, expand, arguments, node.path / "expand")
    partial = _read_map(context, node, "partial")
    if partial is not None:
        if is_pod:
            partial, paths = read_pod_arguments(context, partial, node.path / "partial")
        keys["partial"] = partial
        _note_twice(context, partial, {**arguments, **(expand or {})}, node.path / "partial")
        if "expand" not in node.sent:
            context.fault(
                node.path / "partial",
                "is there without 'expand'; add what the task is mapped over, or give its content as arguments",
            )
    return keys, paths


def _read_map(context: Context, node: Node, key: Literal["expand", "partial"]) -> Arguments | None:
    if key not in node.sent:
        return None
    path = node.path / key
    if path in context.skipped_paths:
        return None
    arguments = (read_expand if key == "expand" else read_partial)(context, node.sent[key], path)
    return None if arguments is ABSENT else arguments


def _note_twice(context: Context, mapped_arguments: Arguments, other_arguments: Arguments, path: PlainPath) -> None:
    for name in mapped_arguments:
        if name in other_arguments:
            context.fault(path / name, "is given a second time; an argument is either mapped or the same for each")
