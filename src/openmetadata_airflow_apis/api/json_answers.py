"""Values as JSON: dataclasses become objects, dates become RFC 3339 strings."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from functools import cache
from typing import Any

from connexion.jsonifier import Jsonifier

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
