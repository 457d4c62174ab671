"""The options that every command has, and the Session that a command gets from them."""

from __future__ import annotations

import functools
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from managed_dags_cli import output
from managed_dags_cli.connection import Api
from managed_dags_cli.errors import CommandError, Refused
from managed_dags_cli.server_and_credentials import CONTEXT, TOKEN, URL, meant_server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from managed_dags_cli.output import Table

    Command = TypeVar("Command", bound=Callable[..., Any])

# How long the server is asked to wait in one request; a loop asks again.
WAIT_SECONDS = 30


@dataclass
class Session:
    """What a command gets from the options of all commands: the server, and how to print."""

    output: str
    context: str | None
    url: str | None
    token: str | None

    @cached_property
    def api(self) -> Api:
        """The server's operations. A command that does not use them needs no login."""
        return Api(meant_server(self.context, self.url, self.token))

    def show(self, answer: Any, rows: Sequence[Mapping[str, Any]], table: Table, nothing: str = "") -> None:
        """Print an answer in the format that was asked for. nothing: what is said in place of a table without rows."""
        output.show(answer, self.output, rows, table, nothing)


def with_session(*more_formats: str) -> Callable[[Command], Command]:
    """Give a command the options --context, --url, --token and --output, as one Session, its first argument."""

    def decorate(command: Command) -> Command:
        @click.option("--context", metavar="NAME", help=f"The stored login to use.  [env var: {CONTEXT}]")
        @click.option("--url", metavar="URL", help=f"The webserver, instead of a stored login.  [env var: {URL}]")
        @click.option("--token", metavar="TOKEN", help=f"An access token of `login`.  [env var: {TOKEN}]")
        @click.option(
            "-o",
            "--output",
            "output_format",
            type=click.Choice([*output.FORMATS, *more_formats]),
            default="table",
            show_default=True,
            help="What to print.",
        )
        @functools.wraps(command)
        def with_options(
            *arguments: Any, output_format: str, context: str | None, url: str | None, token: str | None, **options: Any
        ) -> Any:
            return command(Session(output_format, context, url, token), *arguments, **options)

        return with_options  # type: ignore[return-value] # click's decorators are typed for functions alone

    return decorate


def read_json_option(_context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """Read an option that is JSON, or @FILE with JSON, or - for standard input; raise BadParameter if it isn't."""
    if value is None:
        return None
    try:
        if value == "-":
            value = sys.stdin.read()
        elif value.startswith("@"):
            with open(value[1:], encoding="utf-8-sig") as stream:  # noqa: PTH123 - of the text after the sign
                value = stream.read()
        document = json.loads(value)
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror}", param=parameter) from None
    except ValueError as error:
        raise click.BadParameter(f"is no JSON: {error}", param=parameter) from None
    if not isinstance(document, dict):
        raise click.BadParameter('is no JSON object, such as {"limit": 10}', param=parameter)
    return document


def show_each(session: Session, dag_ids: Sequence[str], call: Callable[[str], dict[str, Any]], table: Table) -> None:
    """Call an operation for each DAG, and print what was done, whatever comes after it.

    A DAG that is refused keeps no other back; raises CommandError with what the server said of all such.
    """
    answers: list[dict[str, Any]] = []
    refusals: list[str] = []
    try:
        for dag_id in dag_ids:
            try:
                answers.append(call(dag_id))
            except Refused as error:
                refusals.append(str(error))
    finally:
        if answers:
            session.show(answers, answers, table)
    if refusals:
        raise CommandError("\n".join(refusals))


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that is hard to undo; raise UsageError if nobody could answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody is there to answer: say --yes")
    if not click.confirm(question, err=True):
        raise CommandError("nothing was done")


def check_nodes(nodes: int | None, *, wait: bool) -> None:
    """Raise UsageError for --wait-for-nodes without --wait."""
    if nodes is not None and not wait:
        raise click.UsageError("--wait-for-nodes needs --wait")


yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
wait_option = click.option("--wait", is_flag=True, help="Return when it has ended; exit with 1 if it failed.")
timeout_option = click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long --wait waits; then exit with 1.",
)
nodes_option = click.option(
    "--wait-for-nodes",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="With --wait and the database store: so many hosts are enough.  [default: each that runs]",
)
conf_option = click.option(
    "--conf", callback=read_json_option, metavar="JSON", help="The run's configuration: JSON, @FILE, or - for stdin."
)
