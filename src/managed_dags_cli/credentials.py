"""How a request is signed: by a given token, a password of the environment, or a stored login that renews itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from managed_dags_cli import stored_logins
from managed_dags_cli.answers import from_elsewhere, is_refusal
from managed_dags_cli.errors import NotSignedIn, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.connection import Answer, Connection

LOGIN = "/api/v1/security/login"
REFRESH = "/api/v1/security/refresh"
LOGOUT = "/api/v1/security/logout"


class Credentials(Protocol):
    """What goes into the Authorization header."""

    def token(self, connection: Connection) -> str:
        """Return the access token; raise NotSignedIn if there is none."""

    def renew(self, connection: Connection, refused: str) -> bool:
        """Get another token than the one that was refused; return whether there is one."""


class GivenToken:
    """A token of --token or MANAGED_DAGS_TOKEN; whoever gave it renews it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, connection: Connection) -> str:  # noqa: ARG002 - others ask the server
        """Return the given token."""
        return self._token

    def renew(self, connection: Connection, refused: str) -> bool:  # noqa: ARG002 - as above
        """Return False: there is no other token."""
        return False


class Password:
    """MANAGED_DAGS_USERNAME and MANAGED_DAGS_PASSWORD: one login for each command that needs one."""

    def __init__(self, username: str, password: str, provider: str) -> None:
        self._body = {"username": username, "password": password, "provider": provider}
        self._token: str | None = None

    def token(self, connection: Connection) -> str:
        """Return the access token, after a login at the first call."""
        if self._token is None:
            self._token = log_in(connection, self._body)["access_token"]
        return self._token

    def renew(self, connection: Connection, refused: str) -> bool:
        """Log in again, in a command that watches for longer than a token lives."""
        self._token = None
        return self.token(connection) != refused


class Stored:
    """A stored login: its access token, renewed by its refresh token when it has expired."""

    def __init__(self, name: str) -> None:
        self._name = name

    def token(self, connection: Connection) -> str:  # noqa: ARG002 - as above
        """Return the stored access token."""
        login = stored_logins.read().named(self._name)
        if not login.access_token:
            raise NotSignedIn(f"the login '{self._name}' has no token; {_login_command(self._name, login.url)}")
        return login.access_token

    def renew(self, connection: Connection, refused: str) -> bool:
        """Renew the token by the refresh token, or take the one that another command has stored meanwhile."""
        with stored_logins.locked():
            login = stored_logins.read().named(self._name)
            if login.access_token and login.access_token != refused:
                return True
            if not login.refresh_token:
                return False
            headers = {"Authorization": f"Bearer {login.refresh_token}"}
            answer = connection.send("POST", REFRESH, headers=headers)
            ended = f"the login '{self._name}' has ended: {_reason(answer)}; {_login_command(self._name, login.url)}"
            tokens = _tokens(answer, connection, refused=ended)
            stored_logins.store_tokens(self._name, tokens["access_token"], tokens.get("refresh_token"))
            return True


def log_in(connection: Connection, body: Mapping[str, object]) -> dict[str, str]:
    """Return the tokens of a login; raise NotSignedIn if it is refused."""
    answer = connection.send("POST", LOGIN, headers={}, body=body)
    refused = f"{connection.url} refuses the login of '{body.get('username')}': {_reason(answer)}"
    return _tokens(answer, connection, refused=refused)


def _tokens(answer: Answer, connection: Connection, *, refused: str) -> dict[str, str]:
    """Return the tokens of an answer; raise NotSignedIn with the sentence `refused` only if it refuses them.

    A server that is too busy (429), or whose database is away (503), refuses nobody: that is Refused, with its reason.
    Raises NotReachable if what answers is no such server, whatever it refuses.
    """
    if answer.status == 200 and isinstance(answer.document, dict) and "access_token" in answer.document:
        return answer.document
    if not is_refusal(answer):
        raise from_elsewhere(answer, connection.url)
    if answer.status == 429 or answer.status >= 500:
        raise Refused({"status": answer.status, **answer.document})
    raise NotSignedIn(refused)


def _login_command(name: str, url: str) -> str:
    return f"`managed-dags login {url} --name {name}`"


def _reason(answer: Answer) -> str:
    problem = answer.document if isinstance(answer.document, dict) else {}
    return str(problem.get("detail") or problem.get("msg") or f"HTTP {answer.status}")
