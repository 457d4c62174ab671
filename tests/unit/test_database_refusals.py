"""What a database that answers refuses is told apart from one that does not answer."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from openmetadata_airflow_apis.mysql_values import refused_value
from openmetadata_airflow_apis.transactions import refusal, why

if TYPE_CHECKING:
    from pathlib import Path

SENTENCE = "Airflow's database does not answer, or is too busy; nothing was changed"


def _of_mysql(number: int) -> DBAPIError:
    """What MySQL's driver raises: the server's number, and its words. No MySQL runs here."""
    return OperationalError("", {}, Exception(number, "in the server's language"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_of_mysql(1290), "is read-only"),
        (_of_mysql(1836), "is read-only"),
        (_of_mysql(1040), "has no connection left"),
        (_of_mysql(1021), "has no room left on its disk"),
        (_of_mysql(1205), "has rows that this needs locked by another transaction"),
        (_of_mysql(1213), None),
        (ValueError("attempt to write a readonly database"), None),
    ],
)
def test_what_the_server_says(error: Exception, expected: str | None) -> None:
    """MySQL's numbers say what it refuses; any other error is none of these."""
    assert refusal(error) == expected


def test_a_read_only_file(tmp_path: Path) -> None:
    """A SQLite file that may only be read is read-only in the sentence."""
    path = tmp_path / "airflow.db"
    sqlite3.connect(path).execute("CREATE TABLE a (b int)").connection.close()
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with engine.connect() as connection, pytest.raises(OperationalError) as raised:
        connection.execute(text("INSERT INTO a VALUES (1)"))
    engine.dispose()
    assert why(SENTENCE, raised.value) == "Airflow's database is read-only; nothing was changed"
    assert why("Airflow's database did not take it; refresh", raised.value) == (
        "Airflow's database did not take it, since it is read-only; refresh"
    )


def test_a_database_that_does_not_answer() -> None:
    """A sentence about a database that does not answer stays as it is where nothing else is known."""
    assert why(SENTENCE, _of_mysql(2003)) == SENTENCE


_YEAR_2038, _YEAR_2039 = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2038, 2039))


def _of_values(number: int, *values: object, statement: str = "") -> DBAPIError:
    """What MySQL's driver raises about a statement with these values, of which it names none."""
    return OperationalError(statement, [values], Exception(number, "in the server's language"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_of_values(3854, "a", "b \U0001f418"), "'b \U0001f418' cannot be an id here"),
        (_of_values(1267, "b \U0001f418"), "'b \U0001f418' cannot be an id here"),
        (_of_values(1292, _YEAR_2038, _YEAR_2039), "2039-01-01T00:00:00+00:00 cannot be kept"),
        (_of_values(1292, _YEAR_2038), None),
        (_of_values(1267, "a"), None),
        (_of_values(1062, "Team", "daily", "team", statement="INSERT INTO dag_tag"), "'Team' and 'team' cannot both"),
        (_of_values(1062, "Team", "daily", statement="INSERT INTO dag_tag"), None),
        (
            OperationalError("", {}, Exception(1406, "Data too long for column 'conf' at row 1")),
            "A value is too large for the column `conf` of",
        ),
        (_of_values(1205, "b \U0001f418"), None),
        (ValueError(3854), None),
    ],
)
def test_a_value_that_mysql_does_not_have(error: Exception, expected: str | None) -> None:
    """The caller is told which value MySQL's columns can't have; an error that no value explains is none of these."""
    refused = refused_value(error)
    assert refused is None if expected is None else str(refused).startswith(expected)
