"""Login, refresh and logout."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import limits
import pytest
from sqlalchemy import func, insert, select

from openmetadata_airflow_apis.errors import TooManyTries
from openmetadata_airflow_apis.security import login_limits, revocation
from support.callers import READ, basic, bearer, claims_of

LOGIN = "/api/v1/security/login"
REFRESH = "/api/v1/security/refresh"
LOGOUT = "/api/v1/security/logout"
REFUSED = "Invalid user name or password; check both, on Airflow's own page for example"
LOG_IN = "; log in again at /api/v1/security/login"


def _login(client, name: str = "admin", password: str = "admin-secret", **more: object):
    return client.post(LOGIN, json={"username": name, "password": password, **more})


def test_login_with_refresh(client) -> None:
    """A login that asks for a refresh token gets both tokens."""
    answer = _login(client, refresh=True, provider="db")
    assert (answer.status_code, list(answer.json)) == (200, ["access_token", "refresh_token"])


def test_login_without_refresh(client) -> None:
    """A login that does not ask for a refresh token gets the access token alone."""
    assert list(_login(client, refresh=False).json) == ["access_token"]


def test_login_with_email(client) -> None:
    """The e-mail address is as good as the user name, as on Airflow's own page."""
    assert _login(client, "viewer@example.org", "viewer-secret").status_code == 200


@pytest.fixture
def hashes(app, monkeypatch) -> list[str]:
    """The passwords that were hashed."""
    # the module where Airflow's security manager checks passwords, whose place differs between versions
    names = app.appbuilder.sm.auth_user_db.__func__.__globals__
    hashed: list[str] = []
    true = names["check_password_hash"]
    monkeypatch.setitem(
        names, "check_password_hash", lambda stored, given: (hashed.append(given), true(stored, given))[1]
    )
    return hashed


def test_wrong_password_unknown_and_inactive_users(client, make_user, hashes, app) -> None:
    """A wrong password, an unknown user and an inactive user get one answer, for one password hash each."""
    user = make_user("Viewer")
    user.active = False
    app.appbuilder.sm.update_user(user)
    bodies = []
    for name, password in (("admin", "wrong"), ("nobody", "admin-secret"), (user.username, "a-password")):
        hashes.clear()
        answer = _login(client, name, password)
        bodies.append((answer.status_code, answer.json["msg"], len(hashes)))
    assert bodies == [(401, REFUSED, 1)] * 3


def test_login_costs_one_hash_and_calls_cost_none(client, hashes) -> None:
    """A login hashes the password once; a refresh, a call and a logout hash nothing."""
    issued = _login(client, refresh=True).json
    assert len(hashes) == 1
    client.post(REFRESH, headers=bearer(issued["refresh_token"]))
    client.get(READ, headers=bearer(issued["access_token"]))
    client.post(LOGOUT, headers=bearer(issued["access_token"]))
    assert len(hashes) == 1


@pytest.mark.parametrize(("name", "password"), [("admin", ""), ("", "x"), ("admin", "admin-secret\0"), ("a\0b", "x")])
def test_empty_and_nul_bearing_passwords(client, hashes, name: str, password: str) -> None:
    """Empty user names and passwords, and those with a NUL, are refused before Airflow is asked about them."""
    answer = _login(client, name, password)
    assert answer.status_code in (400, 401)
    assert hashes == []


def test_users_of_other_logins_have_no_empty_password(client, make_user) -> None:
    """A user whom LDAP registered (with the hash of an empty password) does not get in with an empty password."""
    user = make_user("Admin", password="")
    assert _login(client, user.username, "").status_code in (400, 401)


