"""Logout: ends a login with all of its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.security import authentication, identity, revocation, tokens
from openmetadata_airflow_apis.security.login import commit_by_itself

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def logout() -> None:
    """Revoke the request's token, access or refresh, and every other token of the same login."""
    identity.leave_session()
    token = tokens.verify(authentication.bearer_token(authentication.authorization_header()), {"access", "refresh"})
    end_login(token.family, logged_out=token.user.username)


def end_login(family: str, *, logged_out: str | None = None) -> None:
    """Revoke all tokens of a login, its family; logged_out: the user name for the audit log, if this is a logout."""
    until = tokens.last_expiry()

    def change(session: Session) -> None:
        revocation.revoke(family, until=until, session=session)
        if logged_out is not None:
            audit.record("logout", user=logged_out, dag_id=None, receipt=receipt, session=session)

    receipt = audit.Receipt()
    commit_by_itself(
        change,
        receipt,
        unavailable="Airflow's database does not answer, so that the tokens were not revoked; try again later",
        unknown="Airflow's database broke off and has not answered since, so it isn't known whether the tokens are "
        "revoked; log out again: a 401 then says that they are",
    )
