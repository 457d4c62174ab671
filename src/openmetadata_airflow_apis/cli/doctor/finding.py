"""What doctor says of an installation: a problem or a note, with its cure."""

from __future__ import annotations

from dataclasses import dataclass

PROBLEM, NOTE = "problem", "note"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (a problem) or that an operator should know (a note), and what to do about it."""

    level: str
    subject: str
    detail: str
    cure: str

    def __str__(self) -> str:
        return f"{self.level:7}  {self.subject}: {self.detail}; {self.cure}"
