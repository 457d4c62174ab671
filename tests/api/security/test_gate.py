"""Whose request it is: the order in which credentials count, and what is refused."""

from __future__ import annotations

import pytest

from support.airflow_home import USERS
from support.callers import CHANGE, OLD_DOOR, READ, basic, bearer

DOORS = pytest.mark.parametrize("url", [READ, f"{OLD_DOOR}?api=dag_state&dag_id=x&run_id=y"], ids=["typed", "old"])


def test_no_header_and_no_session_at_the_old_door(client) -> None:
    """A call at the old door without credentials is answered with the documented body."""
    answer = client.get(f"{OLD_DOOR}?api=dag_state&dag_id=x&run_id=y")
    assert (answer.status_code, answer.text) == (401, '{"msg":"Missing Authorization Header"}')


def test_no_header_and_no_session_at_the_typed_door(client) -> None:
    """A call at the typed door without credentials carries the same msg."""
    answer = client.get(READ)
    assert (answer.status_code, answer.json["msg"]) == (401, "Missing Authorization Header")


@DOORS
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c d.e.f",
        "Token a.b.c",
        "Basic",
        "Basic !!!",
        "Basic YWRtaW4=",  # admin without a colon
        "Basic /////w==",  # not UTF-8
        "Negotiate abc",
        "a.b.c",
    ],
)
def test_bad_headers_are_refused(client, url: str, header: str) -> None:
    """An Authorization header that is there and bad is refused with 401."""
    assert client.get(url, headers={"Authorization": header}).status_code == 401


@DOORS
def test_bad_header_is_not_made_up_for_by_the_session(browser, url: str) -> None:
    """A bad Authorization header is refused although the browser is signed in."""
    answer = browser("admin").client.get(url, headers={"Authorization": "Bearer a.b.c"})
    assert answer.status_code == 401


@DOORS
def test_two_headers(client, sign_in, url: str) -> None:
    """Two Authorization headers are refused, although each is good."""
    token = sign_in()["access_token"]
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert client.get(url, headers=headers).status_code == 401


@DOORS
def test_comma_joined_headers(client, sign_in, url: str) -> None:
    """Two credentials in one Authorization header are refused, although each is good."""
    token = sign_in()["access_token"]
    header = {"Authorization": f"Bearer {token}, Bearer {token}"}
    assert client.get(url, headers=header).status_code == 401


@DOORS
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_token(client, sign_in, url: str, scheme: str) -> None:
    """An access token opens both doors, however its scheme is written."""
    header = {"Authorization": f"{scheme} {sign_in()['access_token']}"}
    assert client.get(url, headers=header).status_code not in (401, 403)


@DOORS
def test_basic(client, url: str) -> None:
    """A user name and a password in a Basic header open both doors."""
    assert client.get(url, headers=basic("admin", "admin-secret")).status_code not in (401, 403)


@DOORS
@pytest.mark.parametrize(
    ("name", "password"), [("admin", "wrong"), ("admin", ""), ("", "admin-secret"), ("nobody", "x"), ("admin", "a\0b")]
)
def test_bad_basic(client, url: str, name: str, password: str) -> None:
    """A Basic header with a wrong or empty part is refused."""
    assert client.get(url, headers=basic(name, password)).status_code == 401


def test_basic_is_limited(client) -> None:
    """After five wrong passwords in Basic headers the sixth try is refused with 429, a right one included."""
    statuses = [client.get(READ, headers=basic("admin", "wrong")).status_code for _ in range(5)]
    answer = client.get(READ, headers=basic("admin", "admin-secret"))
    assert (statuses, answer.status_code) == ([401] * 5, 429)


def test_right_basic_headers_are_not_limited(client) -> None:
    """Calls with the right password are not counted as tries."""
    statuses = [client.get(READ, headers=basic("viewer", "viewer-secret")).status_code for _ in range(7)]
    assert statuses == [200] * 7


