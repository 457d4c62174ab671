"""What MySQL's columns, as Airflow makes them, cannot have: whose value was refused is told which, and why."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from openmetadata_airflow_apis.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# MySQL's codes for a text that a column cannot hold or be compared with, a moment that it cannot hold, and a second
# row of one key.
_TEXT_CODES = (1267, 1270, 1271, 1366, 3854, 3988)
_MOMENT_CODE = 1292
_DUPLICATE_CODE = 1062
# https://dev.mysql.com/doc/refman/8.4/en/datetime.html
_MOMENTS = (datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc), datetime(2038, 1, 19, 3, 14, 7, tzinfo=timezone.utc))


def refused_value(error: BaseException) -> InvalidRequest | None:
    """Return what a caller is told whose value Airflow's columns cannot have on MySQL; None for every other error.

    Ids are kept there in three bytes a character ([database] sql_engine_collation_for_ids), moments as TIMESTAMP, and a
    DAG's tags, which are the key of a table, in a collation that takes many a pair of them for the same.
    """
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    code = next(iter(error.orig.args), None)
    values = list(_values(error.params))
    if code == _DUPLICATE_CODE and "dag_tag" in (error.statement or ""):
        twins = _twins(value for value in values if isinstance(value, str))
        return twins and InvalidRequest(
            f"'{twins[0]}' and '{twins[1]}' cannot both be tags of a DAG here: Airflow's database is MySQL, which "
            "takes them for the same, whatever their case, accents and spaces at the end"
        )
    for value in values:
        if code in _TEXT_CODES and isinstance(value, str) and max(value, default="") > "\uffff":
            return InvalidRequest(
                f"'{value[:60]}' cannot be an id here: Airflow's database is MySQL, whose ids have no characters "
                f"beyond U+FFFF, such as '{max(value)}'"
            )
        if code == _MOMENT_CODE and isinstance(value, datetime) and not _MOMENTS[0] <= _in_utc(value) <= _MOMENTS[1]:
            return InvalidRequest(
                f"{_in_utc(value).isoformat()} cannot be kept: Airflow's database is MySQL, whose moments are those "
                f"from {_MOMENTS[0].isoformat()} to {_MOMENTS[1].isoformat()}"
            )
    return None


def _values(params: Any) -> Iterator[Any]:
    """Return the values of a statement's parameters, which are those of many rows where it was executed with many."""
    if isinstance(params, dict):
        params = list(params.values())
    if isinstance(params, (list, tuple)):
        for param in params:
            yield from _values(param)
    else:
        yield params


def _twins(texts: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two that differ, and that MySQL's usual collations take for the same."""
    seen: dict[str, str] = {}
    for whole in texts:
        letters = (letter for letter in unicodedata.normalize("NFKD", whole) if not unicodedata.combining(letter))
        # utf8mb4_unicode_ci, which Airflow's documentation names, gives all characters beyond U+FFFF one weight.
        folded = "".join("\ufffd" if letter > "\uffff" else letter for letter in letters).casefold().rstrip(" ")
        if seen.setdefault(folded, whole) != whole:
            return min(seen[folded], whole), max(seen[folded], whole)
    return None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
