"""Tables of our own in Airflow's database: made where they are missing, and unknown to `airflow db`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow import settings as airflow_settings
from airflow.configuration import conf
from sqlalchemy import MetaData, inspect
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy import Table


def metadata() -> MetaData:
    """Return what a table of ours is declared with: not Airflow's own, whose commands would expect it or drop it."""
    return MetaData(schema=conf.get("database", "sql_alchemy_schema", fallback=None) or None)


def is_there(table: Table) -> bool:
    """Tell whether Airflow's database has the table."""
    return bool(inspect(airflow_settings.engine).has_table(table.name, schema=table.schema))


def create_missing(table: Table) -> None:
    """Create the table where it is missing, whoever else is creating it now; raise SQLAlchemyError."""
    if is_there(table):
        return
    try:
        table.create(airflow_settings.engine)
    except SQLAlchemyError:
        # Several webserver processes start at once, and one of them is the first.
        if not is_there(table):
            raise
