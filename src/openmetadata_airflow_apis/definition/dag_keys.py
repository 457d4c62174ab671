"""The DAG's own keys, and what must fit together among them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

from openmetadata_airflow_apis.definition.dates_and_durations import check_start_and_end, read_zone_of_dag
from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.key_readers import below, read_default_args, read_keys
from openmetadata_airflow_apis.definition.places import CanonicalPlace, PlainPath
from openmetadata_airflow_apis.definition.renamed_keys_and_values import schedule_keys
from openmetadata_airflow_apis.definition.task_ids import names_of_tasks
from openmetadata_airflow_apis.definition.task_keys import NO_TASKS, TasksRead, read_tasks
from openmetadata_airflow_apis.definition.template_folders import may_name_templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.canonical import DagKeys, TaskGroup, Value
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.key_readers import Paths
    from openmetadata_airflow_apis.definition.reading_context import Context

_APART = frozenset({"timezone", "default_args", "tasks", "task_groups"})
_TOP = PlainPath()


@dataclass(frozen=True)
class DagRead:
    """The canonical form of a plain definition; what was at fault is left out."""

    keys: DagKeys
    tasks: TasksRead
    key_paths: Paths

    @cached_property
    def paths(self) -> Paths:
        """Where the parts of the canonical definition come from. This is worked out only when it is asked for."""
        return {
            CanonicalPlace(("dag",)): _TOP,
            **below("dag", self.key_paths),
            CanonicalPlace(("task_groups",)): _TOP / "task_groups",
            CanonicalPlace(("tasks",)): _TOP / "tasks",
            **self.tasks.paths,
        }


def read_dag(context: Context, dag: SentObject, *, with_tasks: bool) -> DagRead:
    """Read a plain definition that was checked by the schema, and note every fault that is left in it.

    with_tasks: False for one with too many of them, which are left out.
    """
    context = replace(context, zone=read_zone_of_dag(context, dag, _TOP), refused_outputs=names_of_tasks(dag))
    own_keys = read_keys(context, "WorkflowDag", {key: value for key, value in dag.items() if key not in _APART}, _TOP)
    default_args = read_default_args(context, dag, _TOP)
    keys = cast("DagKeys", {**own_keys.values, **default_args.values})
    tasks = read_tasks(context, dag, keys.get("default_args", {})) if with_tasks else NO_TASKS
    if "template_searchpath" not in keys and may_name_templates(
        keys.get("default_args", {}), tasks.task_groups, tasks.tasks
    ):
        keys["template_searchpath"] = [{"$folder": ""}]
    dag_read = DagRead(keys, tasks, {**own_keys.paths, **default_args.paths})
    check_start_and_end(context, dag, keys, tasks)
    _check_continuous(context, dag, keys)
    _check_documentation(context, dag)
    _check_fail_stop(context, dag_read)
    return dag_read


def _check_continuous(context: Context, sent: SentObject, keys: DagKeys) -> None:
    if keys.get("schedule") == "@continuous" and keys.get("max_active_runs") != 1:
        keys_sent = [key for key in schedule_keys() if sent.get(key) == "@continuous"]
        context.fault(_TOP / (keys_sent[0] if keys_sent else "schedule"), "'@continuous' needs \"max_active_runs\": 1")


def _check_documentation(context: Context, sent: SentObject) -> None:
    if sent.get("doc_md_python_arguments") is not None and "doc_md_python_callable_name" not in sent:
        context.fault(
            _TOP / "doc_md_python_arguments", "is there without 'doc_md_python_callable_name', whose they are"
        )
    text = sent.get("doc_md")
    if isinstance(text, str) and text.endswith(".md") and "\n" not in text:
        # Airflow takes such a text for the path of a file on the machine that parses it.
        context.fault(
            _TOP / "doc_md",
            f"{quoted(text)} is the name of a file; write 'doc_md_file_path', below dag_managed_operators",
        )


def _check_fail_stop(context: Context, dag_read: DagRead) -> None:
    if dag_read.keys.get("fail_stop") is not True:
        return
    groups = {group["group_id"]: group for group in dag_read.tasks.task_groups}
    for index, task in enumerate(dag_read.tasks.tasks):
        rule = task["arguments"].get("trigger_rule") or _usual_rule(task["group"], groups, dag_read)
        if rule != "all_success":
            at_task = CanonicalPlace(("tasks", index))
            path = dag_read.paths.get(at_task.below(("arguments", "trigger_rule")), dag_read.paths[at_task])
            context.fault(path, f"the trigger rule '{rule}' doesn't go with the DAG's fail_stop; give 'all_success'")


def _usual_rule(group_id: str | None, groups: Mapping[str, TaskGroup], dag_read: DagRead) -> Value:
    """Return the trigger rule of default_args: of the innermost group that has one, or else of the DAG."""
    groups_left = dict(groups)  # groups at fault may be inside of each other
    while group_id is not None and group_id in groups_left:
        group = groups_left.pop(group_id)
        default_args = group["arguments"].get("default_args")
        if isinstance(default_args, dict) and "trigger_rule" in default_args:
            return default_args["trigger_rule"]
        group_id = group["parent"]
    return dag_read.keys.get("default_args", {}).get("trigger_rule", "all_success")
