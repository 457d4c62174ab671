"""Lines and columns of a file: where something stands in its text, and a fault's own.

For a JSON text they are found here, since json.loads doesn't tell them; for YAML, yaml_documents.py has them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from openmetadata_airflow_apis.definition.json_limits import pointer_of
from openmetadata_airflow_apis.definition.places import join, split
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.json_limits import Way


class Place(NamedTuple):
    """Where something stands in a text: its line and its column, from 1."""

    line: int
    column: int


def with_place(fault: Fault, places: Mapping[str, Place]) -> Fault:
    """Return a fault with its own place, or else that of its nearest ancestor."""
    if fault.line is not None:
        return fault
    parts = split(fault.pointer)
    for length in range(len(parts), -1, -1):
        place = places.get(join(parts[:length]))
        if place is not None:
            return fault._replace(line=place.line, column=place.column)
    return fault


def twice(pointer: str, place: Place, first: Place) -> Fault:
    """Return the fault of a key that is in a map a second time."""
    return Fault(pointer, f"is there twice in one map; the first is in line {first.line}", *place)


_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')
_CONSTANTS = frozenset({"NaN", "Infinity", "-Infinity"})


@dataclass(frozen=True)
class JsonPlaces:
    """Where the values of a text stand, and what is wrong with it.

    places: a pointer → where its key, or its item of a list, stands. faults: what json.loads accepts beyond JSON.
    """

    places: dict[str, Place]
    faults: list[Fault]


@dataclass
class _Open:
    """A map or a list that is not closed yet.

    key: the key or the index of the next value, None before the key is read. keys: a map's keys so far → their places.
    """

    way: Way
    is_map: bool
    key: str | int | None = None
    keys: dict[str, Place] = field(default_factory=dict)


def json_places(text: str) -> JsonPlaces:
    """Return the places of the values in a text; it must be a text that json.loads can read."""
    places: list[tuple[Way, Place]] = [(None, Place(1, 1))]
    faults: list[Fault] = []
    open_nodes: list[_Open] = []
    line, previous_start = 1, 0
    for match in _TOKEN.finditer(text):
        part, start = match[0], match.start()
        line += text.count("\n", previous_start, start)
        previous_start = start
        place = Place(line, start - text.rfind("\n", 0, start))
        holder = open_nodes[-1] if open_nodes else None
        if part in "}]":
            open_nodes.pop()
        elif part in ",:":
            _go_on(holder, part)
        elif holder is not None and holder.is_map and holder.key is None:
            holder.key = json.loads(part)
            _add_key(holder, place, places, faults)
        else:
            way = (holder.way, holder.key) if holder is not None else None
            if holder is not None and not holder.is_map:
                places.append((way, place))
            if part in "{[":
                open_nodes.append(_Open(way, part == "{", None if part == "{" else 0))
            elif part in _CONSTANTS:
                faults.append(Fault(pointer_of(way), f"is {part}, a number that JSON doesn't know", *place))
    return JsonPlaces({pointer_of(way): place for way, place in places}, faults)


def _go_on(holder: _Open | None, part: str) -> None:
    """After a comma, expect the next item of a list or the next key of a map; after a colon, change nothing."""
    if holder is not None and part == ",":
        holder.key = holder.key + 1 if isinstance(holder.key, int) else None


def _add_key(holder: _Open, place: Place, places: list[tuple[Way, Place]], faults: list[Fault]) -> None:
    key = str(holder.key)
    if key in holder.keys:
        faults.append(twice(pointer_of((holder.way, key)), place, holder.keys[key]))
    else:
        holder.keys[key] = place
        places.append(((holder.way, key), place))
