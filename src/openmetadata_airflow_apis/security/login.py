"""Login: a password in, tokens out, if the provider is the one that this Airflow signs users in with."""

from __future__ import annotations

import uuid
from typing import Callable

from airflow import settings as airflow_settings
from sqlalchemy.orm import Session

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import LoginUnsupported
from openmetadata_airflow_apis.security import identity, passwords, revocation, tokens
from openmetadata_airflow_apis.transactions import COLLISIONS, database_errors, in_one_transaction


def login(username: str, password: str, *, provider: str = "db", refresh: bool = False) -> dict[str, str]:
    """Check a password and return {"access_token"}, and "refresh_token" if refresh is asked for.

    provider: "db" or "ldap", which must be what Airflow is configured for. The access token is fresh. Both tokens
    belong to one new family. Raises LoginUnsupported for another provider, and as passwords.check does.
    """
    identity.leave_session()
    _, configured = passwords.manager_and_provider()
    if provider != configured:
        raise LoginUnsupported(
            f"The provider '{provider}' is not in use here; this Airflow signs in with '{configured}'"
        )
    user = passwords.check(username, password)
    family = str(uuid.uuid4())
    issued = {"access_token": tokens.issue(user, "access", family=family, fresh=True)}
    if refresh:
        issued["refresh_token"] = tokens.issue(user, "refresh", family=family)
    _record_login(user.username)
    return issued


def _record_login(username: str) -> None:
    def change(session: Session) -> None:
        revocation.keep_receipt(receipt.token, session=session)
        audit.record("login", user=username, dag_id=None, receipt=receipt, session=session)

    receipt = audit.Receipt()
    commit_by_itself(
        change,
        receipt,
        unavailable="Airflow's database does not answer, so that no token was issued; log in again later",
        unknown="Airflow's database broke off and does not answer, so that no token was issued; log in again later",
    )


def commit_by_itself(
    change: Callable[[Session], None], receipt: audit.Receipt, *, unavailable: str, unknown: str
) -> None:
    """Commit a change of logins, with its row in the audit log, in a session of its own."""
    # Ending the request's session would detach the user from it.
    with Session(airflow_settings.engine) as session, database_errors(unavailable):
        in_one_transaction(
            lambda: change(session),
            session=session,
            was_committed=lambda: receipt.is_stored(session=session),
            again_after=COLLISIONS,
            unavailable=unavailable,
            unknown=lambda _: unknown,
        )
