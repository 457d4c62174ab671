"""Filters, orders and counts lists by the arguments of a call, which are named as in Airflow's own API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

from openmetadata_airflow_apis.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Sized

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement, Select


def conditions(columns: Mapping[str, Any], filters: Mapping[str, Any]) -> Iterator[ColumnElement]:
    """Yield the conditions of filters; one that is None filters nothing.

    columns: by the name of the filter. A name that ends in _gte or _lte bounds the column that is named before the
    ending. A list has the values to find, and `none` in it stands for no value; a boolean is the value to find.
    """
    for name, value in filters.items():
        if value is None:
            continue
        if name.endswith("_gte"):
            yield columns[name.removesuffix("_gte")] >= value
        elif name.endswith("_lte"):
            yield columns[name.removesuffix("_lte")] <= value
        elif isinstance(value, bool):
            yield columns[name] == value
        else:
            column = columns[name]
            among = column.in_([item for item in value if item != "none"])
            yield or_(among, column.is_(None)) if "none" in value else among


def matching(names: Sequence[str], pattern: str) -> list[str]:
    """Return the names that contain a pattern of SQL's LIKE, ignoring case.

    The pieces between `%` are searched one after the other, so that no pattern takes long.
    """
    pieces = [
        re.compile("".join("." if character == "_" else re.escape(character) for character in piece), re.IGNORECASE)
        for piece in pattern.split("%")
        if piece
    ]

    if not pieces:
        return list(names)

    def fits(name: str) -> bool:
        position = 0
        for piece in pieces:
            match = piece.search(name, position)
            if match is None:
                return False
            position = match.end()
        return True

    return [name for name in names if fits(name)]


def ordering(columns: Mapping[str, Any], order_by: str) -> Sequence[ColumnElement]:
    """Return the order by a column, descending if a minus is before its name; rows without a value come last.

    Raises InvalidArgument.
    """
    name = order_by.removeprefix("-")
    if name not in columns:
        raise InvalidArgument(
            "order_by",
            f"is '{order_by}'; give one of {', '.join(columns)}, with a - before it for the other way round",
        )
    column = columns[name]
    return (column.is_(None), column.desc() if order_by.startswith("-") else column)


def total_of(page: Sized, counting: Select, *, limit: int, offset: int, session: Session) -> int:
    """Return the number of all rows: from the page if it is the last one, otherwise by the query `counting`."""
    if len(page) < limit and (len(page) or not offset):
        return offset + len(page)
    return session.execute(counting).scalar_one()