@DOORS
def test_token_elsewhere_than_in_the_header(client, sign_in, url: str) -> None:
    """A token in the query, a cookie or another header is not looked at."""
    token = sign_in()["access_token"]
    client.set_cookie("access_token_cookie", token)
    joiner = "&" if "?" in url else "?"
    answer = client.get(f"{url}{joiner}jwt={token}", headers={"X-Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


@DOORS
def test_session(browser, url: str) -> None:
    """A signed-in browser may read at both doors."""
    assert browser("viewer").client.get(url).status_code not in (401, 403)


def test_session_needs_the_csrf_token_to_change_something(browser) -> None:
    """A signed-in browser that changes something without its CSRF token is refused."""
    answer = browser("admin").client.post(CHANGE)
    assert answer.status_code == 403
    assert answer.json["detail"].startswith("The CSRF token is missing.")


def test_session_with_somebody_elses_csrf_token(browser) -> None:
    """A CSRF token that another browser was given is refused."""
    stranger = browser("viewer").csrf_token
    answer = browser("admin").client.post(CHANGE, headers={"X-CSRFToken": stranger})
    assert answer.status_code == 403


def test_session_with_the_csrf_token(browser) -> None:
    """A signed-in browser with its CSRF token may change something."""
    admin = browser("admin")
    assert admin.client.post(CHANGE, headers={"X-CSRFToken": admin.csrf_token}).status_code == 200


def test_csrf_counts_where_flask_wtf_is_turned_off(app, browser, monkeypatch) -> None:
    """WTF_CSRF_ENABLED = False does not open the API to other sites' pages."""
    admin = browser("admin")
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    assert admin.client.post(CHANGE).status_code == 403


def test_old_door_gets_that_change_something_need_a_header(browser) -> None:
    """A cookie alone, with or without a CSRF token, cannot change anything by a GET at the old door."""
    admin = browser("admin")
    answer = admin.client.get(f"{OLD_DOOR}?api=refresh_all_dags", headers={"X-CSRFToken": admin.csrf_token})
    assert (answer.status_code, answer.json) == (401, {"msg": "Missing Authorization Header"})


def test_old_door_gets_that_change_something_take_a_token(client, sign_in) -> None:
    """The same GET with a token is served."""
    headers = bearer(sign_in()["access_token"])
    assert client.get(f"{OLD_DOOR}?api=refresh_all_dags", headers=headers).status_code == 200


def test_tokens_need_no_csrf_token(client, sign_in) -> None:
    """A caller with a token changes things without a CSRF token."""
    assert client.post(CHANGE, headers=bearer(sign_in()["access_token"])).status_code == 200


@pytest.mark.parametrize("credential", ["bearer", "basic"])
def test_header_beats_cookie(browser, sign_in, credential: str) -> None:
    """A Viewer's token or password beside an Admin's cookie acts as the Viewer."""
    headers = bearer(sign_in("viewer")["access_token"]) if credential == "bearer" else basic("viewer", "viewer-secret")
    admin = browser("admin")
    answer = admin.client.post(CHANGE, headers={**headers, "X-CSRFToken": admin.csrf_token})
    assert answer.status_code == 403
    assert admin.client.post(CHANGE, headers={"X-CSRFToken": admin.csrf_token}).status_code == 200


@pytest.mark.parametrize("configured", [None, "Admin"])
def test_public_role_opens_nothing(app, client, monkeypatch, configured: str | None) -> None:
    """AUTH_ROLE_PUBLIC lets nobody in here, not even with the Admin's role."""
    monkeypatch.setitem(app.config, "AUTH_ROLE_PUBLIC", configured)
    assert client.get(READ).status_code == 401
    assert client.get(READ, headers={"Authorization": "Bearer a.b.c"}).status_code == 401


@pytest.mark.parametrize("name", USERS)
def test_no_cookie_is_set(client, sign_in, name: str) -> None:
    """Neither a login nor a call with a token or a password, served or refused, sets a cookie."""
    login = client.post("/api/v1/security/login", json={"username": name, "password": USERS[name][1]})
    headers = bearer(login.json["access_token"])
    answers = [
        login,
        client.post("/api/v1/security/login", json={"username": name, "password": "wrong"}),
        client.get(READ, headers=headers),
        client.post(CHANGE, headers=headers),
        client.get(READ, headers=basic(name, USERS[name][1])),
        client.get(READ),
    ]
    assert [answer.headers.get("Set-Cookie") for answer in answers] == [None] * 6


def session_cookie(client) -> str:
    """Return the cookie that a browser has now."""
    if hasattr(client, "get_cookie"):
        return client.get_cookie("session").value
    return next(cookie.value for cookie in client.cookie_jar if cookie.name == "session")  # Werkzeug < 2.3


def test_browsers_session_is_left_alone(browser, sign_in) -> None:
    """A login and a call with a token beside a signed-in browser leave the browser signed in as before."""
    admin = browser("admin")
    before = session_cookie(admin.client)
    login = admin.client.post("/api/v1/security/login", json={"username": "viewer", "password": "viewer-secret"})
    admin.client.get(READ, headers=bearer(login.json["access_token"]))
    assert session_cookie(admin.client) == before
    assert admin.client.post(CHANGE, headers={"X-CSRFToken": admin.csrf_token}).status_code == 200


def test_security_headers(client, sign_in) -> None:
    """Answers, tokens and refusals alike, are not stored, not sniffed and not framed."""
    login = client.post("/api/v1/security/login", json={"username": "viewer", "password": "viewer-secret"})
    for answer in (login, client.get(READ), client.get(READ, headers=bearer(login.json["access_token"]))):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
