"""call, completion: everything else in the specification, and the shell's help with typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from managed_dags_cli import output
from managed_dags_cli.command_options import read_json_option, with_session
from managed_dags_cli.operations import Operation, operation, operations
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
    named_arguments = _arguments_by_name(called_operation, arguments)
    if called_operation.body and body is None:
        body = {}
    if body is not None and not called_operation.body:
        raise click.UsageError(f"{operation_id} takes no body; leave out --body")
    answer = session.api.call(operation_id, body, named_arguments)
    output.show_object(answer.document, session.output)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script for completion in a shell.

    \b
      bash:  eval "$(managed-dags completion bash)"                               in ~/.bashrc
      zsh:   eval "$(managed-dags completion zsh)"                                in ~/.zshrc
      fish:  managed-dags completion fish > ~/.config/fish/completions/managed-dags.fish
    """
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.UsageError(f"nothing is known of {shell}")
    group = click.get_current_context().find_root().command
    click.echo(completion_class(group, {}, "managed-dags", "_MANAGED_DAGS_COMPLETE").source())


COMMANDS = (call, completion)


def _arguments_by_name(called_operation: Operation, arguments: tuple[str, ...]) -> dict[str, Any]:
    """Return the arguments by name, those that may come several times as lists; raise UsageError for a wrong one."""
    named_arguments: dict[str, Any] = {}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign:
            raise click.UsageError(f"'{argument}' is no argument: NAME=VALUE is wanted")
        if name not in called_operation.parameters:
            names = ", ".join(called_operation.parameters) or "none"
            raise click.UsageError(f"{called_operation.operation_id} has no argument '{name}'; it has: {names}")
        if name in named_arguments and called_operation.parameters[name]["type"] != "array":
            raise click.UsageError(f"'{name}' is given twice")
        named_arguments[name] = (
            [*named_arguments.get(name, ()), value] if called_operation.parameters[name]["type"] == "array" else value
        )
    missing = [
        name
        for name, of_name in called_operation.parameters.items()
        if of_name["required"] and name not in named_arguments
    ]
    if missing:
        raise click.UsageError(f"{called_operation.operation_id} needs {', '.join(f'{name}=…' for name in missing)}")
    return named_arguments
