"""Our tables in Airflow's database: made if they are missing, refused if a newer release made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.stores import version_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sqlalchemy.orm import Session


def check_tables(*, session: Session) -> None:
    """Make our tables if they are missing, after rolling the session back.

    Raises ConfigurationError if a newer release made them, and Unavailable.
    """
    own_tables.refuse_newer(ask_schema(lambda: session.execute(select(own_tables.SCHEMA.c.version)), session).version)


def ask_schema(query: Callable[[], Any], session: Session) -> Any:
    """Return the one row of a query on the table of our schema's version; make our tables first if that is missing."""
    try:
        row = query().first()
    except (OperationalError, ProgrammingError):
        session.rollback()
        if own_tables.is_there(own_tables.SCHEMA):
            raise
        row = None
    if row is None:
        session.rollback()
        try:
            version_rows.make_tables()
        except ProgrammingError as error:
            raise Unavailable(
                "The tables of versions are missing in Airflow's database, whose user may not make them "
                f"({error.orig}); let it create tables, and send the request again"
            ) from error
        row = query().one()
    return row
