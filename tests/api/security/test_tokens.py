"""What a token must say and how it must be signed: every other one is refused with 401."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from openmetadata_airflow_apis.security import tokens
from support.callers import OLD_DOOR, READ, bearer, claims_of

SECRET_KEY = "a-secret-key-of-the-tests-alone-0123456789"


LOG_IN = "; log in again at /api/v1/security/login"
OTHER_ALGORITHM = f"The token is signed in a way that is not taken here{LOG_IN}"
CHANGED = f"The token was not signed here, or was changed since{LOG_IN}"
ONLY_ACCESS = "Only access tokens are allowed; send the other token of your login"
GONE = "The user of this token is gone or not active; log in as another, or ask an Airflow Admin"
EXPIRED = (
    "Token has expired; get a new one at /api/v1/security/refresh with your refresh token, "
    "or log in again at /api/v1/security/login"
)


def _refusal(client, token: str) -> tuple[int, str]:
    typed = client.get(READ, headers=bearer(token))
    old = client.get(f"{OLD_DOOR}?api=dag_state&dag_id=x&run_id=y", headers=bearer(token))
    assert (old.status_code, old.json["msg"]) == (typed.status_code, typed.json["msg"])
    return typed.status_code, typed.json["msg"]


def test_claims(sign_in) -> None:
    """A login's access token lives 15 minutes, its refresh token 30 days; they are of one family."""
    issued = sign_in()
    access, refresh = claims_of(issued["access_token"]), claims_of(issued["refresh_token"])
    assert set(access) == set(refresh) == {
        "iat", "nbf", "exp", "jti", "iss", "aud", "sub", "type", "fresh", "family", "password",
    }  # fmt: skip
    assert (access["type"], access["fresh"], access["exp"] - access["iat"]) == ("access", True, 15 * 60)
    assert (refresh["type"], refresh["fresh"], refresh["exp"] - refresh["iat"]) == ("refresh", False, 30 * 24 * 3600)
    assert (access["family"], access["sub"]) == (refresh["family"], refresh["sub"])
    assert access["jti"] != refresh["jti"]


def test_forgery_tool(client, forge) -> None:
    """A token made by this module's forgery tool with nothing changed is good: refusals below are for what changed."""
    assert client.get(READ, headers=bearer(forge())).status_code == 200


@pytest.mark.parametrize(
    "name", ["exp", "iat", "nbf", "jti", "iss", "aud", "sub", "type", "fresh", "family", "password"]
)
def test_missing_claims(client, forge, name: str) -> None:
    """A token without one of the claims is refused."""
    status, message = _refusal(client, forge(**{name: None}))
    assert status == 401
    assert name in message


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, EXPIRED),
        ({"exp": int(time.time()) - 1}, EXPIRED),
        ({"iat": 1}, EXPIRED),
        ({"nbf": int(time.time()) + 86400}, f"The token is not valid yet: the clocks of two webservers differ{LOG_IN}"),
        ({"iss": "somebody-else"}, f"The token was issued by another program{LOG_IN}"),
        ({"aud": "somebody-else"}, f"The token is meant for another program{LOG_IN}"),
        ({"aud": [tokens.AUDIENCE]}, f"The token's claim 'aud' is missing or not of the right form{LOG_IN}"),
        ({"type": "refresh"}, ONLY_ACCESS),
        ({"type": "other"}, f"The token's claim 'type' is missing or not of the right form{LOG_IN}"),
        ({"password": "x"}, f"The password has changed since this token was issued{LOG_IN}"),
        ({"password": "é"}, f"The token's claim 'password' is missing or not of the right form{LOG_IN}"),
        ({"family": 7}, f"The token's claim 'family' is missing or not of the right form{LOG_IN}"),
        ({"jti": "x' OR 1=1"}, f"The token's claim 'jti' is missing or not of the right form{LOG_IN}"),
        ({"fresh": "yes"}, f"The token's claim 'fresh' is missing or not of the right form{LOG_IN}"),
        ({"sub": "999999"}, GONE),
    ],
)
def test_wrong_claims(client, forge, claims: dict[str, Any], reason: str) -> None:
    """A token with a wrong claim is refused, and the answer says which."""
    assert _refusal(client, forge(**claims)) == (401, reason)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "0",
        "-1",
        "01",
        "1.0",
        " 1",
        "1\n",
        "\u0661",
        "admin",
        "1 OR 1=1",
        "9" * 12,
        "4294967297",
        1,
        True,
        ["1"],
        {"a": 1},
    ],
    ids=repr,
)
def test_odd_subjects(client, forge, subject: object) -> None:
    """A subject that is not a plain positive number, as a string, is refused."""
    assert _refusal(client, forge(sub=subject))[0] == 401


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms(client, forge, algorithm: str) -> None:
    """A token signed with the true key but another algorithm is refused."""
    assert _refusal(client, forge(algorithm=algorithm)) == (
        401,
        f"The token is signed in a way that is not taken here{LOG_IN}",
    )


