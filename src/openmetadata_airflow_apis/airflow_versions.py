"""What differs between Airflow 2.7 and 2.11: one small function each, with the version at which it can go."""

from __future__ import annotations

import functools
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import tzinfo

    from airflow.models.dag import DAG
    from sqlalchemy import Table
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement


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


def parse_import_error() -> Any:
    """Return the model of the errors that files had when they were parsed."""
    from airflow.models import errors

    # Airflow < 2.10 names it as the exception
    return errors.ParseImportError if hasattr(errors, "ParseImportError") else errors.ImportError


def parse_timezone(name: str) -> tzinfo:
    """Return a timezone by its name, as Airflow keeps them."""
    from airflow.utils import timezone

    if hasattr(timezone, "parse_timezone"):
        return timezone.parse_timezone(name)
    import pendulum  # Airflow < 2.9

    return pendulum.timezone(name)


def dataset_classes() -> tuple[type, ...]:
    """Return the classes of datasets and of conditions over them."""
    from airflow import datasets

    names = ("Dataset", "DatasetAll", "DatasetAny", "DatasetAlias")  # Airflow < 2.9 has the first, < 2.10 no alias
    return tuple(getattr(datasets, name) for name in names if hasattr(datasets, name))


def dataset_condition(name: str) -> type:
    """Return the class DatasetAll or DatasetAny. Raises DagNotBuilt where Airflow has none (< 2.9)."""
    from airflow import __version__, datasets

    from openmetadata_airflow_apis.errors import DagNotBuilt

    if not hasattr(datasets, name):
        raise DagNotBuilt((), f"Airflow {__version__} has no conditions over datasets, 2.9 and newer have")
    return getattr(datasets, name)


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


def given_up_try(task_instance: Table) -> ColumnElement:
    """Return the expression of the try that a clear gives up: of it, and of later ones, no reschedules are kept."""
    number = task_instance.c.try_number
    # Airflow < 2.10 counts a try when its process starts, and takes it back when the process is rescheduled
    return number if task_instance_history() is not None else number + 1


def one_more_clear(dag_run: Table) -> dict[str, Any]:
    """Return the change of dag_run's column that counts how often a run was cleared; Airflow < 2.8 has none."""
    from sqlalchemy import func

    if "clear_number" not in dag_run.c:
        return {}
    return {"clear_number": func.coalesce(dag_run.c.clear_number, 0) + 1}


@functools.cache
def looks_at_all_indexes(trigger_rule: str) -> bool:
    """Tell whether a task in a mapped task group waits for all indexes of what is upstream, not its own alone."""
    from airflow import __version__
    from packaging.version import Version

    if Version(__version__) < Version("2.10.5"):  # fixed there: every rule did
        return True
    return trigger_rule in {"one_success", "one_failed", "one_done"}


def limit_storage_errors(storage: Any) -> Any:
    """Return what the storage of Airflow's login limit raises when it does not answer: a class or a tuple of them."""
    # limits 3.7, which Airflow < 2.8 was released with, doesn't name them
    return getattr(storage, "base_exceptions", Exception)


def answer_in_json_below(paths: Collection[str]) -> None:
    """Have Airflow's web application answer 404 and 405 in JSON below paths; Airflow < 2.8 renders a page instead."""
    from airflow.www.extensions import init_views

    if hasattr(init_views, "base_paths"):
        init_views.base_paths.extend(path for path in paths if path not in init_views.base_paths)


_ACTIONS = {"GET": "can_read", "PUT": "can_edit", "POST": "can_create", "DELETE": "can_delete"}
_RESOURCES = {"RUN": ("DAG Runs",), "TASK_INSTANCE": ("DAG Runs", "Task Instances")}


def may_on_dag(method: str, dag_id: str | None = None, entity: str | None = None) -> bool:
    """Tell whether the request's user may GET, PUT, POST or DELETE a DAG, or all DAGs where none is named.

    entity: "RUN" or "TASK_INSTANCE" asks about these of the DAG, and about the DAG itself where one is named.
    """
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    if hasattr(manager, "is_authorized_dag"):
        from airflow.auth.managers.models.resource_details import DagAccessEntity, DagDetails

        return bool(
            manager.is_authorized_dag(
                method=method,
                access_entity=DagAccessEntity[entity] if entity else None,
                details=DagDetails(id=dag_id) if dag_id else None,
            )
        )
    return _may_on_dag_before_28(manager.get_user().perms, method, dag_id, entity)


def _may_on_dag_before_28(
    granted: Collection[tuple[str, str]], method: str, dag_id: str | None, entity: str | None
) -> bool:
    # Airflow < 2.8: there is only Flask-AppBuilder's auth manager, which answers no such questions
    from airflow.security.permissions import resource_name_for_dag

    action = _ACTIONS[method]
    if dag_id or not entity:
        on_dag = action if not entity or method == "GET" else _ACTIONS["PUT"]
        names = {"DAGs"} | ({resource_name_for_dag(dag_id)} if dag_id else set())
        if not any((on_dag, name) in granted for name in names):
            return False
    return all((action, resource) in granted for resource in (_RESOURCES[entity] if entity else ()))


def may_on_view(method: str, resource: str) -> bool:
    """Tell whether the request's user may GET, PUT, POST or DELETE a resource that a plugin added."""
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    ask = getattr(manager, "is_authorized_custom_view", None)
    if ask is not None and "resource_name" in signature(ask).parameters:
        return bool(ask(method=method, resource_name=resource))
    # Airflow < 2.9
    return (_ACTIONS[method], resource) in manager.get_user().perms


def permitted_dag_ids() -> set[str]:
    """Return the DAGs that the request's user may read."""
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    user = manager.get_user()
    if hasattr(manager, "get_permitted_dag_ids"):
        return set(manager.get_permitted_dag_ids(methods=["GET"], user=user))
    # Airflow < 2.8
    return set(manager.security_manager.get_readable_dag_ids(user))
