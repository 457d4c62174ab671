"""Counts the SQL statements of a block."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session


@contextlib.contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Yield a list that every SQL statement of the block is added to."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        statements.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def without_lock_limits(statements: list[str]) -> list[str]:
    """Return the statements without those that limit how long a transaction waits: none on SQLite, by database else."""
    return [statement for statement in statements if "lock_timeout" not in statement and "lock_wait" not in statement]
