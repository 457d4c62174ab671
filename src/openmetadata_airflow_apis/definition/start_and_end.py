"""When a DAG and its tasks start and end: a start_date that is missing, an end_date that comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.date_values import moment_of
from openmetadata_airflow_apis.definition.places import CanonicalPlace, PlainPath
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import DagKeys
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_keys import TasksRead

_TOP = PlainPath()


def check_start_and_end(context: Context, sent: SentObject, keys: DagKeys, tasks: TasksRead) -> None:
    """Note a fault where a DAG has no start_date and needs one, and where the DAG or a task ends before it starts.

    sent: the DAG as it was sent; a start_date that is at fault there is not missing.
    """
    default_args = keys.get("default_args", {})
    start, end = (keys.get(key, default_args.get(key)) for key in ("start_date", "end_date"))
    default_sent = sent.get("default_args")
    was_sent = "start_date" in sent or (isinstance(default_sent, dict) and "start_date" in default_sent)
    if not was_sent:
        _check_missing_start(context, keys, tasks)
    if _ends_first(start, end):
        holder = _TOP if "end_date" in keys else _TOP / "default_args"
        context.fault(holder / "end_date", "is before the start_date; the DAG would never run")
    for index, task in enumerate(tasks.tasks):
        arguments = task["arguments"]
        if ("start_date" in arguments or "end_date" in arguments) and _ends_first(
            arguments.get("start_date", start), arguments.get("end_date", end)
        ):
            key = "end_date" if "end_date" in arguments else "start_date"
            path = tasks.paths[CanonicalPlace(("tasks", index, "arguments", key))]
            context.fault(path, "lets the task end before it starts; it would never run")


def _check_missing_start(context: Context, keys: DagKeys, tasks: TasksRead) -> None:
    # Only "schedule": null means that no date is needed. A schedule at fault is missing here and doesn't mean it.
    if keys.get("schedule", ABSENT) is not None:
        cure = "give it in default_args"
        if not context.every_dag_needs_a_start:
            cure += ', or "schedule": null for a DAG that is started by hand'
        context.fault(_TOP, f"'start_date' is missing; {cure}")
    elif context.every_dag_needs_a_start:
        in_groups = any(
            "start_date" in ((group.get("arguments") or {}).get("default_args") or {}) for group in tasks.task_groups
        )
        if not in_groups and not all("start_date" in task["arguments"] for task in tasks.tasks):
            context.fault(
                _TOP,
                "'start_date' is missing; give it in default_args: before Airflow 2.8 a DAG that is started by hand "
                "needs one too",
            )


def _ends_first(start: Any, end: Any) -> bool:
    start_moment, end_moment = moment_of(start), moment_of(end)
    return start_moment is not None and end_moment is not None and end_moment < start_moment