@pytest.mark.parametrize(
    ("auth_type", "provider", "message"),
    [
        (1, "ldap", "The provider 'ldap' is not in use here; this Airflow signs in with 'db'"),
        (2, "db", "The provider 'db' is not in use here; this Airflow signs in with 'ldap'"),
        (0, "db", "AUTH_TYPE is OpenID, which has no password login; sign in on Airflow's own page"),
        (3, "db", "AUTH_TYPE is REMOTE_USER, which has no password login; sign in on Airflow's own page"),
        (4, "db", "AUTH_TYPE is OAuth, which has no password login; sign in on Airflow's own page"),
    ],
)
def test_providers(app, client, monkeypatch, auth_type: int, provider: str, message: str) -> None:
    """A provider other than the configured AUTH_TYPE's is refused with 400 and a sentence."""
    monkeypatch.setitem(app.config, "AUTH_TYPE", auth_type)
    answer = _login(client, provider=provider)
    assert (answer.status_code, answer.json["detail"]) == (400, message)


def test_other_auth_managers(client, monkeypatch) -> None:
    """An auth manager that keeps no passwords answers logins with 501."""
    from openmetadata_airflow_apis.security import identity

    monkeypatch.setattr(identity, "fab_security_manager", lambda: None)
    answer = _login(client)
    assert answer.status_code == 501
    assert answer.json["detail"].startswith("This Airflow's auth manager has no password login")


def test_limit_by_address(client) -> None:
    """After five refusals from one address the next login is answered 429 in JSON, whoever it is for."""
    statuses = [_login(client, f"user-{number}", "wrong").status_code for number in range(5)]
    answer = _login(client)
    assert (statuses, answer.status_code) == ([401] * 5, 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 40
    assert answer.json["detail"] == f"Too many login attempts; try again in {answer.headers['Retry-After']} seconds"


def test_limit_by_user_name(app) -> None:
    """After five refusals for one user name, however written, from anywhere, the next is answered 429."""
    statuses = []
    for number, name in enumerate(["admin", "ADMIN", "Admin", " admin", "admin", "admin"]):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        statuses.append(_login(client, name, "wrong").status_code)
    assert statuses == [401] * 5 + [429]


def test_limit_does_not_touch_others(app, client) -> None:
    """Another user at another address signs in while somebody is kept waiting."""
    for _ in range(6):
        _login(client, "admin", "wrong")
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.77"
    assert _login(elsewhere, "viewer", "viewer-secret").status_code == 200


def test_limit_ends(app, client, monkeypatch) -> None:
    """AUTH_RATE_LIMIT says how many and for how long, and tokens are not concerned."""
    monkeypatch.setitem(app.config, "AUTH_RATE_LIMIT", "2 per day")
    token = _login(client).json["access_token"]
    assert [_login(client, "admin", "wrong").status_code for _ in range(3)] == [401, 401, 429]
    assert client.get(READ, headers=bearer(token)).status_code == 200


def test_limit_turned_off(app, client, monkeypatch) -> None:
    """AUTH_RATE_LIMITED = False lifts the limit."""
    monkeypatch.setitem(app.config, "AUTH_RATE_LIMITED", False)
    assert [_login(client, "admin", "wrong").status_code for _ in range(7)] == [401] * 7


def test_limit_starts_anew_after_its_time(client, monkeypatch) -> None:
    """Forty seconds after the first refusal the next password is looked at."""
    statuses = [_login(client, "admin", "wrong").status_code for _ in range(6)]
    later = time.time() + 41
    monkeypatch.setattr(login_limits.time, "time", lambda: later)
    assert (statuses, _login(client).status_code) == ([401] * 5 + [429], 200)


def test_right_passwords_are_not_counted(client) -> None:
    """Only refusals count: a service may sign in, or send Basic headers, as often as it likes."""
    assert [_login(client).status_code for _ in range(8)] == [200] * 8
    headers = basic("admin", "admin-secret")
    assert [client.get(READ, headers=headers).status_code for _ in range(8)] == [200] * 8


def test_tries_of_logins_and_of_basic_headers_are_one_count(client) -> None:
    """Three refused logins and two refused Basic headers are five."""
    statuses = [_login(client, "admin", "wrong").status_code for _ in range(3)]
    statuses += [client.get(READ, headers=basic("admin", "wrong")).status_code for _ in range(2)]
    answers = [_login(client), client.get(READ, headers=basic("admin", "admin-secret"))]
    assert (statuses, [answer.status_code for answer in answers]) == ([401] * 5, [429] * 2)


def test_tries_at_the_same_time(app) -> None:
    """Of twenty wrong passwords that come at once five are looked at, and the right one among the rest is not."""
    with ThreadPoolExecutor(20) as pool:
        statuses = list(
            pool.map(lambda number: _login(app.test_client(), "admin", f"wrong {number}").status_code, range(20))
        )
    assert Counter(statuses) == {401: 5, 429: 15}
    assert _login(app.test_client()).status_code == 429


def test_right_passwords_at_the_same_time(app) -> None:
    """More right ones at once than the limit has tries are all taken: they wait for each other, and none is refused."""
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: _login(app.test_client()).status_code, range(12)))
    assert statuses == [200] * 12


