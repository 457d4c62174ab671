"""The filter dag_id_pattern of a list of DAGs: a pattern of SQL's LIKE, whatever the case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def matching(dag_ids: Sequence[str], pattern: str) -> list[str]:
    """Return the dag_ids that contain a pattern of SQL's LIKE, ignoring case.

    The pieces between `%` are searched one after the other, so that no pattern takes long.
    """
    pieces = [
        re.compile("".join("." if character == "_" else re.escape(character) for character in piece), re.IGNORECASE)
        for piece in pattern.split("%")
        if piece
    ]

    if not pieces:
        return list(dag_ids)

    def fits(dag_id: str) -> bool:
        position = 0
        for piece in pieces:
            match = piece.search(dag_id, position)
            if match is None:
                return False
            position = match.end()
        return True

    return [dag_id for dag_id in dag_ids if fits(dag_id)]
