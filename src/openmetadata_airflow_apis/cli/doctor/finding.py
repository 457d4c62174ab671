"""What a check of doctor yields: a problem or a note, with its cure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBLEM, NOTE = "problem", "note"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (a problem) or that an operator should know (a note), and what to do about it."""

    level: str
    subject: str
    detail: str
    cure: str

    def __str__(self) -> str:
        return " ".join(f"{self.level:7}  {self.subject}: {self.detail}; {self.cure}".splitlines())


def and_others(things: Sequence[object]) -> str:
    """Return the first of some things and how many more there are, so that a thousand files fit on one line."""
    return f"{things[0]} (and {len(things) - 1} more)" if len(things) > 1 else str(things[0])
