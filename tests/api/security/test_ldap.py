"""Login through a real OpenLDAP server."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Config

from support import slapd
from support.callers import READ, basic, bearer

LOGIN = "/api/v1/security/login"
PEOPLE = {"viewer": "of-the-directory", "newcomer": "newcomers-own", "admin": "admins-own", "copied": "copieds-own"}


@pytest.fixture(scope="module")
def directory():
    """A directory that knows two of Airflow's users, by other passwords, and somebody new."""
    with slapd.Directory(PEOPLE) as directory:
        yield directory


@pytest.fixture(autouse=True)
def ldap(app, directory, monkeypatch) -> None:
    """webserver_config.py says AUTH_LDAP; users are looked up by a bind user."""
    config = {
        "AUTH_TYPE": 2,
        "AUTH_LDAP_SERVER": directory.url,
        "AUTH_LDAP_BIND_USER": slapd.ROOT_DN,
        "AUTH_LDAP_BIND_PASSWORD": slapd.ROOT_PASSWORD,
        "AUTH_LDAP_SEARCH": f"ou=people,{slapd.SUFFIX}",
        "AUTH_LDAP_SEARCH_FILTER": "",
        "AUTH_LDAP_APPEND_DOMAIN": "",
        "AUTH_LDAP_USERNAME_FORMAT": "",
        "AUTH_LDAP_UID_FIELD": "uid",
        "AUTH_LDAP_GROUP_FIELD": "memberOf",
        "AUTH_LDAP_FIRSTNAME_FIELD": "givenName",
        "AUTH_LDAP_LASTNAME_FIELD": "sn",
        "AUTH_LDAP_EMAIL_FIELD": "mail",
        "AUTH_LDAP_USE_TLS": False,
        "AUTH_LDAP_ALLOW_SELF_SIGNED": False,
        "AUTH_LDAP_TLS_DEMAND": False,
        "AUTH_LDAP_TLS_CACERTDIR": "",
        "AUTH_LDAP_TLS_CACERTFILE": "",
        "AUTH_LDAP_TLS_CERTFILE": "",
        "AUTH_LDAP_TLS_KEYFILE": "",
        "AUTH_USER_REGISTRATION": False,
        "AUTH_USER_REGISTRATION_ROLE": "Viewer",
    }
    for name, value in config.items():
        monkeypatch.setitem(app.config, name, value)


def _login(client, name: str, password: str, provider: str = "ldap"):
    return client.post(LOGIN, json={"username": name, "password": password, "provider": provider, "refresh": True})


def test_login(client) -> None:
    """A user signs in with the directory's password and gets tokens that work."""
    answer = _login(client, "viewer", PEOPLE["viewer"])
    assert (answer.status_code, list(answer.json)) == (200, ["access_token", "refresh_token"])
    assert client.get(READ, headers=bearer(answer.json["access_token"])).status_code == 200
    renewed = client.post("/api/v1/security/refresh", headers=bearer(answer.json["refresh_token"]))
    assert client.get(READ, headers=bearer(renewed.json["access_token"])).status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_basic(client) -> None:
    """A Basic header is checked by the directory."""
    assert client.get(READ, headers=basic("viewer", PEOPLE["viewer"])).status_code == 200
    assert client.get(READ, headers=basic("viewer", "viewer-secret")).status_code == 401


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("viewer", "wrong"),
        ("viewer", "viewer-secret"),  # Airflow's own password of the same user
        ("op", "op-secret"),  # whom the directory does not know
        ("newcomer", PEOPLE["newcomer"]),  # whom Airflow does not know
        ("nobody", "wrong"),
        ("*", PEOPLE["viewer"]),
        ("view*", PEOPLE["viewer"]),
        ("viewer)(uid=*", PEOPLE["viewer"]),
        ("viewer\\2a", PEOPLE["viewer"]),
    ],
)
def test_refusals(client, name: str, password: str) -> None:
    """Whoever the directory or Airflow does not know is refused in the words of a wrong password."""
    answer = _login(client, name, password)
    refused = "Invalid user name or password; check both, on Airflow's own page for example"
    assert (answer.status_code, answer.json["msg"]) == (401, refused)


@pytest.mark.parametrize("password", ["", "\0"])
def test_empty_password(client, password: str) -> None:
    """An empty password, with which a directory signs anybody in as nobody, is refused."""
    assert _login(client, "admin", password).status_code in (400, 401)


def test_provider(client) -> None:
    """The provider db is refused where the directory keeps the passwords."""
    answer = _login(client, "viewer", "viewer-secret", provider="db")
    assert answer.status_code == 400


def test_registration(app, client, monkeypatch) -> None:
    """With AUTH_USER_REGISTRATION the directory's newcomers get a user with the configured role."""
    monkeypatch.setitem(app.config, "AUTH_USER_REGISTRATION", True)
    assert _login(client, "newcom*", PEOPLE["newcomer"]).status_code == 401
    answer = _login(client, "newcomer", PEOPLE["newcomer"])
    assert client.get(READ, headers=bearer(answer.json["access_token"])).status_code == 200
    assert _taken_away(app, "newcomer") == ("newcomer@ldap.example.org", ["Viewer"])


def _taken_away(app, name: str) -> tuple[str, list[str]]:
    """Delete a user who was registered; return the address and the roles that it had."""
    manager = app.appbuilder.sm
    with app.app_context():
        user = manager.find_user(username=name)
        registered = (user.email, [role.name for role in user.roles])
        manager.get_session.delete(user)
        manager.get_session.commit()
    return registered


def test_directory_that_does_not_answer(app, client, monkeypatch) -> None:
    """A directory that does not answer lets nobody in."""
    monkeypatch.setitem(app.config, "AUTH_LDAP_SERVER", "ldap://127.0.0.1:1")
    assert _login(client, "viewer", PEOPLE["viewer"]).status_code == 401


def test_the_configuration_that_operators_copy(app, client, directory, monkeypatch) -> None:
    """With `deployment/webserver_config.py` and its variables the directory's users sign in, newcomers as Viewers."""
    variables = {
        "LDAP_SERVER": directory.url,
        "LDAP_BIND_USER": slapd.ROOT_DN,
        "LDAP_BIND_PASSWORD": slapd.ROOT_PASSWORD,
        "LDAP_SEARCH": f"ou=people,{slapd.SUFFIX}",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    config = Config(".")
    config.from_pyfile(str(Path(__file__).parents[3] / "deployment" / "webserver_config.py"))
    for name, value in config.items():
        monkeypatch.setitem(app.config, name, value)
    answer = _login(client, "copied", PEOPLE["copied"])
    assert answer.status_code == 200, answer.text
    assert client.get(READ, headers=bearer(answer.json["access_token"])).status_code == 200
    assert _taken_away(app, "copied") == ("copied@ldap.example.org", ["Viewer"])
