"""Passwords in, tokens out: login, refresh, logout."""

from __future__ import annotations

import uuid
from typing import Any

from airflow.utils.session import create_session

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import NotSignedIn
from openmetadata_airflow_apis.security import gate, identity, passwords, revocation, tokens
from openmetadata_airflow_apis.settings import Settings


def login(username: str, password: str, *, provider: str = "db", refresh: bool = False) -> dict[str, str]:
    """Check a password and return {"access_token"}, and "refresh_token" where refresh is asked for.

    provider: "db" or "ldap", which must be what Airflow is configured for. The access token is fresh. Both tokens
    belong to one new family. Raises as passwords.check does.
    """
    identity.leave_session()
    user = passwords.check(username, password, provider)
    family = str(uuid.uuid4())
    issued = {"access_token": tokens.issue(user, "access", family=family, fresh=True)}
    if refresh:
        issued["refresh_token"] = tokens.issue(user, "refresh", family=family)
    _record("login", user)
    return issued


def refresh() -> dict[str, str]:
    """Return a new access token, which is not fresh, for the request's refresh token.

    With [openmetadata_airflow_apis] rotate_refresh_tokens a new refresh token is answered too and the old one is
    spent: whoever shows a spent one ends the whole family, since it was copied. Raises NotSignedIn, Unavailable.
    """
    identity.leave_session()
    encoded = gate.bearer_token(gate.authorization_header())
    shown = tokens.verify(encoded, {"refresh"}, spent_allowed=True)
    if Settings.load().rotate_refresh_tokens:
        first_use = revocation.spend(shown.jti, until=tokens.last_expiry())
    else:
        first_use = not revocation.is_revoked(shown.jti)
    if not first_use:
        revocation.revoke(shown.family, until=tokens.last_expiry())
        raise NotSignedIn("The refresh token was used before: it and all its tokens are revoked", "log in again")
    issued = {"access_token": tokens.issue(shown.user, "access", family=shown.family)}
    if Settings.load().rotate_refresh_tokens:
        issued["refresh_token"] = tokens.issue(shown.user, "refresh", family=shown.family)
    return issued


def logout() -> None:
    """Revoke the request's token, access or refresh, and every other token of the same login."""
    identity.leave_session()
    shown = tokens.verify(gate.bearer_token(gate.authorization_header()), {"access", "refresh"})
    revocation.revoke(shown.family, until=tokens.last_expiry())
    _record("logout", shown.user)


def _record(operation: str, user: Any) -> None:
    with create_session() as session:
        audit.record(operation, user=user.username, dag_id=None, session=session)
