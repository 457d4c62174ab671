"""Which server a command means, and as whom: its options, the environment, or a stored login."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from managed_dags_cli import stored_logins
from managed_dags_cli.credentials import GivenToken, Password, Stored
from managed_dags_cli.environment import CONTEXT, PASSWORD, PROVIDER, TOKEN, URL, USERNAME, credentials_of_environment
from managed_dags_cli.errors import NotSignedIn
from managed_dags_cli.webserver_urls import checked_url

if TYPE_CHECKING:
    from managed_dags_cli.credentials import Credentials


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
