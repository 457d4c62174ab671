"""One token for both APIs: the auth backend for Airflow's own."""

from __future__ import annotations

from importlib import import_module

import jwt
import pytest

from support.callers import basic, bearer

DAGS = "/api/v1/dags"


OURS = "openmetadata_airflow_apis.security.auth_backend"
try:
    AIRFLOWS = import_module("airflow.providers.fab.auth_manager.api.auth.backend").__name__
except ImportError:  # Airflow < 2.9
    AIRFLOWS = "airflow.api.auth.backend"


@pytest.fixture(autouse=True)
def backends(app, monkeypatch) -> None:
    """[api] auth_backends names ours, then Airflow's basic auth and session."""
    names = (OURS, f"{AIRFLOWS}.basic_auth", f"{AIRFLOWS}.session")
    monkeypatch.setattr(app, "api_auth", [import_module(name) for name in names])


def test_airflow_loads_it(app, monkeypatch) -> None:
    """Airflow takes the module where [api] auth_backends names it."""
    from airflow.www.extensions.init_security import init_api_experimental_auth

    monkeypatch.setenv("AIRFLOW__API__AUTH_BACKENDS", OURS)
    init_api_experimental_auth(app)
    assert [backend.__name__ for backend in app.api_auth] == [OURS]
    assert app.api_auth[0].CLIENT_AUTH is None


def test_token(client, sign_in) -> None:
    """An access token opens Airflow's stable API, without a cookie."""
    answer = client.get(DAGS, headers=bearer(sign_in("viewer")["access_token"]))
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_token_acts_as_its_user(client, sign_in, browser) -> None:
    """A Viewer's token beside an Admin's cookie acts as the Viewer."""
    headers = bearer(sign_in("viewer")["access_token"])
    variable = {"key": "k", "value": "v"}
    assert client.post("/api/v1/variables", json=variable, headers=headers).status_code == 403
    assert browser("admin").client.post("/api/v1/variables", json=variable, headers=headers).status_code == 403


def test_user_of_one_dag(client, sign_in, dags, make_role, make_user) -> None:
    """A user who may read one DAG sees that one in the stable API's list."""
    user = make_user(make_role("Reader of nightly", ("can_read", "DAG:nightly")))
    answer = client.get(DAGS, headers=bearer(sign_in(user.username, "a-password")["access_token"]))
    assert [dag["dag_id"] for dag in answer.json["dags"]] == ["nightly"]


@pytest.mark.parametrize("public_role", [None, "Admin"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_bad_tokens(
    app, client, browser, forge, sign_in, monkeypatch, signed_in: bool, public_role: str | None
) -> None:
    """A token that does not hold is refused with 401, whatever cookie came with it and whatever the public may do."""
    bad = [forge(exp=1), forge(key=b"x" * 32), forge(iss=None), sign_in()["refresh_token"], "a.b.c", "nonsense"]
    caller = browser("admin").client if signed_in else client
    monkeypatch.setitem(app.config, "AUTH_ROLE_PUBLIC", public_role)
    answers = [caller.get(DAGS, headers=bearer(token)) for token in bad]
    assert [answer.status_code for answer in answers] == [401] * len(bad)
    assert answers[0].json["detail"].startswith("Token has expired; get a new one at /api/v1/security/refresh")


def test_two_headers(client, sign_in) -> None:
    """Two credentials are refused, although each is good."""
    token = sign_in()["access_token"]
    assert client.get(DAGS, headers={"Authorization": f"Bearer {token}, Bearer {token}"}).status_code == 401


def test_logout_ends_it_there_too(client, sign_in) -> None:
    """After a logout the token is refused by Airflow's API as well."""
    headers = bearer(sign_in()["access_token"])
    client.post("/api/v1/security/logout", headers=headers)
    answer = client.get(DAGS, headers=headers)
    assert (answer.status_code, answer.json["detail"]) == (
        401,
        "Token has been revoked; log in again at /api/v1/security/login",
    )


def test_revocations_that_cannot_be_read(client, sign_in, unreadable_revocations) -> None:
    """Airflow's API answers 503 to our tokens while it cannot be known whether they were revoked."""
    headers = bearer(sign_in()["access_token"])
    with unreadable_revocations():
        assert client.get(DAGS, headers=headers).status_code == 503
    assert client.get(DAGS, headers=headers).status_code == 200


def test_other_backends_go_on_working(app, client, browser, monkeypatch) -> None:
    """Basic auth and the session, listed beside ours, are served as before; nobody gets in without any."""
    monkeypatch.setitem(app.config, "AUTH_ROLE_PUBLIC", None)
    assert client.get(DAGS, headers=basic("viewer", "viewer-secret")).status_code == 200
    assert client.get(DAGS, headers=basic("viewer", "wrong")).status_code == 401
    assert browser("viewer").client.get(DAGS).status_code == 200
    assert client.get("/api/v1/variables").status_code == 401


def test_other_issuers_tokens_are_left_to_other_backends(app, client, monkeypatch) -> None:
    """A Bearer token of another issuer is left to the backend that knows it."""

    class Other:
        @staticmethod
        def requires_authentication(_):
            from flask import Response

            return lambda: Response("seen", 401, {"WWW-Authenticate": "Other"})

    monkeypatch.setitem(app.config, "AUTH_ROLE_PUBLIC", None)
    monkeypatch.setattr(app, "api_auth", [import_module(OURS), Other])
    token = jwt.encode({"iss": "https://accounts.example.org"}, b"x" * 32, "HS256")
    assert client.get(DAGS, headers=bearer(token)).headers["WWW-Authenticate"] == "Other"
