"""When a DAG runs: cron expressions, presets, durations, timetables, datasets and conditions on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.allowed_packages import is_allowed
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.dag_factory_values import (
    CONDITIONS,
    read_condition,
    read_dataset,
    read_type,
    read_value,
)
from openmetadata_airflow_apis.definition.datasets import condition_of_text, looks_like_condition, with_uris
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.places import LISTS
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import Condition
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context, Read

PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_DATASETS_OR_TIME = (
    "airflow.timetables.datasets.DatasetOrTimeSchedule",
    "airflow.timetables.assets.AssetOrTimeSchedule",
)
# croniter knows these two as well, and Airflow passes it every preset that it doesn't know itself.
_CRONITER_PRESETS = ("@midnight", "@annually")


def read_schedule(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a schedule in canonical form; None for a DAG without a schedule."""
    if value is None:
        return None
    if isinstance(value, str):
        return _read_expression(context, value, path)
    if isinstance(value, list):
        return _read_datasets(context, value, path)
    if "__type__" in value:
        return _read_object(context, value, path)
    if "file" in value:
        with_datasets = with_uris(context, value, path)
        return ABSENT if with_datasets is ABSENT else read_schedule(context, with_datasets, path)
    if set(value) == {"datasets"}:
        return _read_condition_or_list(context, value["datasets"], path / "datasets")
    if {"datasets", "timetable"} <= set(value):
        return _read_datasets_or_time(context, value, path)
    if len(value) == 1 and next(iter(value)) in CONDITIONS:
        return read_condition(context, value, path)
    if "callable" in value:
        return read_timetable(context, value, path)
    return context.fault(path, "is no schedule: a map has 'datasets', '__and__', '__or__' or '__type__'")


def _read_object(context: Context, value: SentObject, path: PlainPath) -> Read:
    if value["__type__"] in LISTS and isinstance(value.get("items"), list):
        return _read_datasets(context, value["items"], path / "items")
    if value["__type__"] in _DATASETS_OR_TIME and {"datasets", "timetable"} <= set(value):
        return _read_datasets_or_time(context, value, path)
    schedule = read_type(context, value, path)
    if schedule is ABSENT:
        return ABSENT
    tag = tag_of(schedule)
    if tag == "$dataset":
        return [schedule]
    if tag == "$call":
        return schedule
    if tag != "$timedelta":
        return context.fault(path / "__type__", "is no schedule; give a timedelta, a timetable or a dataset")
    if schedule["$timedelta"] <= 0:
        return context.fault(path, "is not more than zero; runs need time between them")
    return schedule


def _read_datasets_or_time(context: Context, value: SentObject, path: PlainPath) -> Read:
    """Return a DatasetOrTimeSchedule, as dag-factory or as Airflow writes it."""
    for key in set(value) - {"__type__", "datasets", "timetable"}:
        return context.fault(path / key, f"unknown key '{key}'{nearest(key, ['datasets', 'timetable'])}")
    if not isinstance(value["timetable"], dict):
        return context.fault(path / "timetable", f"{kind_of(value['timetable'])}; give a `__type__` timetable")
    timetable = read_timetable(context, value["timetable"], path / "timetable")
    datasets = _read_condition_or_list(context, value["datasets"], path / "datasets")
    if timetable is ABSENT or datasets is ABSENT:
        return ABSENT
    kwargs = {"timetable": timetable, "datasets": datasets}
    return {"$call": {"path": _DATASETS_OR_TIME[0], "args": [], "kwargs": kwargs}}


def _read_condition_or_list(context: Context, value: Any, path: PlainPath) -> Read:
    if isinstance(value, str):
        return _read_condition_text(context, value, path)
    if isinstance(value, list):
        return _read_datasets(context, value, path)
    if isinstance(value, dict) and value:
        return read_condition(context, value, path)
    return context.fault(
        path, f"{kind_of(value)}; give a list of dataset URIs, or a map with '__and__' or '__or__' and such a list"
    )


def _read_condition_text(context: Context, value: str, path: PlainPath) -> Read:
    condition = _condition_of_text(context, value, path)
    return [condition] if tag_of(condition) == "$dataset" else condition


def _condition_of_text(context: Context, value: str, path: PlainPath) -> Condition | Literal[Absent.ABSENT]:
    """Return the condition that a text is, or the one dataset whose URI it is; all of its faults stand at the text."""
    try:
        condition = condition_of_text(value)
    except ValueError as error:
        return context.fault(path, f"{error}; give URIs with '&', '|' and brackets, such as (s3://a & s3://b) | s3://c")
    return _read_dataset_or_condition(context, condition, path)


