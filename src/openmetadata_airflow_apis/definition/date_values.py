"""Durations and moments: the texts that are read as them, and their canonical form."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import DatetimeTag, TimedeltaTag

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


def looks_like_a_date(text: str) -> bool:
    """Tell whether a text has the form of an ISO 8601 date, even if the calendar has no such day."""
    return _DATE.fullmatch(text) is not None


def parse_date(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 text means, naive if it has no offset; None if it means none."""
    from dateutil.parser import isoparse

    try:
        moment = isoparse(text)
    except (ValueError, OverflowError):
        return None
    if not is_in_range(moment):
        return None
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=timezone(offset))


def is_in_range(moment: datetime) -> bool:
    """Tell whether a moment is in the years that definitions may name."""
    return 1900 <= moment.year <= 9998


def midnight_before(now: datetime, ago: timedelta, zone: str | None) -> datetime:
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