def test_a_try_whose_process_died_ends_with_its_window(client, monkeypatch) -> None:
    """What a process that was killed was looking at counts as a try until the window ends, and no longer."""
    begun = login_limits.begin([login_limits.Limit("a", 1, 40)])
    monkeypatch.setattr(login_limits, "TRY_PATIENCE_SECONDS", 0)
    with pytest.raises(TooManyTries):
        login_limits.begin([login_limits.Limit("a", 1, 40)])
    later = time.time() + 41
    monkeypatch.setattr(login_limits.time, "time", lambda: later)
    anew = login_limits.begin([login_limits.Limit("a", 1, 40)])
    login_limits.end(begun, refused=True)  # of a window that is over: nobody is refused for it
    login_limits.end(anew, refused=False)
    login_limits.end(login_limits.begin([login_limits.Limit("a", 1, 40)]), refused=False)


def test_tries_are_forgotten(client, session) -> None:
    """An address and a user name are forgotten an hour after their tries, when another is counted."""
    session.execute(insert(login_limits.TABLE).values(identifier="long ago", refused=5, pending=0, ends_at=1))
    session.commit()
    _login(client, "admin", "wrong")
    names = set(session.scalars(select(login_limits.TABLE.c.identifier)))
    assert ("long ago" in names, len(names)) == (False, 2)


