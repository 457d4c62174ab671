"""Durations, dates and time zones: the texts that are read as them, and their canonical form.

And when a DAG and its tasks start and end: a start_date that is missing, an end_date that comes first.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.places import CanonicalPlace, PlainPath
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import (
        CallTag,
        DagKeys,
        DatetimeTag,
        Task,
        TaskGroup,
        TimedeltaTag,
    )
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context

TIMEDELTA = "datetime.timedelta"
DATETIME = "datetime.datetime"
TIME = "datetime.time"
_TIMEDELTA_UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
# The order in which datetime.timedelta takes them without names.
_TIMEDELTA_ORDER = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_DATETIME_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_TIME_PARTS = _DATETIME_PARTS[3:]

_LONGEST = timedelta(days=36525)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)
_AGO = re.compile(r"(?:\d{1,6}\s*[a-z]+\s*)+", re.ASCII)
_AMOUNT = re.compile(r"(\d+)\s*([a-z]+)", re.ASCII)
_UNITS = {
    "w": "weeks", "week": "weeks",
    "d": "days", "day": "days",
    "h": "hours", "hr": "hours", "hour": "hours",
    "m": "minutes", "min": "minutes", "minute": "minutes",
    "s": "seconds", "sec": "seconds", "second": "seconds",
}  # fmt: skip


def duration_value(delta: timedelta) -> TimedeltaTag:
    """Return a duration in canonical form; raise ValueError if it is longer than a hundred years."""
    if abs(delta) > _LONGEST:
        raise ValueError
    seconds = delta.total_seconds()
    return {"$timedelta": int(seconds) if seconds == int(seconds) else seconds}


def parse_duration(text: str) -> timedelta | None:
    """Return the duration that a text such as "1 day 12 hours" means, or None."""
    lowered = text.strip().lower()
    if not _AGO.fullmatch(lowered):
        return None
    amounts: dict[str, int] = {}
    for number, unit in _AMOUNT.findall(lowered):
        name = _UNITS.get(unit) or (_UNITS.get(unit.removesuffix("s")) if len(unit) > 2 else None)  # "ms" is none
        if name is None or name in amounts:
            return None
        amounts[name] = int(number)
    delta = timedelta(**amounts)
    return delta if delta <= _LONGEST else None


def date_value(moment: datetime, zone: str | None) -> DatetimeTag:
    """Return a moment in canonical form. zone: the DAG's time zone, if it has one."""
    text = moment.isoformat()
    return {"$datetime": {"at": text, "timezone": zone} if zone else text}


