"""What Airflow's versions know of parsing: the check of a DAG, requests to parse a file, import errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow.models.dag import DAG
    from sqlalchemy import Table
    from sqlalchemy.orm import Session


def validate_dag(dag: DAG) -> None:
    """Check a DAG as a DagBag does before it takes it in; raise what Airflow raises."""
    if hasattr(dag, "validate"):
        dag.validate()
    else:  # Airflow < 2.8 has no one method for it
        dag.timetable.validate()
        dag.validate_schedule_and_params()


def parsing_requests() -> Table | None:
    """Return the table of the files that the DAG processor is asked to parse first; Airflow < 2.10 has none."""
    try:
        from airflow.models.dagbag import DagPriorityParsingRequest
    except ImportError:
        return None
    return DagPriorityParsingRequest.__table__


def request_parsing(filelocs: Collection[str], *, session: Session) -> bool:
    """Ask the DAG processor to parse files before all others, also ones that it has not listed yet.

    A request that is there already stays. Returns False if Airflow takes no requests (Airflow < 2.10): then the
    processor finds the files when it next lists the dags folder.
    """
    table = parsing_requests()
    if table is None:
        return False
    if not filelocs:
        return True
    dialect = session.get_bind().dialect.name
    if dialect == "mysql":
        statement = table.insert().prefix_with("IGNORE")
    else:
        from importlib import import_module

        insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
        statement = insert(table).on_conflict_do_nothing()
    session.execute(statement, [{"fileloc": fileloc} for fileloc in filelocs])
    return True


def parse_import_error() -> Any:
    """Return the model of the errors that files had when they were parsed."""
    from airflow.models import errors

    # Airflow < 2.10 gives it the exception's name
    return errors.ParseImportError if hasattr(errors, "ParseImportError") else errors.ImportError
