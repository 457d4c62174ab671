"""Every way in which a command fails, with its exit code. The text says what is wrong, where, and the cure.

The tree::

    CommandError           1: something failed
    ├── Refused            1: the server said no
    ├── NotSignedIn        3
    ├── NotReachable       4
    └── Stopped            130: Ctrl-C
    (2 is wrong usage: click's own UsageError)
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class CommandError(Exception):
    """Something failed. An empty text: the user has been told already."""

    exit_code = 1


class Refused(CommandError):
    """The server refused a request. problem: its answer, problem details of RFC 9457."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {problem.get('status')}"))
        self.problem = problem

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.problem.get("status", 0))

    def is_of_type(self, name: str) -> bool:
        """Tell whether the problem is of the type whose page ends with that name, such as dag-exists."""
        return str(self.problem.get("type", "")).rpartition("/")[2] == name


class NotSignedIn(CommandError):
    """There are no credentials, or the server refused them."""

    exit_code = 3


class NotReachable(CommandError):
    """Nothing at the server's URL speaks this API now."""

    exit_code = 4


class Stopped(CommandError):
    """The user has stopped a command; the text says what goes on on the server."""

    exit_code = 130


@contextlib.contextmanager
def stoppable(what_goes_on: str) -> Iterator[None]:
    """Let Ctrl-C in the block end the command with what goes on on the server, or what may have been done there."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(f"stopped; {what_goes_on}") from None