def test_no_algorithm(client, forge) -> None:
    """A token with the algorithm none is refused, with and without a signature."""
    unsigned = forge(key=b"", algorithm="none")
    assert _refusal(client, unsigned) == (401, OTHER_ALGORITHM)
    assert _refusal(client, unsigned + forge().split(".")[2])[0] == 401


@pytest.mark.parametrize("key", [b"x" * 32, SECRET_KEY.encode()], ids=["a stranger's", "SECRET_KEY"])
def test_other_keys(client, forge, key: bytes) -> None:
    """A token signed with another key, SECRET_KEY itself included, is refused."""
    assert _refusal(client, forge(key=key)) == (401, CHANGED)


@pytest.mark.parametrize("kid", ["", "../../etc/passwd", "other"], ids=repr)
def test_unknown_key_ids(client, forge, kid: str) -> None:
    """A token that names no key, or one that is not in use, is refused."""
    token = forge(header={"kid": kid})
    assert _refusal(client, token) == (401, f"The token was signed with a key that is not in use here{LOG_IN}")


def test_key_id_that_is_no_text(client, forge) -> None:
    """A token whose key id is a number is refused."""
    _, payload, signature = forge().split(".")
    header = _base64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": 7}).encode())
    assert _refusal(client, f"{header}.{payload}.{signature}")[0] == 401


@pytest.mark.parametrize(
    "header",
    [b"", b"{", b"[]", b"null", b'{"alg": 7}', b"[" * 5000, b'{"alg":' * 2000, b"\xff\xfe", b'{"alg": 1e999}'],
    ids=lambda header: repr(header[:9]),
)
def test_headers_that_are_no_headers(client, forge, header: bytes) -> None:
    """A token whose header is no JSON object, or a very deep one, is refused like any other."""
    _, payload, signature = forge().split(".")
    assert _refusal(client, f"{_base64(header)}.{payload}.{signature}")[0] == 401


def test_changed_payload(client, sign_in) -> None:
    """A Viewer's token changed to say the Admin's id is refused."""
    header, _, signature = sign_in("viewer")["access_token"].split(".")
    admin = sign_in("admin")["access_token"].split(".")[1]
    assert _refusal(client, f"{header}.{admin}.{signature}") == (
        401,
        f"The token was not signed here, or was changed since{LOG_IN}",
    )


def test_other_plugins_tokens(app, client) -> None:
    """A token that flask-jwt-extended made for another plugin of the same webserver is refused."""
    from flask_jwt_extended import create_access_token

    with app.app_context():
        token = create_access_token(identity="1", fresh=True)
    assert _refusal(client, token)[0] == 401


def test_jwt_manager_is_left_alone(app) -> None:
    """Airflow's own JWT manager keeps the callbacks that Airflow gave it."""
    manager = app.extensions["flask-jwt-extended"]
    assert manager._user_lookup_callback == app.appbuilder.sm.load_user_jwt


def test_refresh_token_is_no_access_token(client, sign_in) -> None:
    """A refresh token opens neither door."""
    assert _refusal(client, sign_in()["refresh_token"]) == (
        401,
        "Only access tokens are allowed; send the other token of your login",
    )


def test_shortened_lifetime_ends_older_tokens(app, client, forge, monkeypatch) -> None:
    """A token lives no longer than the present setting allows, whatever it was issued with."""
    token = forge(iat=int(time.time()) - 120)
    assert client.get(READ, headers=bearer(token)).status_code == 200
    monkeypatch.setitem(app.config, "JWT_ACCESS_TOKEN_EXPIRES", timedelta(minutes=1))
    assert _refusal(client, token) == (401, EXPIRED)


def test_lifetimes_are_settings(app, sign_in, monkeypatch) -> None:
    """flask-jwt-extended's settings say how long tokens live."""
    monkeypatch.setitem(app.config, "JWT_ACCESS_TOKEN_EXPIRES", timedelta(minutes=5))
    monkeypatch.setitem(app.config, "JWT_REFRESH_TOKEN_EXPIRES", 3600)
    issued = {name: claims_of(token) for name, token in sign_in().items()}
    assert {name: claims["exp"] - claims["iat"] for name, claims in issued.items()} == {
        "access_token": 300,
        "refresh_token": 3600,
    }


