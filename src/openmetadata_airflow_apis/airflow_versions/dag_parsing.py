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
    else:  # Airflow < 2.8
        dag.timetable.validate()
        dag.validate_schedule_and_params()


def request_parsing(filelocs: Collection[str], *, session: Session) -> bool:
    """Ask the DAG processor to parse files before all others, also ones that it has not listed yet.

    A file that is asked for already stays so. Returns False where the Airflow version takes no such requests
    (< 2.10): there the processor's next listing of the dags folder finds the files.
    """
    try:
        from airflow.models.dagbag import DagPriorityParsingRequest
    except ImportError:
        return False
    if not filelocs:
        return True
    table = DagPriorityParsingRequest.__table__
    dialect = session.get_bind().dialect.name
    if dialect == "mysql":
        statement = table.insert().prefix_with("IGNORE")
    else:
        from importlib import import_module

        insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
        statement = insert(table).on_conflict_do_nothing()
    session.execute(statement, [{"fileloc": fileloc} for fileloc in filelocs])
    return True


def parsing_requests() -> Table | None:
    """Return the table of the files that the DAG processor is asked to parse first, None for Airflow < 2.10."""
    try:
        from airflow.models.dagbag import DagPriorityParsingRequest
    except ImportError:
        return None
    return DagPriorityParsingRequest.__table__


def parse_import_error() -> Any:
    """Return the model of the errors that files had when they were parsed."""
    from airflow.models import errors

    # Airflow < 2.10 names it as the exception
    return errors.ParseImportError if hasattr(errors, "ParseImportError") else errors.ImportError
