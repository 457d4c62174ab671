"""build_dag: a canonical definition in, an Airflow DAG out."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.dagbuild.built_values import FindFunction, Values, blaming, import_object, outputs_in
from openmetadata_airflow_apis.errors import DagNotBuilt

if TYPE_CHECKING:
    from typing import Callable

    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.definition.canonical import Arguments, Definition, Task, TaskGroup

    Place = tuple[str | int, ...]


def build_dag(
    definition: Definition,
    *,
    fileloc: str,
    callables: FindFunction,
    variables: Callable[[str], str] | None = None,
) -> DAG:
    """Return the DAG of a canonical definition; the same definition gives the same serialized DAG.

    fileloc: the path of the file that the DAG processor will find the DAG in.
    callables: gives the function for (file, name); ManagedCallables where the authors' code may run, a StandIns
    where it may not. variables: gives an Airflow Variable's value by its name, by default Variable.get.
    Raises DagNotBuilt, with the place in the definition, for whatever Airflow or an operator refuses.
    """
    try:
        return _Building(definition, fileloc, callables, variables).dag
    except DagNotBuilt as error:
        from openmetadata_airflow_apis.dagbuild.import_errors import place_in_words

        error.reword(place_in_words(error.place, definition), error.reason)
        raise


def _new_dag(dag_id: str, keywords: Arguments) -> DAG:
    from airflow.models.dag import DAG
    from airflow.timetables.base import Timetable

    schedule = keywords.get("schedule")
    if not isinstance(schedule, str) or schedule in {"@once", "@continuous"}:  # no cron expression, nor a name for one
        return DAG(dag_id, **keywords)
    # DAG() recognizes an instance of the protocol itself at once. For an instance of a class below it, as for None,
    # typing goes through the protocol's attributes twice, which costs half as much as a task.
    dag = DAG(dag_id, **{**keywords, "schedule": object.__new__(Timetable)})
    # The rest is what DAG() itself does with a cron expression, once it knows its time zone.
    # If time zones can't be keys (pendulum 3.1, which Airflow < 2.11.1 came with), each DAG has a timetable of its own.
    # This is asked here, since a parse would import airflow_versions for nothing else.
    make_timetable = _cron_timetable if type(dag.timezone).__hash__ is not None else _cron_timetable.__wrapped__
    dag.timetable = make_timetable(schedule, dag.timezone)
    dag.schedule_interval = schedule
    return dag


@lru_cache(maxsize=128)
def _cron_timetable(cron: str, timezone: Any) -> Any:
    """Return Airflow's timetable of a cron expression, the same object for all DAGs of a process that have it.

    To make one costs as much as two tasks: Airflow describes it in words, and reads their translations each time. A
    timetable does not change, and its answers do not depend on the DAG: once found valid, it is valid for all DAGs.
    """
    from airflow.models.dag import create_timetable

    timetable = create_timetable(cron, timezone)
    if not timetable.description:  # to describe it, Airflow has read it as validate() does
        timetable.validate()
    vars(timetable)["validate"] = _found_valid
    return timetable


def _found_valid() -> None:
    """Stand in for a timetable's validate: reading the expression anew costs as much as half a task."""