def test_tokens_without_an_end_are_not_issued(app, client, monkeypatch) -> None:
    """JWT_ACCESS_TOKEN_EXPIRES = False makes the login fail instead of giving a token that never ends."""
    monkeypatch.setitem(app.config, "JWT_ACCESS_TOKEN_EXPIRES", False)
    answer = client.post("/api/v1/security/login", json={"username": "admin", "password": "admin-secret"})
    assert answer.status_code == 503
    assert answer.json["detail"].startswith("JWT_ACCESS_TOKEN_EXPIRES of webserver_config.py is not a duration")


def test_secret_key_rotation(app, client, sign_in, monkeypatch) -> None:
    """After a change of SECRET_KEY older tokens hold while it is among SECRET_KEY_FALLBACKS, and end without it."""
    token = sign_in()["access_token"]
    monkeypatch.setattr(app, "secret_key", "another-secret-key-of-the-tests-0123456789")
    assert _refusal(client, token) == (401, f"The token was signed with a key that is not in use here{LOG_IN}")
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", [SECRET_KEY])
    assert client.get(READ, headers=bearer(token)).status_code == 200


def test_jwt_secret_key_rotation(app, client, sign_in, monkeypatch) -> None:
    """After a change of JWT_SECRET_KEY older tokens hold while JWT_PREVIOUS_SECRET_KEY has it, and end without it."""
    monkeypatch.setitem(app.config, "JWT_SECRET_KEY", "the-first-key-0123456789-0123456789")
    token = sign_in()["access_token"]
    assert jwt.decode(
        token, "the-first-key-0123456789-0123456789", algorithms=["HS256"], audience=tokens.AUDIENCE
    ) == claims_of(token)
    monkeypatch.setitem(app.config, "JWT_SECRET_KEY", "the-second-key-0123456789-0123456789")
    assert client.get(READ, headers=bearer(token)).status_code == 401
    monkeypatch.setitem(app.config, "JWT_PREVIOUS_SECRET_KEY", "the-first-key-0123456789-0123456789")
    assert client.get(READ, headers=bearer(token)).status_code == 200
    assert jwt.get_unverified_header(sign_in()["access_token"])["kid"] != jwt.get_unverified_header(token)["kid"]


def test_derived_key_is_not_secret_key(sign_in) -> None:
    """Tokens are not signed with SECRET_KEY, which signs sessions."""
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(sign_in()["access_token"], SECRET_KEY, algorithms=["HS256"], audience=tokens.AUDIENCE)


def test_clocks_may_differ(client, forge) -> None:
    """A token that another webserver issued half a minute ahead of this one's clock is good."""
    ahead = int(time.time()) + 30
    assert client.get(READ, headers=bearer(forge(iat=ahead, nbf=ahead))).status_code == 200


def test_deactivated_user(app, client, sign_in, make_user) -> None:
    """A token ends with its user's deactivation."""
    user = make_user("Viewer")
    headers = bearer(sign_in(user.username, "a-password")["access_token"])
    assert client.get(READ, headers=headers).status_code == 200
    _deactivate(app, user.id)
    answer = client.get(READ, headers=headers)
    assert (answer.status_code, answer.json["msg"]) == (
        401,
        "The user of this token is gone or not active; log in as another, or ask an Airflow Admin",
    )


def test_deleted_user(app, client, sign_in, make_user) -> None:
    """A token ends with its user."""
    user = make_user("Viewer")
    headers = bearer(sign_in(user.username, "a-password")["access_token"])
    manager = app.appbuilder.sm
    manager.get_session.delete(manager.get_user_by_id(user.id))
    manager.get_session.commit()
    assert client.get(READ, headers=headers).status_code == 401


def test_changed_password(app, client, sign_in, make_user) -> None:
    """Both tokens end with a change of the password."""
    user = make_user("Viewer")
    issued = sign_in(user.username, "a-password")
    with app.test_request_context():
        app.appbuilder.sm.reset_password(user.id, "another-password")
    answers = [
        client.get(READ, headers=bearer(issued["access_token"])),
        client.post("/api/v1/security/refresh", headers=bearer(issued["refresh_token"])),
    ]
    assert [(answer.status_code, answer.json["msg"]) for answer in answers] == [
        (401, f"The password has changed since this token was issued{LOG_IN}")
    ] * 2


def _deactivate(app, user_id: int) -> None:
    from airflow.settings import Session
    from sqlalchemy import update

    Session().execute(
        update(app.appbuilder.sm.user_model).where(app.appbuilder.sm.user_model.id == user_id).values(active=False)
    )
    Session().commit()


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
