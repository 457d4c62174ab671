"""Refuses values that MySQL's columns, as Airflow makes them, can't hold, and says which value and why.

The functions `refuse_…` are called before anything is written, so that a dry run answers as the real call does.
`refused_value` makes the same sentences from an error of the database.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.models.base import StringID
from sqlalchemy import false, func, literal, select, text, union_all
from sqlalchemy.exc import DBAPIError

from openmetadata_airflow_apis.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Column
    from sqlalchemy.orm import Session

# MySQL's codes for a text that a column cannot hold or be compared with, a moment that it cannot hold, a second row of
# one key, and a value that is too large for its column.
_TEXT_CODES = (1267, 1270, 1271, 1366, 3854, 3988)
_MOMENT_CODE = 1292
_DUPLICATE_CODE = 1062
_LARGE_CODE = 1406
# What a TEXT and a BLOB have room for, in bytes.
ROOM = 65_535
# https://dev.mysql.com/doc/refman/8.4/en/datetime.html
_MOMENTS = (datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc), datetime(2038, 1, 19, 3, 14, 7, tzinfo=timezone.utc))


def refused_value(error: BaseException) -> InvalidRequest | None:
    """Return the caller's error if MySQL refused a value that Airflow's columns can't hold; None for any other error.

    Ids are kept there in three bytes a character ([database] sql_engine_collation_for_ids), moments as TIMESTAMP, long
    values as TEXT and BLOB, and a DAG's tags, which are the key of a table, in a collation that takes many different
    tags for the same.
    """
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    code = next(iter(error.orig.args), None)
    values = list(_values(error.params))
    if code == _DUPLICATE_CODE and "dag_tag" in (error.statement or ""):
        twins = _twins(value for value in values if isinstance(value, str))
        return twins and _the_same(*twins, "tags of a DAG", _AS_PEOPLE_READ)
    if code == _LARGE_CODE and (column := re.search(r"'(\w+)'", str(error.orig))):
        return InvalidRequest(
            f"A value is too large for the column `{column[1]}` of Airflow's database, which is MySQL"
        )
    for value in values:
        if code in _TEXT_CODES and isinstance(value, str) and _is_beyond(value):
            return _no_id(value)
        if code == _MOMENT_CODE and isinstance(value, datetime) and _is_out_of_range(value):
            return _no_moment(value)
    return None


def is_mysql(session: Session) -> bool:
    """Tell whether Airflow's database is a MySQL or MariaDB."""
    return bool(session.get_bind().dialect.name == "mysql")


def refuse_ids(ids: Iterable[str], *, session: Session) -> None:
    """Raise InvalidRequest for the first text that can't be an id in Airflow's database. Sends no statement."""
    if is_mysql(session) and "utf8mb4" not in (StringID().collation or ""):
        for value in ids:
            if _is_beyond(value):
                raise _no_id(value)


def refuse_moments(moments: Iterable[datetime | None], *, session: Session) -> None:
    """Raise InvalidRequest for the first moment that Airflow's database can't hold. Sends no statement."""
    if is_mysql(session):
        for moment in moments:
            if moment is not None and _is_out_of_range(moment):
                raise _no_moment(moment)


def refuse_twins(texts: Sequence[str], column: Column, what: str, *, session: Session) -> None:
    """Raise InvalidRequest if a column, a key of its table, takes two of the texts for the same. One statement.

    what: says what they cannot both be.
    """
    if len(texts) < 2 or not is_mysql(session):
        return
    # A union has the collation of the column in it, whatever that is.
    numbered = union_all(
        select(literal(-1).label("number"), column.label("text")).where(false()),
        *(select(literal(number), literal(value)) for number, value in enumerate(texts)),
    ).subquery()
    of_twins = select(func.min(numbered.c.number), func.max(numbered.c.number)).group_by(numbered.c.text)
    twins = session.execute(of_twins.having(func.count() > 1).limit(1)).first()
    if twins is not None:
        first, second = sorted(texts[number] for number in twins)
        raise _the_same(first, second, what, _AS_PEOPLE_READ)


def refuse_equal_but_for_spaces(texts: Iterable[str], what: str, *, session: Session) -> None:
    """Raise InvalidRequest if two of the texts differ only in spaces at the end. Sends no statement.

    what: says what they cannot both be.
    """
    first_by_stripped: dict[str, str] = {}
    for value in texts if is_mysql(session) else ():
        earlier_text = first_by_stripped.setdefault(value.rstrip(" "), value)
        if earlier_text != value:
            raise _the_same(min(earlier_text, value), max(earlier_text, value), what, "spaces at the end")


def refuse_large(value: Any, column: Column, what: str, *, session: Session) -> None:
    """Raise InvalidRequest if a value is too large for a column of TEXT or BLOB.

    what: says what the value is. One statement if it is large: an administrator may have made the column larger.
    """
    if not is_mysql(session):
        return
    as_stored = column.type.bind_processor(session.get_bind().dialect)
    stored_value = as_stored(value) if as_stored else value
    size = len(stored_value.encode() if isinstance(stored_value, str) else stored_value)
    if size <= ROOM:
        return
    room_query = (
        "SELECT character_octet_length FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = :table AND column_name = :column"
    )
    room = session.execute(text(room_query), {"table": column.table.name, "column": column.name}).scalar()
    if room is not None and size > room:
        raise InvalidRequest(
            f"{what} has {size} bytes, and cannot be kept: Airflow's database is MySQL, whose column "
            f"`{column.table.name}.{column.name}` has room for {room}"
        )


_AS_PEOPLE_READ = "case, accents and spaces at the end"


def _the_same(first: str, second: str, what: str, whatever: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{first}' and '{second}' cannot both be {what} here: Airflow's database is MySQL, which takes them for the "
        f"same, whatever their {whatever}"
    )


def _is_beyond(value: str) -> bool:
    return max(value, default="") > "\uffff"


def _no_id(value: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{value[:60]}' cannot be an id here: Airflow's database is MySQL, whose ids have no characters beyond "
        f"U+FFFF, such as '{max(value)}'"
    )


def _is_out_of_range(moment: datetime) -> bool:
    return not _MOMENTS[0] <= _in_utc(moment) <= _MOMENTS[1]


def _no_moment(moment: datetime) -> InvalidRequest:
    return InvalidRequest(
        f"{_in_utc(moment).isoformat()} cannot be kept: Airflow's database is MySQL, whose moments are those from "
        f"{_MOMENTS[0].isoformat()} to {_MOMENTS[1].isoformat()}"
    )


def _values(params: Any) -> Iterator[Any]:
    """Yield the values of a statement's parameters; of all rows, if it was executed with many."""
    if isinstance(params, dict):
        params = list(params.values())
    if isinstance(params, (list, tuple)):
        for param in params:
            yield from _values(param)
    else:
        yield params


def _twins(texts: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two texts that differ, but that MySQL's usual collations take for the same."""
    first_by_folded: dict[str, str] = {}
    for whole in texts:
        letters = (letter for letter in unicodedata.normalize("NFKD", whole) if not unicodedata.combining(letter))
        # utf8mb4_unicode_ci, which Airflow's documentation names, gives all characters beyond U+FFFF one weight.
        folded = "".join("\ufffd" if letter > "\uffff" else letter for letter in letters).casefold().rstrip(" ")
        if first_by_folded.setdefault(folded, whole) != whole:
            return min(first_by_folded[folded], whole), max(first_by_folded[folded], whole)
    return None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
