"""Which server a command calls, and as whom: by its options, the variables MANAGED_DAGS_*, or a stored login.

The token and the password of the environment are sent to the server of MANAGED_DAGS_URL alone, if that names one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import click

from managed_dags_cli import stored_logins
from managed_dags_cli.connection import reason_of, tokens_of
from managed_dags_cli.errors import NotSignedIn
from managed_dags_cli.stored_logins import Stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.connection import Connection

URL, TOKEN, CONTEXT = "MANAGED_DAGS_URL", "MANAGED_DAGS_TOKEN", "MANAGED_DAGS_CONTEXT"
USERNAME, PASSWORD, PROVIDER = "MANAGED_DAGS_USERNAME", "MANAGED_DAGS_PASSWORD", "MANAGED_DAGS_PROVIDER"

_API = "/rest_api/api"
_LOGIN = "/api/v1/security/login"


@dataclass(frozen=True)
class Server:
    """A server and how to sign in there."""

    url: str
    credentials: Credentials


def meant_server(context: str | None, url: str | None, token: str | None) -> Server:
    """Return the server that these options name; what they leave open comes from the environment, or the current login.

    context: the name of a stored login. Raises NotSignedIn if nothing says which server, or as whom.
    """
    if context and url:
        raise click.UsageError("--context names a login with its URL; leave out --context or --url")
    if context is None:  # a login that is named here has a token of its own, and a variable's may be another server's
        url = url or os.environ.get(URL)
        url = checked_url(url) if url else None
        token = token or credentials_of_environment(url).get(TOKEN)
    check_token(token)
    if url:
        return Server(url, _credentials_for(url, token))
    logins = stored_logins.read()
    name = context or os.environ.get(CONTEXT) or logins.current
    if name is None:
        raise NotSignedIn(f"which server? `managed-dags login URL`, or set {URL} and {TOKEN}")
    login = logins.named(name)
    return Server(login.url, GivenToken(token) if token else Stored(name))


def check_token(token: str | None) -> None:
    """Raise UsageError for a token that no header can have, such as one with the end of a line."""
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise click.UsageError("the token has spaces, ends of lines or other characters that no token has")


def _credentials_for(url: str, token: str | None) -> Credentials:
    if token:
        return GivenToken(token)
    variables = credentials_of_environment(url)
    if USERNAME in variables and PASSWORD in variables:
        return Password(variables[USERNAME], variables[PASSWORD], os.environ.get(PROVIDER) or "db")
    logins = stored_logins.read()
    for name, login in logins.logins.items():
        if login.url == url:
            return Stored(name)
    if not variables and any(os.environ.get(name) for name in (TOKEN, PASSWORD)):
        others = f"{TOKEN}, {USERNAME} and {PASSWORD} are sent to {URL} ({os.environ[URL]}) alone"
        raise NotSignedIn(f"nobody is signed in at {url}: `managed-dags login {url}`, or --token; {others}")
    cure = f"`managed-dags login {url}`, --token, {TOKEN}, or {USERNAME} and {PASSWORD}"
    raise NotSignedIn(f"nobody is signed in at {url}: {cure}")


def credentials_of_environment(url: str | None) -> dict[str, str]:
    """Return the variables with a token, a user or a password that may be sent to a server.

    Where MANAGED_DAGS_URL names a server they are that one's, and none goes to another. url: None for a stored login.
    """
    servers_url = os.environ.get(URL)
    if url and servers_url and _place_of(url) != _place_of(servers_url):
        return {}
    return {name: os.environ[name] for name in (TOKEN, USERNAME, PASSWORD) if os.environ.get(name)}


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


def log_in(connection: Connection, body: Mapping[str, object]) -> dict[str, str]:
    """Return the tokens of a login; raise NotSignedIn if it is refused."""
    answer = connection.send("POST", _LOGIN, headers={}, body=body)
    refused = f"{connection.url} refuses the login of '{body.get('username')}': {reason_of(answer)}"
    return tokens_of(answer, connection.url, refused=refused)


def _place_of(url: str) -> tuple[str, str | None, int | None, str]:
    """Return what tells one server from another, however its URL is written."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return url, None, None, ""
    return parts.scheme, parts.hostname, port, _without_api(parts.path)


def _without_api(url: str) -> str:
    """Return a URL without a slash at its end, and without the path of this API, which each operation's path has."""
    return url.rstrip("/").removesuffix(_API).rstrip("/")


def checked_url(url: str) -> str:
    """Return a webserver's URL without a slash, or the API's path, at its end; raise UsageError if it is not one."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of brackets, or of the port
        is_usable = False
    if not is_usable or not url.isascii() or not url.isprintable() or set(url) & set(" ?#"):
        raise click.UsageError(f"'{url}' is no URL of a webserver; https://airflow.example.org, say")
    if parts.username is not None:
        raise click.UsageError("a URL with a user name in it is kept and shown; `managed-dags login` asks for it")
    return _without_api(url)