def _parse_date(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 text means, naive if it has no offset; None if it means none."""
    from dateutil.parser import isoparse

    try:
        moment = isoparse(text)
    except (ValueError, OverflowError):
        return None
    if not _is_in_range(moment):
        return None
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=timezone(offset))


def _is_in_range(moment: datetime) -> bool:
    """Tell whether a moment is in the years that definitions may name."""
    return 1900 <= moment.year <= 9998


def read_date_text(context: Context, value: str, path: PlainPath) -> DatetimeTag | Literal[Absent.ABSENT]:
    """Return a date that was sent as a text: ISO 8601 with its offset kept, or a time before today.

    "2 days" is a midnight, in the DAG's time zone, that the deployment fixes.
    """
    text = value.strip()
    if _DATE.fullmatch(text):
        moment = _parse_date(text)
        if moment is None:
            return context.fault(path, f"{quoted(value)} is no date of the calendar and the clock, from 1900 to 9998")
        return date_value(moment, context.zone)
    ago = timedelta(0) if text.lower() in {"now", "today"} else parse_duration(text)
    if ago is None:
        return context.fault(
            path,
            f'{quoted(value)} is no date; give ISO 8601, such as "2024-01-01T00:00:00Z", '
            'or a time before today, such as "2 days"',
        )
    return date_value(_midnight_before(context.now, ago, context.zone), context.zone)


def _midnight_before(now: datetime, ago: timedelta, zone: str | None) -> datetime:
    """Return the last midnight less a duration: in the time zone and without an offset, or in UTC with its offset."""
    today = now.astimezone(ZoneInfo(zone or "UTC")).replace(hour=0, minute=0, second=0, microsecond=0)
    moment = today.replace(tzinfo=None) - ago
    return moment if zone else moment.replace(tzinfo=timezone.utc)


def moment_of(value: Any) -> datetime | None:
    """Return the moment of a canonical date, for comparing; a date without an offset counts as UTC."""
    if not isinstance(value, dict) or "$datetime" not in value:
        return None
    date = value["$datetime"]
    zone = ZoneInfo(date["timezone"]) if isinstance(date, dict) else timezone.utc
    moment = datetime.fromisoformat(date["at"] if isinstance(date, dict) else date)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


# ── `__type__` objects ──


def read_timedelta_object(
    context: Context, args: list[Any], kwargs: SentObject, path: PlainPath
) -> TimedeltaTag | Literal[Absent.ABSENT]:
    """Return the duration that the arguments of a timedelta make."""
    is_valid = True
    for key, item in kwargs.items():
        if key not in _TIMEDELTA_UNITS:
            context.fault(path / key, f"a timedelta has no '{key}'{nearest(key, _TIMEDELTA_UNITS)}")
            is_valid = False
        elif not _is_number(item):
            context.fault(path / key, f"{kind_of(item)}; give a number")
            is_valid = False
    if not all(map(_is_number, args)) or len(args) > len(_TIMEDELTA_ORDER):
        context.fault(path / "__args__", f"of a timedelta are numbers, in this order: {', '.join(_TIMEDELTA_ORDER)}")
        is_valid = False
    if not is_valid:
        return ABSENT
    if not args and not kwargs:
        return context.fault(path, 'a timedelta needs an amount, such as "hours": 2')
    given_twice = next((unit for unit in _TIMEDELTA_ORDER[: len(args)] if unit in kwargs), None)
    if given_twice is not None:
        return context.fault(path / given_twice, "is among the '__args__' as well; give it once")
    try:
        return duration_value(timedelta(*args, **kwargs))
    except (OverflowError, ValueError):
        return context.fault(path, "is longer than a hundred years")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_pendulum_datetime_object(
    context: Context, args: list[Any], kwargs: SentObject, path: PlainPath
) -> DatetimeTag | Literal[Absent.ABSENT]:
    """Return the date that the arguments of a pendulum.datetime make, in its own time zone."""
    # pendulum's dates always have a time zone
    zone = kwargs.get("tz", "UTC")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError, TypeError):
        return context.fault(path / "tz", f"{quoted(zone)} is no IANA time zone; give one such as Europe/Berlin")
    parts = {key: value for key, value in kwargs.items() if key != "tz"}
    return _datetime_in(zone, context, args, parts, path)


def read_datetime_object(
    context: Context, args: list[Any], kwargs: SentObject, path: PlainPath
) -> DatetimeTag | Literal[Absent.ABSENT]:
    """Return the date that the arguments of a datetime make, in the DAG's time zone."""
    return _datetime_in(context.zone, context, args, kwargs, path)


def _datetime_in(
    zone: str | None, context: Context, args: list[Any], kwargs: SentObject, path: PlainPath
) -> DatetimeTag | Literal[Absent.ABSENT]:
    for key in kwargs:
        if key not in _DATETIME_PARTS:
            return context.fault(path / key, f"a datetime has no '{key}' here{nearest(key, _DATETIME_PARTS)}")
    try:
        moment = datetime(*args, **kwargs)  # noqa: DTZ001 - the DAG's time zone is added where it has one
    except (TypeError, ValueError, OverflowError):
        return context.fault(path, "is no date of the calendar and the clock")
    if not _is_in_range(moment):
        return context.fault(path, "is no date from 1900 to 9998")
    return date_value(moment, zone)


def read_time_object(
    context: Context, args: list[Any], kwargs: SentObject, path: PlainPath
) -> CallTag | Literal[Absent.ABSENT]:
    """Return the time of the clock that the arguments of a time make."""
    for key in kwargs:
        if key not in _TIME_PARTS:
            return context.fault(path / key, f"a time has no '{key}' here{nearest(key, _TIME_PARTS)}")
    parts = {**dict(zip(_TIME_PARTS, args)), **kwargs}
    hour, minute, second, microsecond = (parts.get(name, 0) for name in _TIME_PARTS)
    try:
        if len(parts) < len(args) + len(kwargs) or any(type(part) is not int for part in parts.values()):
            raise ValueError
        time(hour, minute, second, microsecond)
    except (ValueError, OverflowError):
        return context.fault(path, "is no time of the clock")
    return {"$call": {"path": TIME, "args": [], "kwargs": parts}}


# ── time zones ──


def read_zone_of_dag(context: Context, dag: SentObject, path: PlainPath) -> str | None:
    """Return the DAG's time zone: its own key, else that of default_args, where older files of dag-factory have it."""
    default_args = dag.get("default_args")
    if "timezone" in dag or not isinstance(default_args, dict):
        return read_own_timezone(context, dag, path)
    # A fault in it is noted when default_args are read.
    return read_own_timezone(replace(context, faults=[]), default_args, path / "default_args")


def read_own_timezone(context: Context, keys: Mapping[str, Any], path: PlainPath) -> str | None:
    """Return the `timezone` among the keys of a DAG or of default_args, None if there is none or it is at fault."""
    sent = keys.get("timezone")
    zone = read_timezone(context, sent, path / "timezone") if isinstance(sent, str) else None
    return None if zone is ABSENT else zone


def read_timezone(context: Context, value: str, path: PlainPath) -> str | Literal[Absent.ABSENT]:
    """Return the name of a time zone."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        return context.fault(path, f"{quoted(value)} is no IANA time zone; give one such as Europe/Berlin")
    return value


# ── start and end ──

_TOP = PlainPath()


class Tasks(Protocol):
    """The canonical groups and tasks of a definition, and where their parts come from."""

    @property
    def task_groups(self) -> list[TaskGroup]: ...

    @property
    def tasks(self) -> list[Task]: ...

    @property
    def paths(self) -> Mapping[CanonicalPlace, PlainPath]: ...


def check_start_and_end(context: Context, sent: SentObject, keys: DagKeys, tasks: Tasks) -> None:
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


def _check_missing_start(context: Context, keys: DagKeys, tasks: Tasks) -> None:
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
