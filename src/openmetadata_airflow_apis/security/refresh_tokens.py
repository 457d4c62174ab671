"""A new access token for a refresh token; one that is used twice ends its whole login."""

from __future__ import annotations

from openmetadata_airflow_apis.errors import NotSignedIn
from openmetadata_airflow_apis.security import authentication, identity, revocation, tokens
from openmetadata_airflow_apis.security.logout import end_login
from openmetadata_airflow_apis.settings import Settings


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
        end_login(token.family)
        raise NotSignedIn("The refresh token was used before: it and all its tokens are revoked", "log in again")
    issued = {"access_token": tokens.issue(token.user, "access", family=token.family)}
    if Settings.load().rotate_refresh_tokens:
        issued["refresh_token"] = tokens.issue(token.user, "refresh", family=token.family)
    return issued
