"""Lines and columns of a file: where something stands in its text, and a fault's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from openmetadata_airflow_apis.definition.places import join, split
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping


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
