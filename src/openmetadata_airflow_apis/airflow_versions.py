"""What differs between Airflow 2.7 and 2.11: one small function each, with the version at which it can go."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def make_dag_permissions(dag: DAG, *, session: Session) -> None:
    """Make the permissions on one DAG that roles can be granted, as the DAG processor does. Commits."""
    from airflow.models.dagbag import DagBag

    DagBag._sync_perm_for_dag(dag, session=session)  # noqa: SLF001 - 2.7 to 2.11 have no public way without an app


def dag_permission_names(dag_id: str) -> list[str]:
    """Return the names of the permission resources of one DAG: itself and, with newer FAB providers, its runs."""
    from airflow.security import permissions

    if hasattr(permissions, "resource_name"):  # Airflow >= 2.10
        return [
            permissions.resource_name(dag_id, of) for of in (permissions.RESOURCE_DAG, permissions.RESOURCE_DAG_RUN)
        ]
    return [permissions.resource_name_for_dag(dag_id)]


def dataset_classes() -> tuple[type, ...]:
    """Return the classes of datasets and of conditions over them."""
    from airflow import datasets

    names = ("Dataset", "DatasetAll", "DatasetAny", "DatasetAlias")  # Airflow < 2.9 has the first, < 2.10 no alias
    return tuple(getattr(datasets, name) for name in names if hasattr(datasets, name))


def permission_tables() -> tuple[Table, Table, Table] | None:
    """Return the tables of permission resources, of permissions, and of the roles that have them.

    None where the FAB auth manager, whose tables they are, is not installed.
    """
    try:
        from airflow.providers.fab.auth_manager import models
    except ImportError:  # Airflow < 2.9 has them inside
        try:
            from airflow.auth.managers.fab import models
        except ImportError:
            return None
    return models.Resource.__table__, models.Permission.__table__, models.assoc_permission_role


def task_instance_history() -> Table | None:
    """Return the table of the tries that were given up, None for Airflow < 2.10."""
    try:
        from airflow.models.taskinstancehistory import TaskInstanceHistory
    except ImportError:
        return None
    return TaskInstanceHistory.__table__
