"""The gate: says whose request this is, or refuses it. Nothing is let in by default."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from airflow.www.extensions.init_auth_manager import get_auth_manager
from flask import current_app, request
from werkzeug.exceptions import BadRequest

from openmetadata_airflow_apis.errors import NotAllowed, NotSignedIn
from openmetadata_airflow_apis.security import identity, passwords, tokens

# The older plugin's words.
_MISSING = "Missing Authorization Header"
_BEARER = re.compile(r"bearer +(?P<token>[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)", re.IGNORECASE)
_BASIC = re.compile(r"basic +(?P<credentials>[A-Za-z0-9+/=_-]+)", re.IGNORECASE)


def authenticate(*, changes_state: bool = True, session_allowed: bool = True) -> None:
    """Find out whose request this is and make that user the one whom Airflow's checks see.

    changes_state: a signed-in browser must send its CSRF token. session_allowed: False if a header is needed
    and a cookie alone is refused. If there is a header, it decides alone: a session never makes up for a bad one.
    Raises NotSignedIn, NotAllowed (the CSRF token), TooManyTries, and Unavailable if it can't be known whether a token
    was revoked.
    """
    header = authorization_header()
    if header is None:
        _by_session(changes_state=changes_state, session_allowed=session_allowed)
        return
    identity.leave_session()
    basic = _BASIC.fullmatch(header)
    if basic:
        username, password = _decoded(basic["credentials"])
        identity.bind(passwords.check(username, password))
        return
    identity.bind(tokens.verify(bearer_token(header), {"access"}).user)


def authorization_header() -> str | None:
    """Return the one Authorization header, None if there is none; raise NotSignedIn if there are several."""
    headers = request.headers.getlist("Authorization")
    if not headers:
        return None
    # WSGI servers join a repeated header with a comma; neither scheme has one in its alphabet.
    if len(headers) > 1 or "," in headers[0]:
        raise NotSignedIn("There are several credentials", "give one Authorization header, with one of them")
    return headers[0].strip()


def bearer_token(header: str | None, *, kind: str = "access_token") -> str:
    """Return the token of an Authorization header; raise NotSignedIn if there is none in it.

    kind: the name of the token that is needed, as the answer to a login has it.
    """
    if header is None:
        raise _missing(kind)
    bearer = _BEARER.fullmatch(header)
    if not bearer:
        raise NotSignedIn("Bad Authorization header", f"send 'Authorization: Bearer <{kind}>', the whole token")
    return bearer["token"]


def _missing(kind: str = "access_token") -> NotSignedIn:
    cure = f"log in at /api/v1/security/login and send 'Authorization: Bearer <{kind}>'"
    return NotSignedIn(_MISSING, cure, msg=_MISSING)


def _decoded(credentials: str) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise NotSignedIn("Bad Authorization header", "send 'Authorization: Basic <base64 of user:password>'")
    return username, password


def _by_session(*, changes_state: bool, session_allowed: bool) -> None:
    if not session_allowed or _session_user() is None:
        raise _missing()
    if changes_state:
        _require_csrf_token()


def _session_user() -> Any | None:
    """Return the user of the signed-in browser session, None if nobody is signed in."""
    auth_manager = get_auth_manager()
    user = auth_manager.get_user()
    # AUTH_ROLE_PUBLIC makes some versions of Airflow call an anonymous user logged in.
    if user is None or getattr(user, "is_anonymous", False) or not auth_manager.is_logged_in():
        return None
    return user if getattr(user, "is_active", True) else None


def _require_csrf_token() -> None:
    # Flask-WTF only checks methods that change state by HTTP's definition.
    if request.method not in current_app.config["WTF_CSRF_METHODS"]:
        raise _missing()
    try:
        current_app.extensions["csrf"].protect()
    except BadRequest as error:
        raise NotAllowed(
            f"{error.description} Send it in the header X-CSRFToken, or sign in with an Authorization header"
        ) from None
