"""What a check of permissions reads: the same as Flask-AppBuilder's own users, in one statement a request."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.security import user_permissions
from support.callers import bearer
from support.statements import counted

if TYPE_CHECKING:
    from flask import Flask


def read_by_us(app: Flask, user_id: int) -> set[tuple[str, str]] | None:
    """Return what a check reads of a user's permissions before it asks Airflow."""
    with app.test_request_context():
        user = app.appbuilder.sm.get_user_by_id(user_id)
        user._perms = None
        user_permissions.read_permissions(user)
        return user._perms


def read_by_fab(app: Flask, user_id: int) -> set[tuple[str, str]]:
    """Return what FAB's user reads itself."""
    with app.test_request_context():
        user = app.appbuilder.sm.get_user_by_id(user_id)
        user._perms = None
        return {(action, resource) for action, resource in user.perms}


@pytest.mark.parametrize("name", ["viewer", "user", "op", "admin"])
def test_what_is_read_is_what_airflow_would_read(app, name: str) -> None:
    """A user of each built-in role has the permissions that FAB itself reads, all of them."""
    user_id = app.appbuilder.sm.find_user(username=name).id
    read = read_by_us(app, user_id)
    assert read == read_by_fab(app, user_id)
    assert ("can_read", "DAGs") in read


def test_several_roles_and_none(app, make_role, make_user) -> None:
    """Of several roles each permission counts, once; who has no role, or one without permissions, has none."""
    names = [f"Crew {uuid.uuid4().hex[:8]}" for _ in range(3)]
    one = make_role(names[0], ("can_read", "DAGs"), ("can_edit", "DAG:nightly"))
    other = make_role(names[1], ("can_read", "DAGs"), ("can_read", "DAG Runs"))
    empty = make_role(names[2])
    both = make_user(one, other)
    expected = {("can_read", "DAGs"), ("can_edit", "DAG:nightly"), ("can_read", "DAG Runs")}
    assert read_by_us(app, both.id) == read_by_fab(app, both.id) == expected
    for roles in ([], [empty]):
        nobody = make_user(*roles)
        assert read_by_us(app, nobody.id) == read_by_fab(app, nobody.id) == set()


def test_a_role_that_is_taken_away_counts_no_more(app, client, dags, make_role, make_user) -> None:
    """What a user may do is read anew for each request: a role that was taken away is gone from the next one."""
    role = make_role(f"Crew {uuid.uuid4().hex[:8]}", ("can_read", "DAGs"), ("can_read", "DAG Runs"))
    user = make_user(role)
    user_name = user.username
    login = {"username": user_name, "password": "a-password", "refresh": False, "provider": "db"}
    token = client.post("/api/v1/security/login", json=login).json["access_token"]
    runs = "/rest_api/api/dags/nightly/dagRuns"
    manager = app.appbuilder.sm
    for roles, status in (([role], 200), ([], 403), ([role], 200)):
        manager.find_user(username=user_name).roles = [manager.find_role(name) for name in roles]
        manager.get_session.commit()
        manager.get_session.remove()  # as at the end of a request, or the next one finds what was read already
        assert client.get(runs, headers=bearer(token)).status_code == status


def test_a_request_reads_them_once_in_our_words(app, client, dags, sign_in) -> None:
    """A request reads the permissions in one statement, which Airflow's checks then need not make themselves."""
    from airflow.settings import Session

    headers = bearer(sign_in("viewer")["access_token"])
    with counted(Session()) as statements:
        answer = client.get("/rest_api/api/dags/nightly/dagRuns", headers=headers)
    assert answer.status_code == 200
    (statement,) = [statement for statement in statements if "ab_permission_view" in statement]
    assert "ab_role" not in statement, "FAB's own statement goes through the table of roles too"


@pytest.mark.parametrize("user", [None, object()])
def test_other_users_are_left_alone(user: Any) -> None:
    """Nobody, and a user of another auth manager's, is asked nothing."""
    user_permissions.read_permissions(user)


def test_a_user_class_with_permissions_of_its_own_is_left_alone(app) -> None:
    """A user whose class tells its permissions in its own way goes by that."""

    class Guest:
        _perms = None
        perms = frozenset({("can_read", "DAGs")})

    guest = Guest()
    with app.test_request_context():
        user_permissions.read_permissions(guest)
    assert (guest._perms, vars(guest)) == (None, {})
