"""The operations of the specification that this package ships, and the request of each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PACKAGED = Path(__file__).with_name("operations.json")
# What is no part of a path but leads out of it: killing the run `.` would be killing all runs.
_NO_NAMES = ("", ".", "..")
_CHECKOUT = Path(__file__).parents[2] / "openapi" / "openapi.yaml"


@dataclass(frozen=True)
class Operation:
    """One operation.

    parameters: name → the specification's parameter. answer_keys: those that each success has. body: takes one. open:
    needs no login.
    """

    operation_id: str
    method: str
    path: str
    summary: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answer_keys: Sequence[str] = ()
    body: bool = False
    open: bool = False

    @property
    def takes_key(self) -> bool:
        """Whether a repeated request with the same Idempotency-Key gets the first one's answer."""
        return "Idempotency-Key" in self.parameters

    def is_answer(self, document: Mapping[str, Any]) -> bool:
        """Tell whether a document may be this operation's answer.

        One key of several is enough: an older server may lack what a newer specification has.
        """
        return not self.answer_keys or any(key in document for key in self.answer_keys)

    def target(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """Return the path with its query, and the headers, for these arguments; one that is None is left out.

        Raises UsageError for a name with which the path would be that of another operation.
        """
        path, query, headers = self.path, [], {}
        for name, value in arguments.items():
            if value is None:
                continue
            place = self.parameters[name]["in"]
            values = [_as_text(item) for item in value] if isinstance(value, (list, tuple)) else [_as_text(value)]
            if place == "path":
                if values[0] in _NO_NAMES:
                    raise click.UsageError(f"'{values[0]}' is no {name}")
                path = path.replace("{" + name + "}", quote(values[0], safe=""))
            elif place == "header":
                headers[name] = values[0]
            else:
                query += [(name, text) for text in values]
        return (f"{path}?{urlencode(query)}" if query else path), headers

    def named_arguments(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Return the values of NAME=VALUE texts by name, those that may come several times as lists.

        Raises UsageError for a wrong one, and for one that is missing.
        """
        named_arguments: dict[str, Any] = {}
        for argument in arguments:
            name, sign, value = argument.partition("=")
            if not sign:
                raise click.UsageError(f"'{argument}' is no argument: NAME=VALUE is wanted")
            if name not in self.parameters:
                names = ", ".join(self.parameters) or "none"
                raise click.UsageError(f"{self.operation_id} has no argument '{name}'; it has: {names}")
            if name in named_arguments and self.parameters[name]["type"] != "array":
                raise click.UsageError(f"'{name}' is given twice")
            named_arguments[name] = (
                [*named_arguments.get(name, ()), value] if self.parameters[name]["type"] == "array" else value
            )
        missing = [
            name for name, of_name in self.parameters.items() if of_name["required"] and name not in named_arguments
        ]
        if missing:
            raise click.UsageError(f"{self.operation_id} needs {', '.join(f'{name}=…' for name in missing)}")
        return named_arguments


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@cache
def operations() -> Mapping[str, Operation]:
    """Return the operations by operationId. A wheel has them as JSON; in a checkout they are read from openapi.yaml."""
    if _PACKAGED.is_file():
        described = json.loads(_PACKAGED.read_text(encoding="utf-8"))
    else:
        import yaml

        from managed_dags_cli.described_operations import described_operations

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with _CHECKOUT.open(encoding="utf-8") as stream:
            document = yaml.load(stream, Loader=loader)  # nosec B506 # noqa: S506 - both are safe loaders
        described = described_operations(document)
    return {operation["operation_id"]: Operation(**operation) for operation in described}


def operation(operation_id: str) -> Operation:
    """Return an operation; raise UsageError, with the nearest operationId, if there is none."""
    all_operations = operations()
    if operation_id not in all_operations:
        from difflib import get_close_matches

        near_ids = get_close_matches(operation_id, all_operations, n=1)
        cure = f"did you mean '{near_ids[0]}'?" if near_ids else "`managed-dags call --list` shows all"
        raise click.UsageError(f"there is no operation '{operation_id}'; {cure}")
    return all_operations[operation_id]
