"""The result for each DAG of the user's files, and how a command about files prints the results and ends."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import faults, output
from managed_dags_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from managed_dags_cli.command_options import Session
    from managed_dags_cli.file_requests import PlacedFault

_TABLE = output.Table(
    {"dag": "dag_id", "result": "result", "version": "version", "state": "state", "file": "file"}, "dag_id"
)


@dataclass(frozen=True)
class Outcome:
    """The result for one DAG of a file.

    result: one word. answer: the server's, if there is one. faults: what is wrong in the file. reason: why it failed
    otherwise; None if it did not. warnings: what may be wrong in the file.
    """

    file: str
    dag_id: str
    result: str
    answer: dict[str, Any] | None = None
    faults: Sequence[PlacedFault] = field(default_factory=tuple)
    reason: str | None = None
    warnings: Sequence[PlacedFault] = field(default_factory=tuple)

    @property
    def failed(self) -> bool:
        """Whether this makes the command exit with 1."""
        return bool(self.faults) or self.reason is not None

    def as_json(self) -> dict[str, Any]:
        """Return all of it as an object."""
        return {
            "file": self.file,
            "dag_id": self.dag_id,
            "result": self.result,
            "answer": self.answer,
            "faults": [faults.as_json(fault) for fault in self.faults],
            "reason": self.reason,
            "warnings": [faults.as_json(warning) for warning in self.warnings],
        }

    def as_row(self) -> dict[str, Any]:
        """Return the row that a table shows."""
        answer = self.answer or {}
        return {**self.as_json(), "version": answer.get("version_number"), "state": answer.get("state")}


def tell(outcomes: Sequence[Outcome], session: Session, table: output.Table = _TABLE) -> None:
    """Print the results for the DAGs; raise a CommandError without a text if one failed."""
    # A fault in a `default` block is in the outcome of every DAG.
    all_faults = list(dict.fromkeys(fault for outcome in outcomes for fault in outcome.faults))
    all_warnings = list(dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings))
    if session.output in faults.FORMATS:
        faults.show_for_machines(all_faults, session.output, all_warnings)
        _say_reasons(outcomes)
    else:
        rows = [outcome.as_row() for outcome in outcomes if not outcome.failed or outcome.answer is not None]
        session.show([outcome.as_json() for outcome in outcomes], rows, table)
        if session.output not in {"json", "yaml"}:
            for fault in all_faults:
                output.say(faults.as_text(fault))
            for warning in all_warnings:
                output.say(faults.as_text(warning, prefix="warning: "))
            _say_reasons(outcomes)
    if any(outcome.failed for outcome in outcomes):
        _say_total(outcomes)
        raise CommandError("")


@contextlib.contextmanager
def told_if_cut_short(outcomes: Sequence[Outcome], session: Session, table: output.Table = _TABLE) -> Iterator[None]:
    """Print the results so far if the block ends with a CommandError, such as for a server that has gone away."""
    try:
        yield
    except CommandError:
        if outcomes:
            with contextlib.suppress(CommandError):
                tell(outcomes, session, table)
        raise


def _say_reasons(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.reason is not None:
            output.say(
                f"{outcome.file}: {outcome.dag_id}: {outcome.reason}"
                if outcome.dag_id
                else f"{outcome.file}: {outcome.reason}"
            )


def _say_total(outcomes: Sequence[Outcome]) -> None:
    failed = sum(outcome.failed for outcome in outcomes)
    if len(outcomes) > 1:
        output.say(click.style(f"{failed} of {len(outcomes)} failed", bold=True))
