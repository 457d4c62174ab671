"""A user name and a password, checked by Airflow's own security manager, a limited number of times."""

from __future__ import annotations

from typing import Any

from openmetadata_airflow_apis.errors import LoginUnsupported, NotSignedIn
from openmetadata_airflow_apis.security import identity, login_limits

# Flask-AppBuilder's numbers for AUTH_TYPE, by the word that a login sends as `provider`.
_AUTH_TYPES = {"db": 1, "ldap": 2}
_OTHER_AUTH_TYPES = {0: "OpenID", 3: "REMOTE_USER", 4: "OAuth"}
_REFUSAL = "Invalid user name or password"


def check(username: str, password: str) -> Any:
    """Return the active user with this name and password, at the cost of one password hash.

    An unknown user, a wrong password and an inactive user are refused in the same words after the same work. Raises
    NotSignedIn; LoginUnsupported if Airflow has no such login; TooManyTries after too many refusals from one address or
    for one user name; Unavailable if these can't be counted.
    """
    security_manager, configured = manager_and_provider()
    with login_limits.one_try(security_manager, username) as this_try:
        user = None
        if _may_be_asked(security_manager, configured, username, password):
            ask = security_manager.auth_user_db if configured == "db" else security_manager.auth_user_ldap
            user = ask(username, password)
        this_try.refused = user is None or not user.is_active
    if this_try.refused:
        raise NotSignedIn(_REFUSAL, "check both, on Airflow's own page for example")
    return user


def manager_and_provider() -> tuple[Any, str]:
    """Return Airflow's security manager, and the word for how it signs users in: "db" or "ldap".

    Raises LoginUnsupported if it takes no passwords.
    """
    security_manager = identity.fab_security_manager()
    if security_manager is None:
        raise LoginUnsupported(
            "This Airflow's auth manager has no password login; sign in its own way and use the session",
            by_auth_manager=True,
        )
    for name, auth_type in _AUTH_TYPES.items():
        if security_manager.auth_type == auth_type:
            return security_manager, name
    auth_type_name = _OTHER_AUTH_TYPES.get(security_manager.auth_type, security_manager.auth_type)
    raise LoginUnsupported(f"AUTH_TYPE is {auth_type_name}, which has no password login; sign in on Airflow's own page")


def _may_be_asked(security_manager: Any, provider: str, username: str, password: str) -> bool:
    # Users whom LDAP or OAuth registered have the hash of an empty password, and an LDAP bind with an empty
    # password succeeds as nobody. Neither PostgreSQL nor LDAP can be asked about a NUL.
    if not username or not password or "\0" in username or "\0" in password:
        return False
    # Flask-AppBuilder puts the name into the LDAP search filter as it is.
    return not (provider == "ldap" and security_manager.auth_ldap_search and set(username) & set("*()\\"))
