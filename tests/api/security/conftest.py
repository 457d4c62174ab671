"""Callers of every kind: with tokens, true and forged, with passwords, with a signed-in browser."""

from __future__ import annotations

import json
import uuid
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from support.airflow_home import USERS
from support.callers import Browser, claims_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A caller without cookies."""
    return app.test_client()


@pytest.fixture
def sign_in(client: FlaskClient) -> Callable[..., dict[str, str]]:
    """Signs one of the test users in and returns the tokens."""

    def sign_in(name: str = "admin", password: str | None = None) -> dict[str, str]:
        body = {"username": name, "password": password or USERS[name][1], "refresh": True, "provider": "db"}
        answer = client.post("/api/v1/security/login", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json

    return sign_in


@pytest.fixture
def browser(app: Flask) -> Callable[[str], Browser]:
    """Signs one of the test users in on Airflow's own page."""
    return lambda name: Browser(app, name)


@pytest.fixture
def make_user(app: Flask) -> Iterator[Callable[..., Any]]:
    """Makes users that are gone after the test."""
    manager = app.appbuilder.sm
    made = []

    def make_user(*roles: str, password: str = "a-password") -> Any:
        name = f"made-{uuid.uuid4().hex[:8]}"
        user = manager.add_user(
            name, name, "Test", f"{name}@example.org", [manager.find_role(role) for role in roles], password
        )
        assert user
        made.append(user.id)
        return user

    with app.app_context():
        yield make_user
        for user_id in made:
            if user := manager.get_user_by_id(user_id):
                manager.get_session.delete(user)
        manager.get_session.commit()


@pytest.fixture
def forge(app: Flask) -> Callable[..., str]:
    """Makes a token with the true key out of a true one, with claims replaced, or left out where None."""
    from openmetadata_airflow_apis.security import tokens

    def forge(*, key: bytes | None = None, algorithm: str = "HS256", header: dict | None = None, **claims: Any) -> str:
        with app.app_context():
            admin = app.appbuilder.sm.find_user(username="admin")
            true = tokens.issue(admin, "access", family=str(uuid.uuid4()), fresh=True)
            key = tokens._signing_key() if key is None else key
        payload = {**claims_of(true), **claims}
        headers = {"kid": jwt.get_unverified_header(true)["kid"], **(header or {})}
        said = json.dumps({name: value for name, value in payload.items() if value is not None})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyJWT, of HS384 and HS512 with a key for HS256
            return jwt.PyJWS().encode(said.encode(), key or None, algorithm, headers=headers)

    return forge


@pytest.fixture
def unreadable_revocations(app: Flask) -> Callable[[], AbstractContextManager[None]]:
    """Takes the table of revoked tokens away for a while."""
    from airflow.settings import engine

    from openmetadata_airflow_apis.security.revocation import TABLE_NAME

    def rename(old: str, new: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    @contextmanager
    def unreadable() -> Iterator[None]:
        rename(TABLE_NAME, "moved_away")
        try:
            yield
        finally:
            rename("moved_away", TABLE_NAME)

    return unreadable


@pytest.fixture
def dags(app):
    """Airflow knows the DAGs nightly and team.nightly."""
    from airflow.models.dag import DagModel
    from airflow.settings import Session
    from sqlalchemy import delete

    names = ["nightly", "team.nightly", "hidden"]
    with app.app_context():
        session = Session()
        session.add_all(DagModel(dag_id=name, fileloc=f"/dags/{name}.py", is_active=True) for name in names)
        session.commit()
        yield names
        session.execute(delete(DagModel).where(DagModel.dag_id.in_(names)))
        session.commit()


@pytest.fixture
def make_role(app):
    """Makes roles with permissions, gone after the test."""
    manager = app.appbuilder.sm
    made = []

    def make_role(name: str, *granted: tuple[str, str]) -> str:
        role = manager.add_role(name)
        for action, resource in granted:
            manager.add_permission_to_role(role, manager.create_permission(action, resource))
        made.append(name)
        return name

    with app.app_context():
        yield make_role
        for name in made:
            role = manager.find_role(name)
            manager.get_session.delete(role)
        manager.get_session.commit()
