"""login, logout, contexts: who is signed in where."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from managed_dags_cli import output, stored_logins
from managed_dags_cli.connection import Api, Connection, from_elsewhere, is_refusal
from managed_dags_cli.errors import CommandError, NotSignedIn
from managed_dags_cli.server_and_credentials import (
    PASSWORD,
    TOKEN,
    URL,
    USERNAME,
    GivenToken,
    Server,
    check_token,
    checked_url,
    credentials_of_environment,
    log_in,
)
from managed_dags_cli.stored_logins import StoredLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOGOUT = "/api/v1/security/logout"


@click.command()
@click.argument("url", envvar=URL)
@click.option("--name", help="What to call this login.  [default: the URL's host]")
@click.option("-u", "--username", help=f"The Airflow user.  [env var: {USERNAME}]")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--provider", type=click.Choice(["db", "ldap"]), default="db", show_default=True, help="Who knows users.")
@click.option("--token", help=f"An access token to store, instead of a login.  [env var: {TOKEN}]")
def login(
    url: str,
    *,
    name: str | None,
    username: str | None,
    password_stdin: bool,
    provider: str,
    token: str | None,
) -> None:
    """Sign in at the webserver URL.

    The password is asked for, or read from standard input or MANAGED_DAGS_PASSWORD. Only tokens are stored, in a file
    that nobody else may read, for the commands that follow. They renew themselves for as long as the refresh token
    lives (30 days by default).
    """
    url = checked_url(url)
    name = name or urlsplit(url).netloc
    variables = credentials_of_environment(url)
    token = token or variables.get(TOKEN)
    check_token(token)
    if token:
        # A wrong token is refused before it is stored, and so is one whose user may not list DAGs.
        Api(Server(url, GivenToken(token))).document("list_dags", limit=1)
        stored = StoredLogin(url, None, token)
    else:
        username = username or variables.get(USERNAME) or _prompt("User name", USERNAME)
        password = _password(variables.get(PASSWORD), password_stdin=password_stdin)
        body = {"username": username, "password": password, "refresh": True, "provider": provider}
        tokens = log_in(Connection(url), body)
        stored = StoredLogin(url, username, tokens["access_token"], tokens.get("refresh_token"))
    with stored_logins.locked():
        stored_logins.write(stored_logins.read().with_login(name, stored))
    output.say(f"signed in at {url} as {stored.username or 'the user of the token'}; this login is '{name}'")


@click.command()
@click.argument("name", required=False)
def logout(name: str | None) -> None:
    """End a login, the current one without NAME.

    Its tokens are revoked and forgotten.
    """
    with stored_logins.locked():
        logins = stored_logins.read()
        name = name or logins.current
        if name is None:
            raise NotSignedIn("nobody is signed in; `managed-dags contexts` shows all logins")
        stored = logins.named(name)
        token = stored.refresh_token or stored.access_token
        if token:
            headers = {"Authorization": f"Bearer {token}"}
            answer = Connection(stored.url).send("POST", _LOGOUT, headers=headers)
            if answer.status != 200 and not is_refusal(answer):
                raise from_elsewhere(answer, stored.url)
            if answer.status not in {200, 401}:  # 401: it had ended already
                raise CommandError(f"{stored.url} did not revoke the tokens (HTTP {answer.status}); try again")
        stored_logins.write(logins.without(name))
    output.say(f"signed out: '{name}'")


@click.command()
@click.option("-o", "--output", "format_", type=click.Choice(output.FORMATS), default="table", show_default=True)
@click.option("--use", metavar="NAME", help="Make this login the current one.")
def contexts(format_: str, use: str | None) -> None:
    """Show the stored logins.

    --use says which one is meant where none is named.
    """
    with stored_logins.locked():
        logins = stored_logins.read()
        if use is not None:
            logins.named(use)
            logins = replace(logins, current=use)
            stored_logins.write(logins)
    rows = [
        {"name": name, "url": stored.url, "username": stored.username, "current": name == logins.current}
        for name, stored in sorted(logins.logins.items())
    ]
    columns: dict[str, Any] = {"": _mark, "name": "name", "url": "url", "user": "username"}
    output.show(rows, format_, rows, output.Table(columns, "name"), "no login; `managed-dags login URL` makes one")


def _mark(row: Mapping[str, Any]) -> str:
    return "*" if row["current"] else ""


COMMANDS = (login, logout, contexts)


def _prompt(question: str, variable: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question}? Nobody is there to answer: give --username, or set {variable}")
    return str(click.prompt(question, err=True))


def _password(password: str | None, *, password_stdin: bool) -> str:
    """Return the password of standard input, the given one of the environment, or what is typed."""
    if password_stdin:
        typed = sys.stdin.readline().rstrip("\r\n")
        if not typed:  # such as that of a variable that is not set: it would count as a wrong one
            raise click.UsageError("--password-stdin: there is no password on standard input")
        return typed
    if password:
        return password
    if not sys.stdin.isatty():
        raise click.UsageError(f"Password? Nobody is there to answer: give --password-stdin, or set {PASSWORD}")
    return str(click.prompt("Password", hide_input=True, err=True))
