"""Values as JSON: dataclasses become objects, dates become RFC 3339 strings."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from functools import cache
from typing import Any

from connexion.jsonifier import Jsonifier

from openmetadata_airflow_apis.errors import Fault, InvalidBody

# Fields that are left out if None, since generated clients fail on objects that may be null.
_LEFT_OUT = frozenset({"changes", "last_run", "nodes", "recent_runs", "task_instances"})


# Longer answers are not indented: nobody reads them, and without indents Python's C encoder is 20 times as fast.
_INDENTED_ITEMS = 200


class Json(Jsonifier):
    """connexion's JSON: indented for people, but on one line if an answer lists more than they would read."""

    def dumps(self, data: Any, **arguments: Any) -> str:
        """Return an answer's text."""
        if _lists_many(data):
            arguments["indent"] = None
        text: str = super().dumps(data, **arguments)
        return text


def _lists_many(data: Any) -> bool:
    """Say whether an answer has too many items to indent, in its lists or in lists of their items."""
    lists = _lists(data)
    if sum(len(items) for items in lists) > _INDENTED_ITEMS:
        return True
    return sum(len(inner) for items in lists for item in items for inner in _lists(item)) > _INDENTED_ITEMS


def _lists(data: Any) -> list[list[Any]]:
    return [item for item in data.values() if isinstance(item, list)] if isinstance(data, dict) else []


def to_json(value: Any) -> Any:
    """Return a dataclass, or a list or dict of them, as plain JSON values; datetimes in UTC with six decimals."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    kind: Any = type(value)
    names = _field_names(kind)
    if names is not None:
        values = [(name, getattr(value, name)) for name in names]
        return {name: to_json(item) for name, item in values if item is not None or name not in _LEFT_OUT}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value


@cache
def _field_names(kind: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields, None for any other class."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


def restarted(run: Any) -> dict[str, Any]:
    """Return the body of a restart: what was cleared, and how many task instances that are."""
    return {**to_json(run), "clear_task_count": run.clear_task_count}


def restarted_runs(restart: Any) -> dict[str, Any]:
    """Return the body of a restart of many runs, with the totals of all of them."""
    return {
        "dag_id": restart.dag_id,
        "failed_task_count": restart.failed_task_count,
        "clear_task_count": restart.clear_task_count,
        "dag_runs": [restarted(run) for run in restart.dag_runs],
        "untouched": to_json(restart.untouched),
        "dry_run": restart.dry_run,
    }


def stopped(run: Any, still_running: Any) -> dict[str, Any]:
    """Return the body of a kill, skip or success, with the task instances whose process is still running."""
    return {**to_json(run), "still_running": to_json(still_running)}


def killed_runs(kill: Any, still_running: Any) -> dict[str, Any]:
    """Return the body of a kill of many runs. still_running: for each run, the same as for one."""
    return {
        "dag_id": kill.dag_id,
        "dag_runs": [stopped(run, running) for run, running in zip(kill.dag_runs, still_running)],
        "untouched": to_json(kill.untouched),
        "dry_run": kill.dry_run,
    }


def date_time(text: str | None, pointer: str) -> datetime | None:
    """Return an RFC 3339 date-time of a body, in UTC. Raises InvalidBody if it is none or has no offset."""
    if text is None:
        return None
    try:
        moment = moment_of(text)
    except ValueError:
        raise InvalidBody([Fault(pointer, f"'{text}' is not a date-time such as 2024-01-31T12:00:00Z")]) from None
    except OverflowError:
        raise InvalidBody([Fault(pointer, f"'{text}' {BEYOND_THE_CALENDAR}")]) from None
    if moment is None:
        raise InvalidBody([Fault(pointer, f"'{text}' has no offset; write it as {text}Z or {text}+01:00")])
    return moment


BEYOND_THE_CALENDAR = "is in UTC before the year 1 or after the year 9999; give a date between them"


def moment_of(text: str) -> datetime | None:
    """Return an RFC 3339 date-time in UTC, None if it has no offset.

    Raises ValueError if it is not a date-time, OverflowError if it is outside the years 1 to 9999 in UTC.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    return None if moment.tzinfo is None else moment.astimezone(timezone.utc)
