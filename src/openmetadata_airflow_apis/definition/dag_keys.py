"""The DAG's own keys, and what must fit together among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.key_readers import read_keys, read_timezone
from openmetadata_airflow_apis.definition.plain_values import moment_of
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.task_keys import Tasks

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.workflow import Path

_APART = frozenset({"timezone", "default_args", "tasks", "task_groups"})


def read_dag(context: Context, dag: dict[str, Any], *, max_tasks: int) -> dict[str, Any]:
    """Return the canonical definition of a plain one, without its dag_id; what is at fault is left out."""
    zone = dag.get("timezone")
    if isinstance(zone, str):
        made = read_timezone(context, zone, ("timezone",))
        context.zone = made if isinstance(made, str) else None
    context.place(("dag",), ())
    keys: dict[str, Any] = read_keys(
        context, "WorkflowDag", {key: dag[key] for key in dag if key not in _APART}, (), canonical=("dag",)
    )
    default_args: dict[str, Any] = {}
    if isinstance(dag.get("default_args"), dict):
        context.place(("dag", "default_args"), ("default_args",))
        default_args = read_keys(
            context, "WorkflowDefaultArgs", dag["default_args"], ("default_args",), canonical=("dag", "default_args")
        )
        keys["default_args"] = default_args
    context.place(("tasks",), ("tasks",))
    context.place(("task_groups",), ("task_groups",))
    groups: list[dict[str, Any]] = []
    tasks: list[dict[str, Any]] = []
    too_many = [_too_many(context, dag, key, max_tasks) for key in ("tasks", "task_groups")]
    if not any(too_many):
        groups, tasks = Tasks(context, dag).read()
    definition = {"dag": keys, "task_groups": groups, "tasks": tasks}
    _check_dates(context, dag, definition)
    _check_continuous(context, dag, keys)
    _check_fail_stop(context, keys, default_args, tasks)
    return definition


def _too_many(context: Context, sent: dict[str, Any], key: str, limit: int) -> bool:
    entries = sent.get(key)
    if not isinstance(entries, (dict, list)) or len(entries) <= limit:
        return False
    context.fault(
        (key,),
        f"has {len(entries)} {key.replace('_', ' ')}, and {limit} are allowed; an operator can raise "
        "[openmetadata_airflow_apis] max_tasks",
    )
    return True


def _check_dates(context: Context, sent: dict[str, Any], definition: dict[str, Any]) -> None:
    keys = definition["dag"]
    default_args = keys.get("default_args", {})
    start, end = (keys.get(key, default_args.get(key)) for key in ("start_date", "end_date"))
    default_sent = sent.get("default_args")
    was_sent = "start_date" in sent or (isinstance(default_sent, dict) and "start_date" in default_sent)
    # "schedule": null is the one thing that says that no date is needed; a faulty schedule says nothing.
    if not was_sent and keys.get("schedule", ABSENT) is not None:
        context.fault(
            (),
            "'start_date' is missing; give it in default_args, or \"schedule\": null for a DAG that is started by hand",
        )
    where: Path = ("end_date",) if "end_date" in keys else ("default_args", "end_date")
    if _ends_first(start, end):
        context.fault(where, "is before the start_date; the DAG would never run")
    for index, task in enumerate(definition["tasks"]):
        own = task["arguments"]
        if ("start_date" in own or "end_date" in own) and _ends_first(
            own.get("start_date", start), own.get("end_date", end)
        ):
            key = "end_date" if "end_date" in own else "start_date"
            place = context.places["tasks", index, "arguments", key]
            context.fault(place, "lets the task end before it starts; it would never run")


def _ends_first(start: Any, end: Any) -> bool:
    start_moment, end_moment = moment_of(start), moment_of(end)
    return start_moment is not None and end_moment is not None and end_moment < start_moment


def _check_continuous(context: Context, sent: dict[str, Any], keys: dict[str, Any]) -> None:
    if keys.get("schedule") == "@continuous" and keys.get("max_active_runs") != 1:
        where = next((key for key in ("schedule", "schedule_interval") if sent.get(key) == "@continuous"), "schedule")
        context.fault((where,), "'@continuous' needs \"max_active_runs\": 1")


def _check_fail_stop(
    context: Context, keys: dict[str, Any], default_args: dict[str, Any], tasks: list[dict[str, Any]]
) -> None:
    if keys.get("fail_stop") is not True:
        return
    usual = default_args.get("trigger_rule", "all_success")
    for index, task in enumerate(tasks):
        rule = task["arguments"].get("trigger_rule", usual)
        if rule != "all_success":
            place = context.places.get(("tasks", index, "arguments", "trigger_rule"), context.places["tasks", index])
            context.fault(place, f"the trigger rule '{rule}' doesn't go with the DAG's fail_stop; give 'all_success'")
