"""What is there after a start: the permission, and our tables."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import inspect

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.api.webserver_start import make_sign_ins_ready
from openmetadata_airflow_apis.security import login_limits, operation_permissions, revocation
from openmetadata_airflow_apis.stores import idempotency_keys, version_rows
from support.threads import at_once


@pytest.mark.parametrize("action", operation_permissions.MANAGED_DAGS_ACTIONS)
def test_permission_is_there_and_admin_has_it(app, action: str) -> None:
    """After the first start with a database that knew nothing of it, the permission exists and Admin alone has it."""
    with app.app_context():
        manager = app.appbuilder.sm
        permission = manager.get_permission(action, "Managed DAGs")
        owners = {role.name for role in manager.get_all_roles() if permission in role.permissions}
    assert owners == {"Admin"}


def test_second_start_changes_nothing(app) -> None:
    """A start with a database that has the permission and the table leaves them as they are."""
    manager = app.appbuilder.sm
    with app.app_context():
        before = {
            action: manager.get_permission(action, "Managed DAGs").id
            for action in operation_permissions.MANAGED_DAGS_ACTIONS
        }
        make_sign_ins_ready(app)
        after = {
            action: manager.get_permission(action, "Managed DAGs").id
            for action in operation_permissions.MANAGED_DAGS_ACTIONS
        }
    assert after == before


def test_admin_has_it_before_airflow_grants_all(app) -> None:
    """Airflow's own grant to Admin, which fails where another webserver is ahead, has none of ours to add."""
    manager = app.appbuilder.sm
    with app.app_context():
        ours = [manager.get_permission(action, "Managed DAGs") for action in operation_permissions.MANAGED_DAGS_ACTIONS]
        for permission in ours:
            manager.remove_permission_from_role(manager.find_role("Admin"), permission)
        make_sign_ins_ready(app)
        assert {permission for permission in manager.find_role("Admin").permissions if permission in ours} == set(ours)


def test_roles_command_grants_it(app, database) -> None:
    """`airflow roles add-perms` grants the permission to a role."""
    for command in (
        ["create", "Deployer of the command"],
        ["add-perms", "Deployer of the command", "-a", "can_create", "-r", "Managed DAGs"],
    ):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "airflow", "roles", *command],
            env=dict(os.environ), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    with app.app_context():
        manager = app.appbuilder.sm
        role = manager.find_role("Deployer of the command")
        granted = {str(permission) for permission in role.permissions}
        manager.delete_role(role.name)
    assert "can create on Managed DAGs" in granted


OURS = pytest.mark.parametrize(
    "table",
    [revocation.TABLE, login_limits.TABLE, own_tables.SCHEMA, version_rows.TABLE, idempotency_keys.TABLE],
    ids=str,
)


@OURS
def test_tables_are_not_airflows(app, table) -> None:
    """Airflow's own model of its database does not know our tables, so that `airflow db` leaves them alone."""
    from airflow.models.base import Base

    assert own_tables.is_there(table)
    assert table.name not in Base.metadata.tables


@OURS
def test_several_webservers_start_at_once(app, table) -> None:
    """Several webserver processes that start at once make one table, and none of them fails."""
    from airflow.settings import engine

    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table.name}")
    at_once(lambda _: own_tables.create_missing(table), 6)
    assert inspect(engine).has_table(table.name)


def test_database_user_that_may_not_create_tables(app, monkeypatch, caplog) -> None:
    """Where the table cannot be made the webserver starts all the same, and its log says what is missing."""
    from sqlalchemy.exc import ProgrammingError

    def refuse(_: object) -> None:
        raise ProgrammingError("CREATE TABLE", {}, Exception("permission denied for schema public"))

    monkeypatch.setattr(own_tables, "create_missing", refuse)
    with app.app_context():
        make_sign_ins_ready(app)
    assert revocation.TABLE_NAME in caplog.text
    assert login_limits.TABLE_NAME in caplog.text


def test_other_auth_managers(app, monkeypatch) -> None:
    """A start with an auth manager that keeps permissions its own way makes the tables and no permission."""
    monkeypatch.setattr(app.appbuilder, "sm", object())
    with app.app_context():
        make_sign_ins_ready(app)


FORK = """
import os
from airflow import settings
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool
from openmetadata_airflow_apis.airflow_versions.forked_processes import connect_anew_in_forked_processes

settings.engine = create_engine("sqlite://", poolclass=QueuePool)
settings.engine.connect().close()
connect_anew_in_forked_processes()
child = os.fork()
if child == 0:
    os._exit(settings.engine.pool.checkedin())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), settings.engine.pool.checkedin())
"""


def test_workers_do_not_share_connections(app) -> None:
    """A worker forked from the process that has built the application has none of its connections, which keeps them."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["0", "1"], done.stderr
