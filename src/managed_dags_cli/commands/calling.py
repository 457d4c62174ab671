"""call: any operation of the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import output
from managed_dags_cli.command_options import read_json_option, with_session
from managed_dags_cli.operations import operation, operations
from managed_dags_cli.output import Table

if TYPE_CHECKING:
    from managed_dags_cli.command_options import Session

_OPERATIONS = Table({"operation": "operation_id", "what it does": "summary"}, "operation_id")
_PARAMETERS = Table(
    {
        "argument": "name",
        "required": lambda row: "required" if row["required"] else "",
        "type": "type",
        "meaning": "description",
    },
    "name",
)


@click.command()
@click.argument("operation_id", metavar="[OPERATION]", required=False)
@click.argument("arguments", metavar="[NAME=VALUE]...", nargs=-1)
@click.option(
    "--body", callback=read_json_option, metavar="JSON", help="The request's body: JSON, @FILE, or - for stdin."
)
@click.option("--list", "listed", is_flag=True, help="List the operations, or the arguments of OPERATION.")
@with_session()
def call(
    session: Session, operation_id: str | None, arguments: tuple[str, ...], *, body: dict[str, Any] | None, listed: bool
) -> None:
    """Call any OPERATION of the specification.

    Its arguments are NAME=VALUE, and what it answers is printed.

    \b
      managed-dags call --list
      managed-dags call restart_dag_runs --list
      managed-dags call restart_dag_runs dag_id=nightly dry_run=true --body '{"states": ["failed"]}'
    """
    if operation_id is None:
        if not listed:
            raise click.UsageError("which OPERATION? `managed-dags call --list` shows all")
        rows = [
            {
                "operation_id": listed_operation.operation_id,
                "method": listed_operation.method,
                "path": listed_operation.path,
                "summary": listed_operation.summary,
            }
            for listed_operation in operations().values()
        ]
        session.show(rows, rows, _OPERATIONS)
        return
    called_operation = operation(operation_id)
    if listed:
        rows = [{"name": name, **parameter} for name, parameter in called_operation.parameters.items()]
        session.show(rows, rows, _PARAMETERS)
        return
    named_arguments = called_operation.named_arguments(arguments)
    if called_operation.body and body is None:
        body = {}
    if body is not None and not called_operation.body:
        raise click.UsageError(f"{operation_id} takes no body; leave out --body")
    answer = session.api.call(operation_id, body, named_arguments)
    output.show_object(answer.document, session.output)


COMMANDS = (call,)
