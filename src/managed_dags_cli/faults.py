"""Faults in files as compilers print them, as GitHub's annotations, and as SARIF."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import __version__
from managed_dags_cli.output import as_json as as_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from managed_dags_cli.file_requests import PlacedFault

FORMATS = ("github", "sarif")


def as_text(fault: PlacedFault, *, prefix: str = "") -> str:
    """Return `file:line:column: sentence`, with as much of the place as is known; the prefix before the sentence."""
    return f"{place_of(fault)}: {prefix}{fault.sentence}"


def place_of(fault: PlacedFault) -> str:
    """Return `file:line:column`, with as much of it as is known."""
    places = [str(place) for place in (fault.line, fault.column) if place is not None]
    return ":".join([fault.file, *places])


def as_json(fault: PlacedFault) -> dict[str, Any]:
    """Return a fault as an object."""
    return asdict(fault)


def show_for_machines(faults: Sequence[PlacedFault], output: str, warnings: Sequence[PlacedFault] = ()) -> None:
    """Print faults, and what may be one, as `github` or `sarif` wants them."""
    levels = {"error": faults, "warning": warnings}
    if output == "sarif":
        click.echo(as_answer(_sarif(levels)))
        return
    for level, found in levels.items():
        for fault in found:
            click.echo(_as_github(fault, level))


def _as_github(fault: PlacedFault, level: str) -> str:
    """Return a workflow command that makes an annotation of a pull request.

    Escaping as in github.com/actions/toolkit, packages/core/src/command.ts.
    """
    properties = {"file": fault.file, "line": fault.line or 1, "col": fault.column or 1, "title": "managed-dags"}
    escaped = ",".join(
        f"{name}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}" for name, value in properties.items()
    )
    return f"::{level} {escaped}::{_escaped(fault.sentence)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _sarif(levels: Mapping[str, Iterable[PlacedFault]]) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log, which code-scanning services take."""
    rule = {"id": "definition", "shortDescription": {"text": "The definition cannot become a DAG."}}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "managed-dags", "version": __version__, "rules": [rule]}},
                "results": [
                    {
                        "ruleId": "definition",
                        "level": level,
                        "message": {"text": fault.sentence},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": fault.file},
                                    "region": {"startLine": fault.line or 1, "startColumn": fault.column or 1},
                                }
                            }
                        ],
                    }
                    for level, faults in levels.items()
                    for fault in faults
                ],
            }
        ],
    }