def test_tries_that_cannot_be_counted(app, client) -> None:
    """A login and a Basic header are answered 503 while the table of tries cannot be read."""
    from airflow.settings import engine

    def rename(old: str, new: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    rename(login_limits.TABLE_NAME, "moved_away")
    try:
        answers = [_login(client), client.get(READ, headers=basic("admin", "admin-secret"))]
    finally:
        rename("moved_away", login_limits.TABLE_NAME)
    detail = (
        "Password tries cannot be counted, so that no password is taken: Airflow's database does not answer, or is too "
        "busy; try again later"
    )
    assert [(answer.status_code, answer.json["detail"]) for answer in answers] == [(503, detail)] * 2


class TestConfiguredStorage:
    """RATELIMIT_STORAGE_URI names where tries are counted instead. Here that is Flask-Limiter's own memory."""

    @pytest.fixture(autouse=True)
    def storage(self, app, monkeypatch):
        """The URI of a store; what is behind it is the limiter's as the tests' web application has it."""
        monkeypatch.setitem(app.config, "RATELIMIT_STORAGE_URI", "redis://nowhere")

    def test_limit(self, client) -> None:
        """Five refusals, then 429; our table is not asked."""
        statuses = [_login(client, "admin", "wrong").status_code for _ in range(5)]
        answer = _login(client)
        assert (statuses, answer.status_code) == ([401] * 5, 429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 40

    def test_tries_at_the_same_time(self, app, client) -> None:
        """A refusal beyond the limit is 429 although the password was looked at."""
        limiter = app.appbuilder.sm.limiter
        items = limits.parse_many(app.appbuilder.sm.auth_rate_limit)
        manager = SimpleNamespace(is_auth_limited=True, limiter=limiter, auth_rate_limit=app.config["AUTH_RATE_LIMIT"])

        def refused_beside_others() -> None:
            with app.test_request_context(), login_limits.one_try(manager, "admin") as this_try:
                for _ in range(5):
                    limiter.limiter.hit(items[0], "omaa", "address", "")
                this_try.refused = True

        with pytest.raises(TooManyTries):
            refused_beside_others()

    def test_storage_fails(self, app, client, monkeypatch) -> None:
        """A login is answered 503 where tries cannot be counted."""
        limiter = app.appbuilder.sm.limiter

        def fail(*_: object) -> bool:
            raise (
                limiter.storage.base_exceptions[0]
                if isinstance(limiter.storage.base_exceptions, tuple)
                else limiter.storage.base_exceptions
            )

        monkeypatch.setattr(limiter.limiter, "test", fail)
        assert _login(client).status_code == 503


def test_refresh(client, sign_in) -> None:
    """A refresh token gets a new access token, not fresh and of the same family, as often as it is shown."""
    issued = sign_in()
    for _ in range(2):
        answer = client.post(REFRESH, headers=bearer(issued["refresh_token"]))
        assert (answer.status_code, list(answer.json)) == (200, ["access_token"])
        claims = claims_of(answer.json["access_token"])
        assert (claims["fresh"], claims["type"]) == (False, "access")
        assert claims["family"] == claims_of(issued["access_token"])["family"]
        assert client.get(READ, headers=bearer(answer.json["access_token"])).status_code == 200


def test_refresh_with_an_access_token(client, sign_in) -> None:
    """An access token does not refresh."""
    answer = client.post(REFRESH, headers=bearer(sign_in()["access_token"]))
    assert (answer.status_code, answer.json["msg"]) == (
        401,
        "Only refresh tokens are allowed; send the other token of your login",
    )


@pytest.mark.parametrize("url", [REFRESH, LOGOUT])
def test_refresh_and_logout_without_a_token(browser, url: str) -> None:
    """Refresh and logout need a token: a session is not one."""
    admin = browser("admin")
    answer = admin.client.post(url, headers={"X-CSRFToken": admin.csrf_token})
    assert (answer.status_code, answer.json["msg"]) == (401, "Missing Authorization Header")


@pytest.mark.parametrize("shown", ["access_token", "refresh_token"])
def test_logout(client, sign_in, shown: str) -> None:
    """A logout with either token ends every token of that login, and no other login."""
    other = sign_in()
    issued = sign_in()
    refreshed = client.post(REFRESH, headers=bearer(issued["refresh_token"])).json
    answer = client.post(LOGOUT, headers=bearer(issued[shown]))
    assert answer.status_code == 200
    for token in (issued["access_token"], refreshed["access_token"]):
        answer = client.get(READ, headers=bearer(token))
        assert (answer.status_code, answer.json["msg"]) == (401, f"Token has been revoked{LOG_IN}")
    assert client.post(REFRESH, headers=bearer(issued["refresh_token"])).status_code == 401
    assert client.post(LOGOUT, headers=bearer(issued[shown])).status_code == 401
    assert client.get(READ, headers=bearer(other["access_token"])).status_code == 200


@pytest.fixture
def rotation(monkeypatch) -> None:
    """[openmetadata_airflow_apis] rotate_refresh_tokens is on."""
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__ROTATE_REFRESH_TOKENS", "True")


def test_rotation(client, sign_in, rotation) -> None:
    """With rotation on a refresh answers a new refresh token too, which refreshes in its turn."""
    token = sign_in()["refresh_token"]
    for _ in range(3):
        answer = client.post(REFRESH, headers=bearer(token))
        assert (answer.status_code, list(answer.json)) == (200, ["access_token", "refresh_token"])
        token = answer.json["refresh_token"]


def test_spent_refresh_token(client, sign_in, rotation) -> None:
    """With rotation on a refresh token that is shown twice ends all tokens of its login."""
    issued = sign_in()
    renewed = client.post(REFRESH, headers=bearer(issued["refresh_token"])).json
    assert client.get(READ, headers=bearer(renewed["access_token"])).status_code == 200
    answer = client.post(REFRESH, headers=bearer(issued["refresh_token"]))
    assert answer.status_code == 401
    assert answer.json["msg"].startswith("The refresh token was used before")
    assert client.get(READ, headers=bearer(renewed["access_token"])).status_code == 401
    assert client.post(REFRESH, headers=bearer(renewed["refresh_token"])).status_code == 401


def test_spent_refresh_token_after_rotation_is_turned_off(client, sign_in, rotation, monkeypatch) -> None:
    """A refresh token that was spent stays spent when rotation is turned off."""
    token = sign_in()["refresh_token"]
    client.post(REFRESH, headers=bearer(token))
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__ROTATE_REFRESH_TOKENS", "False")
    assert client.post(REFRESH, headers=bearer(token)).status_code == 401


def test_expired_revocations_are_forgotten(app, client, sign_in) -> None:
    """What is revoked is stored until the last token concerned has ended, and is then removed by the next logout."""
    from airflow.settings import Session

    with app.app_context():
        Session().execute(insert(revocation.TABLE).values(identifier="long-ago", expires_at=1))
        Session().commit()
        token = sign_in()["access_token"]
        client.post(LOGOUT, headers=bearer(token))
        stored = Session().execute(select(revocation.TABLE)).all()
    ends = {row.identifier: row.expires_at for row in stored}
    assert "long-ago" not in ends
    in_30_days = (datetime.now(timezone.utc) + timedelta(days=30)).timestamp()
    assert abs(ends[claims_of(token)["family"]] - in_30_days) < 60


def test_revocations_that_cannot_be_read(client, sign_in, unreadable_revocations) -> None:
    """Every token is refused with 503 while the table of revoked tokens cannot be read; no logout, and no new token."""
    issued = sign_in()
    with unreadable_revocations():
        answers = [
            client.get(READ, headers=bearer(issued["access_token"])),
            client.post(REFRESH, headers=bearer(issued["refresh_token"])),
            client.post(LOGOUT, headers=bearer(issued["access_token"])),
            _login(client),
        ]
    assert [answer.status_code for answer in answers] == [503] * 4
    assert client.get(READ, headers=bearer(issued["access_token"])).status_code == 200


def test_passwords_and_tokens_are_not_logged(client, caplog) -> None:
    """Neither a login nor a refusal leaves a password or a token in a log."""
    caplog.set_level("DEBUG")
    issued = _login(client, refresh=True).json
    _login(client, "admin", "a-wrong-secret")
    client.get(READ, headers=bearer(issued["access_token"]))
    client.get(READ, headers=bearer(issued["refresh_token"]))
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    for secret in ("admin-secret", "a-wrong-secret", issued["access_token"], issued["refresh_token"]):
        assert secret not in logged


def test_audit_rows(client, session) -> None:
    """A login and a logout leave a row each in Airflow's audit log: who, what and which request, and nothing else."""
    from airflow.models.log import Log

    newest = session.scalar(select(func.max(Log.id))) or 0
    _login(client, "viewer", "a wrong one")
    issued = _login(client, "viewer", "viewer-secret", refresh=True).json
    client.post(REFRESH, headers=bearer(issued["refresh_token"]))
    client.post(LOGOUT, headers=bearer(issued["refresh_token"]))
    session.rollback()
    rows = session.query(Log).filter(Log.id > newest).order_by(Log.id)
    assert [(row.event, row.owner, row.dag_id, list(json.loads(row.extra))) for row in rows] == [
        ("login", "viewer", None, ["request"]),
        ("logout", "viewer", None, ["request"]),
    ]
