"""Callers of the API: their headers, and a browser that is signed in on Airflow's page."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import jwt

from support.airflow_home import USERS

if TYPE_CHECKING:
    from flask import Flask

READ = "/rest_api/api/dags"
CHANGE = "/rest_api/api/dags/refresh"
OLD_DOOR = "/rest_api/api"


class Browser:
    """A browser that is signed in on Airflow's page, and the CSRF token that the page gave it."""

    def __init__(self, app: Flask, name: str, password: str | None = None) -> None:
        self.client = app.test_client()
        page = self.client.get("/login/").text
        self.csrf_token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
        form = {"username": name, "password": password or USERS[name][1], "csrf_token": self.csrf_token}
        assert self.client.post("/login/", data=form).status_code == 302


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, unverified."""
    return jwt.decode(token, options={"verify_signature": False})


def bearer(token: str) -> dict[str, str]:
    """Return the header of a caller with that token."""
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, password: str) -> dict[str, str]:
    """Return the header of a caller with that name and password."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def forget_tries() -> None:
    """Forget every password try, so that none of before counts."""
    from airflow.settings import engine

    from openmetadata_airflow_apis.security.login_limits import TABLE

    with engine.begin() as connection:
        connection.execute(TABLE.delete())
