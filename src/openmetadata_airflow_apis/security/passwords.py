"""A user name and a password, checked by Airflow's own security manager, a limited number of times."""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

import limits
from flask import request

from openmetadata_airflow_apis.airflow_versions.webserver import limit_storage_errors
from openmetadata_airflow_apis.errors import LoginUnsupported, NotSignedIn, TooManyTries, Unavailable
from openmetadata_airflow_apis.security import identity

# Flask-AppBuilder's numbers for AUTH_TYPE, by the word that a login sends as `provider`.
_AUTH_TYPES = {"db": 1, "ldap": 2}
_OTHER_AUTH_TYPES = {0: "OpenID", 3: "REMOTE_USER", 4: "OAuth"}
_REFUSAL = "Invalid user name or password"


def check(username: str, password: str, provider: str | None = None) -> Any:
    """Return the active user whose name and password these are, at the cost of one password hash.

    provider: "db" or "ldap"; None means whatever is configured. An unknown user, a wrong password and an inactive
    user are refused in the same words after the same work. Raises NotSignedIn; LoginUnsupported where Airflow has
    no such login; TooManyTries after too many refusals from one address or for one user name.
    """
    security_manager = identity.fab_security_manager()
    if security_manager is None:
        raise LoginUnsupported(
            "This Airflow's auth manager has no password login; sign in its own way and use the session",
            by_auth_manager=True,
        )
    configured = _configured_provider(security_manager)
    if provider is not None and provider != configured:
        raise LoginUnsupported(
            f"The provider '{provider}' is not in use here; this Airflow signs in with '{configured}'"
        )
    tries = _Tries(security_manager, username)
    tries.refuse_if_spent()
    user = None
    if _may_be_asked(security_manager, configured, username, password):
        ask = security_manager.auth_user_db if configured == "db" else security_manager.auth_user_ldap
        user = ask(username, password)
    if user is None or not user.is_active:
        tries.count()
        raise NotSignedIn(_REFUSAL)
    return user


def _configured_provider(security_manager: Any) -> str:
    for name, auth_type in _AUTH_TYPES.items():
        if security_manager.auth_type == auth_type:
            return name
    other = _OTHER_AUTH_TYPES.get(security_manager.auth_type, security_manager.auth_type)
    raise LoginUnsupported(f"AUTH_TYPE is {other}, which has no password login; sign in on Airflow's own page")


def _may_be_asked(security_manager: Any, provider: str, username: str, password: str) -> bool:
    # Users whom LDAP or OAuth registered have the hash of an empty password, and an LDAP bind with an empty
    # password succeeds as nobody. Neither PostgreSQL nor LDAP can be asked about a NUL.
    if not username or not password or "\0" in username or "\0" in password:
        return False
    # Flask-AppBuilder puts the name into the LDAP search filter as it is.
    return not (provider == "ldap" and security_manager.auth_ldap_search and set(username) & set("*()\\"))


class _Tries:
    """Counts refused passwords by address and by user name, in the storage of Airflow's own login limit."""

    def __init__(self, security_manager: Any, username: str) -> None:
        limiter = security_manager.limiter
        self._items: list[limits.RateLimitItem] = []
        if security_manager.is_auth_limited and limiter.enabled:
            self._items = limits.parse_many(security_manager.auth_rate_limit)
            self._strategy = limiter.limiter
            self._storage_errors = limit_storage_errors(limiter.storage)
        name = hashlib.sha256(username.strip().lower().encode("utf-8", "replace")).hexdigest()
        self._keys = [("omaa", "address", request.remote_addr or ""), ("omaa", "user", name)]

    def refuse_if_spent(self) -> None:
        """Raise TooManyTries where the address or the user name had too many refusals."""
        for item in self._items:
            for key in self._keys:
                if not self._asked("test", item, key):
                    reset_at = self._asked("get_window_stats", item, key)[0]
                    raise TooManyTries(retry_after=max(1, math.ceil(reset_at - time.time())))

    def count(self) -> None:
        """Count one refusal."""
        for item in self._items:
            for key in self._keys:
                self._asked("hit", item, key)

    def _asked(self, question: str, item: limits.RateLimitItem, key: tuple[str, ...]) -> Any:
        try:
            return getattr(self._strategy, question)(item, *key)
        except self._storage_errors as error:
            raise Unavailable("The storage of the login limit (RATELIMIT_STORAGE_URI) does not answer") from error
