"""Passwords in, tokens out: login, refresh, logout."""

from __future__ import annotations

import uuid
from typing import Callable

from airflow import settings as airflow_settings
from sqlalchemy.orm import Session

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import NotSignedIn
from openmetadata_airflow_apis.security import authentication, identity, passwords, revocation, tokens
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.transactions import COLLISIONS, database_errors, in_one_transaction


def login(username: str, password: str, *, provider: str = "db", refresh: bool = False) -> dict[str, str]:
    """Check a password and return {"access_token"}, and "refresh_token" if refresh is asked for.

    provider: "db" or "ldap", which must be what Airflow is configured for. The access token is fresh. Both tokens
    belong to one new family. Raises as passwords.check does.
    """
    identity.leave_session()
    user = passwords.check(username, password, provider)
    family = str(uuid.uuid4())
    issued = {"access_token": tokens.issue(user, "access", family=family, fresh=True)}
    if refresh:
        issued["refresh_token"] = tokens.issue(user, "refresh", family=family)
    _record_login(user.username)
    return issued


def refresh() -> dict[str, str]:
    """Return a new access token, which is not fresh, for the request's refresh token.

    With [openmetadata_airflow_apis] rotate_refresh_tokens this returns a new refresh token too, and the old one is
    spent. If a spent one comes again, somebody has copied it, and all tokens of its family are revoked.
    Raises NotSignedIn, Unavailable.
    """
    identity.leave_session()
    encoded = authentication.bearer_token(authentication.authorization_header(), kind="refresh_token")
    token = tokens.verify(encoded, {"refresh"}, spent_allowed=True)
    if Settings.load().rotate_refresh_tokens:
        first_use = revocation.spend(token.jti, until=tokens.last_expiry())
    else:
        first_use = not revocation.is_revoked(token.jti)
    if not first_use:
        _revoke_family(token.family)
        raise NotSignedIn("The refresh token was used before: it and all its tokens are revoked", "log in again")
    issued = {"access_token": tokens.issue(token.user, "access", family=token.family)}
    if Settings.load().rotate_refresh_tokens:
        issued["refresh_token"] = tokens.issue(token.user, "refresh", family=token.family)
    return issued


def logout() -> None:
    """Revoke the request's token, access or refresh, and every other token of the same login."""
    identity.leave_session()
    token = tokens.verify(authentication.bearer_token(authentication.authorization_header()), {"access", "refresh"})
    _revoke_family(token.family, logged_out=token.user.username)


def _revoke_family(family: str, *, logged_out: str | None = None) -> None:
    """Revoke all tokens of a login; logged_out: the user name for the audit log, if this is a logout."""
    until = tokens.last_expiry()

    def change(session: Session) -> None:
        revocation.revoke(family, until=until, session=session)
        if logged_out is not None:
            audit.record("logout", user=logged_out, dag_id=None, receipt=receipt, session=session)

    receipt = audit.Receipt()
    _commit(
        change,
        receipt,
        unavailable="Airflow's database does not answer, so that the tokens were not revoked; try again later",
        unknown="Airflow's database broke off and has not answered since, so it isn't known whether the tokens are "
        "revoked; log out again: a 401 then says that they are",
    )


def _record_login(username: str) -> None:
    def change(session: Session) -> None:
        revocation.keep_receipt(receipt.token, session=session)
        audit.record("login", user=username, dag_id=None, receipt=receipt, session=session)

    receipt = audit.Receipt()
    _commit(
        change,
        receipt,
        unavailable="Airflow's database does not answer, so that no token was issued; log in again later",
        unknown="Airflow's database broke off and does not answer, so that no token was issued; log in again later",
    )


def _commit(change: Callable[[Session], None], receipt: audit.Receipt, *, unavailable: str, unknown: str) -> None:
    # A session of its own: ending the request's session would detach the user from it.
    with Session(airflow_settings.engine) as session, database_errors(unavailable):
        in_one_transaction(
            lambda: change(session),
            session=session,
            was_committed=lambda: receipt.is_stored(session=session),
            again_after=COLLISIONS,
            unavailable=unavailable,
            unknown=lambda _: unknown,
        )