class _Building:
    def __init__(
        self,
        definition: Definition,
        fileloc: str,
        callables: FindFunction,
        variables: Callable[[str], str] | None,
    ) -> None:
        self._callables = callables
        self._values = Values(callables, self._output, variables)
        keywords = self._values.make_arguments(definition["dag"], ("dag",))
        # DAG() would open a file that the text names, and up to 2.7 render any text as a template, without a sandbox.
        documentation = keywords.pop("doc_md", None)
        with blaming(("dag",)):
            self.dag = _new_dag(definition["dag_id"], keywords)
        self.dag.doc_md = documentation
        self.dag.fileloc = fileloc
        self._nodes: dict[str, Any] = {}  # tasks and groups by their full ids
        groups = definition.get("task_groups") or []
        for index, group in enumerate(groups):
            with blaming(("task_groups", index)):
                self._nodes[group["group_id"]] = self._group(group, ("task_groups", index))
        tasks = definition["tasks"]
        self._takes = [outputs_in([task["arguments"], task.get("partial"), task.get("expand")]) for task in tasks]
        for index in _build_order(tasks, self._takes):
            task = tasks[index]
            place = ("tasks", index)
            with blaming(place):
                self._nodes[task["task_id"]] = self._task(task, place)
        self._connect(tasks, groups)

    def _output(self, task_id: str) -> Any:
        try:
            return self._nodes[task_id].output
        except KeyError:
            raise DagNotBuilt((), f"there is no task '{task_id}' whose output could be taken") from None

    def _group(self, group: TaskGroup, place: Place) -> Any:
        from airflow.utils.task_group import TaskGroup

        parent = group.get("parent")
        task_group = TaskGroup(
            group["label"],
            parent_group=self._nodes[parent] if parent else self.dag.task_group,
            dag=self.dag,
            **self._values.make_arguments(group.get("arguments") or {}, (*place, "arguments")),
        )
        return _named(task_group, task_group.group_id, group["group_id"])

    def _task(self, task: Task, place: Place) -> Any:
        arguments = self._values.make_arguments(task["arguments"], (*place, "arguments"))
        if "callable" in task:
            with blaming((*place, "callable")):
                arguments["python_callable"] = self._callables(task["callable"]["file"], task["callable"]["name"])
        group = task.get("group")
        arguments["task_id"] = task["label"]
        arguments["dag"] = self.dag
        if group is not None:
            arguments["task_group"] = self._nodes[group]
        if "decorator" in task:
            built_task = self._decorated(task, place, arguments)
        else:
            with blaming((*place, "operator")):
                operator = import_object(task["operator"])
            if "expand" in task:
                partial = self._values.make_arguments(task.get("partial") or {}, (*place, "partial"))
                expand = self._values.make_arguments(task["expand"], (*place, "expand"))
                built_task = operator.partial(**arguments, **partial).expand(**expand)
            else:
                built_task = operator(**arguments)
        if "is_setup" in task:
            built_task.as_setup()
        elif "is_teardown" in task:
            built_task.as_teardown(on_failure_fail_dagrun="on_failure_fail_dagrun" in task)
        return _named(built_task, built_task.task_id, task["task_id"])

    def _decorated(self, task: Task, place: Place, arguments: Arguments) -> Any:
        """Decorate the function and call it: its parameters' values go to it, the other arguments to the decorator.

        checks/task_checks.py checks the same split before a deploy.
        """
        with blaming((*place, "decorator")):
            decorator = import_object(task["decorator"])
        function = arguments.pop("python_callable")
        parameters = inspect.signature(function).parameters
        to_function = {
            key: arguments.pop(key) for key in list(arguments) if key in parameters and key in task["arguments"]
        }
        decorated = decorator(**arguments)(function)
        if "expand" in task:
            to_function.update(self._values.make_arguments(task.get("partial") or {}, (*place, "partial")))
            expand = self._values.make_arguments(task["expand"], (*place, "expand"))
            if to_function:
                decorated = decorated.partial(**to_function)
            return decorated.expand(**expand).operator
        return decorated(**to_function).operator

    def _connect(self, tasks: list[Task], groups: list[TaskGroup]) -> None:
        """Set the edges: between tasks first, then those of groups from the inside out.

        An edge of a group is set between its first and last tasks, which are known once everything in it is connected.
        """
        nodes = self._nodes
        group_edges: list[tuple[Place, str, str]] = []
        group_ids = {group["group_id"] for group in groups}
        for index, task in enumerate(tasks):
            upstream = task["upstream"]
            if group_ids and not group_ids.isdisjoint(upstream):
                group_edges += [(("tasks", index), task["task_id"], name) for name in upstream if name in group_ids]
                upstream = [name for name in upstream if name not in group_ids]
            if upstream:
                _connect_tasks(nodes, task["task_id"], upstream, ("tasks", index, "upstream"))
            if self._takes[index]:  # Airflow itself adds the edge for templated arguments only
                _connect_tasks(nodes, task["task_id"], sorted(self._takes[index]), ("tasks", index))
        for index, group in enumerate(groups):
            group_edges += [(("task_groups", index), group["group_id"], name) for name in group.get("upstream") or []]
        if group_edges:
            depth = _Depths(tasks, groups)
            for place, name, upstream_id in sorted(group_edges, key=lambda edge: -depth.of_edge(edge[1], edge[2])):
                with blaming((*place, "upstream")):
                    nodes[name].set_upstream(nodes[upstream_id])


def _connect_tasks(nodes: dict[str, Any], task_id: str, upstream: list[str], place: Place) -> None:
    """Set edges as set_upstream does between two tasks of one DAG, without its search for the DAG: that costs 50 µs."""
    upstream_ids = nodes[task_id].upstream_task_ids
    for name in upstream:
        if name not in nodes:
            raise DagNotBuilt(place, f"there is no task '{name}'")
        nodes[name].downstream_task_ids.add(task_id)
        upstream_ids.add(name)


class _Depths:
    """How deep tasks and groups are in the tree of groups."""

    def __init__(self, tasks: list[Task], groups: list[TaskGroup]) -> None:
        self._parents = {group["group_id"]: group.get("parent") for group in groups}
        self._parents.update({task["task_id"]: task.get("group") for task in tasks})

    def of_edge(self, one_end: str, other_end: str) -> int:
        """Return the number of groups that both ends are in."""
        return len(self._ancestors(one_end) & self._ancestors(other_end))

    def _ancestors(self, name: str) -> set[str]:
        ancestors = set()
        parent = self._parents.get(name)
        while parent is not None:
            ancestors.add(parent)
            parent = self._parents.get(parent)
        return ancestors


def _named(node: Any, actual: str, expected: str) -> Any:
    if actual != expected:
        raise DagNotBuilt((), f"Airflow names it '{actual}', the definition '{expected}'")
    return node


def _build_order(tasks: list[Task], takes: list[set[str]]) -> list[int]:
    """Return the indexes of tasks, each after the tasks whose output it takes."""
    if not any(takes):
        return list(range(len(tasks)))
    index_of = {task["task_id"]: index for index, task in enumerate(tasks)}
    order: list[int] = []
    placed: set[int] = set()
    for first in range(len(tasks)):
        stack = [(first, iter(sorted(takes[first])))]
        path = {first}
        while stack:
            index, names_left = stack[-1]
            for name in names_left:
                upstream_index = index_of.get(name)
                if upstream_index is None or upstream_index in placed:
                    continue
                if upstream_index in path:
                    raise DagNotBuilt(
                        ("tasks", index), f"its arguments take, over others, their own task's output ('{name}')"
                    )
                stack.append((upstream_index, iter(sorted(takes[upstream_index]))))
                path.add(upstream_index)
                break
            else:
                stack.pop()
                path.discard(index)
                if index not in placed:
                    placed.add(index)
                    order.append(index)
    return order
