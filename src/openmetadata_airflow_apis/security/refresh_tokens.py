"""A new access token for a refresh token; one that is used twice ends its whole login."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from airflow import settings as airflow_settings
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from openmetadata_airflow_apis.errors import NotSignedIn
from openmetadata_airflow_apis.security import authentication, identity, revocation, tokens
from openmetadata_airflow_apis.security.logout import end_login
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from datetime import datetime


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
        first_use = _first_use(token.jti, until=tokens.last_expiry())
    else:
        first_use = not revocation.is_revoked(token.jti)
    if not first_use:
        end_login(token.family)
        raise NotSignedIn("The refresh token was used before: it and all its tokens are revoked", "log in again")
    issued = {"access_token": tokens.issue(token.user, "access", family=token.family)}
    if Settings.load().rotate_refresh_tokens:
        issued["refresh_token"] = tokens.issue(token.user, "refresh", family=token.family)
    return issued


def _first_use(identifier: str, *, until: datetime) -> bool:
    """Revoke a token; return False if another call has revoked it before, even a moment ago.

    Raises Unavailable; OutcomeUnknown if it can't be told whether the token is revoked now.
    """
    receipt = str(uuid.uuid4())  # stored with the revocation: it proves that this call made it

    def change() -> bool:
        revocation.spend(identifier, until=until, session=session)
        revocation.keep_receipt(receipt, session=session)
        return True

    with Session(airflow_settings.engine) as session:
        try:
            return in_one_transaction(
                change,
                session=session,
                was_committed=lambda: revocation.has_receipt(receipt),
                unavailable="Airflow's database does not answer, so that the token was not renewed; try again later",
                unknown=lambda _: (
                    "Airflow's database broke off while it took the refresh token as used and has not answered since, "
                    "so it isn't known whether the token still holds; log in again"
                ),
            )
        except IntegrityError:
            return False