def _read_dataset_or_condition(context: Context, value: Any, path: PlainPath) -> Condition | Literal[Absent.ABSENT]:
    """Return a dataset, or a condition on some: as a map, or as the text of one."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in CONDITIONS:
        return read_condition(context, value, path)
    if isinstance(value, str) and looks_like_condition(value):
        return _condition_of_text(context, value, path)
    return read_dataset(context, value, path)


def _read_expression(context: Context, value: str, path: PlainPath) -> Read:
    text = value.strip()
    if text.lower() in {"none", "null"}:
        return None
    if not text:
        return context.fault(path, "is empty; give null for a DAG without a schedule")
    if text in PRESETS:
        return text
    if text.startswith("@") and text not in _CRONITER_PRESETS:
        return context.fault(
            path, f"{quoted(value)} is no preset{nearest(text, PRESETS)}; they are {', '.join(PRESETS)}"
        )
    from croniter import croniter
    from croniter.croniter import CroniterError

    if len(text) > 200:
        return context.fault(path, "is longer than 200 characters; no cron expression is")
    if "R" in text.split()[0] or any(part[:1] in {"R", "r", "H", "h"} for part in text.split()):
        return context.fault(path, f"{quoted(value)} has a random part; give each field of the cron expression a value")
    try:
        # An expression that is well-formed and never comes due (February 31st) is refused as well.
        croniter(text, context.now).get_next()
    except (CroniterError, ValueError, KeyError, AttributeError, TypeError, IndexError, OverflowError) as error:
        reason = str(error).strip().rstrip(".")
        return context.fault(
            path, f'{quoted(value)} is no cron expression ({reason}); give one such as "0 3 * * *", or a preset'
        )
    return text


def _read_datasets(context: Context, value: list[Any], path: PlainPath) -> Read:
    """Return the datasets of a list, all of which must be updated; or a condition if one of them is a choice."""
    if not value:
        return context.fault(path, "is empty; give at least one dataset, or null for no schedule")
    items = [_read_dataset_or_condition(context, item, path / index) for index, item in enumerate(value)]
    if ABSENT in items:
        return ABSENT
    parts = [part for item in items for part in _all_of(item)]
    return {"$all": parts} if any(tag_of(part) == "$any" for part in parts) else parts


def _all_of(condition: Any) -> list[Any]:
    """Return the parts that must all hold for a condition to hold: those of its `__and__`, or the condition itself."""
    if tag_of(condition) != "$all":
        return [condition]
    return [part for item in condition["$all"] for part in _all_of(item)]


def read_timetable(context: Context, value: SentObject, path: PlainPath) -> Read:
    """Return a timetable of `callable` and `params`, or a `__type__` object."""
    if "__type__" in value:
        timetable = read_type(context, value, path)
        if timetable is not ABSENT and tag_of(timetable) != "$call":
            return context.fault(path / "__type__", "is no timetable; give one of airflow.timetables")
        return timetable
    for key in value:
        if key not in {"callable", "params"}:
            return context.fault(path / key, f"unknown key '{key}'{nearest(key, ['callable', 'params'])}")
    name = value.get("callable")
    if name is None:
        return context.fault(path, "'callable' is missing: the dotted path of the timetable's class")
    if not isinstance(name, str) or not is_allowed(name, context.allowed_packages, always=("airflow.timetables.",)):
        return context.fault(
            path / "callable",
            f"{quoted(name)} is no timetable that may be used; allowed are those of airflow.timetables and of "
            "the packages in [openmetadata_airflow_apis] allowed_callables",
        )
    params = value.get("params") or {}
    if not isinstance(params, dict):
        return context.fault(path / "params", f"{kind_of(params)}; give a map of the class's arguments")
    kwargs = {key: read_value(context, item, path / "params" / key) for key, item in params.items()}
    return ABSENT if ABSENT in kwargs.values() else {"$call": {"path": name, "args": [], "kwargs": kwargs}}


def read_datasets(context: Context, value: Any, path: PlainPath) -> Read:
    """Return the inlets or outlets of a task: datasets by URI, by names in a file, or as objects; one or a list."""
    if isinstance(value, dict) and "file" in value:
        value = with_uris(context, value, path)
        if value is ABSENT:
            return ABSENT
    if isinstance(value, dict) and set(value) == {"datasets"}:
        return read_datasets(context, value["datasets"], path / "datasets")
    places = [(value, path)] if not isinstance(value, list) else [(item, path / i) for i, item in enumerate(value)]
    datasets: list[Any] = []
    for item, place in places:
        condition = _read_dataset_or_condition(context, item, place)
        parts = [ABSENT] if condition is ABSENT else _all_of(condition)
        if any(tag_of(part) == "$any" for part in parts):
            key = "inlets" if "inlets" in path else "outlets"
            parts = [context.fault(place, f"is a choice, and a task has all of its {key}; give them in a list")]
        datasets += parts
    return ABSENT if ABSENT in datasets else datasets
