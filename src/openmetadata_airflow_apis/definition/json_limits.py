"""What can be stored as JSON: texts and numbers that JSON knows, down to a limited depth."""

from __future__ import annotations

import math
from typing import Any, Union

from openmetadata_airflow_apis.definition.places import Pointer
from openmetadata_airflow_apis.errors import Fault

MAX_DEPTH = 64
# Python writes and reads no number of more than 4300 digits; YAML has hexadecimal ones, which it reads.
_MAX_BITS = int(4300 / math.log10(2)) - 1

# How a walk reached a node: the way to the map or list that holds it, and its key there; None for the whole document.
# To build a path for each node would cost more than the walk itself.
Way = Union[None, "tuple[Way, Any]"]


# An object of JSON as it was sent, or merged of such objects into the plain spelling: anything may be in it.
SentObject = dict[str, Any]


def unfit_for_json(document: object) -> Fault | None:
    """Return a fault that keeps a document from being stored as JSON, or None if it can be stored."""
    to_visit: list[tuple[object, int, Way]] = [(document, 0, None)]
    while to_visit:
        node, depth, way = to_visit.pop()
        if type(node) is str and _is_text(node):
            continue  # most nodes are texts
        detail = _unfit(node, depth)
        if detail is not None:
            return Fault(pointer_of(way), detail)
        if isinstance(node, dict):
            to_visit.extend((value, depth + 1, (way, key)) for key, value in node.items())
        elif isinstance(node, list):
            to_visit.extend((value, depth + 1, (way, index)) for index, value in enumerate(node))
    return None


def pointer_of(way: Way) -> Pointer:
    """Return the pointer of the node that a way leads to."""
    parts = []
    while way is not None:
        way, part = way
        parts.append(part)
    return Pointer("").below(reversed(parts))


def _unfit(node: object, depth: int) -> str | None:
    if isinstance(node, str):
        return None if _is_text(node) else "has a character that is none: a NUL, or half of a surrogate pair"
    if isinstance(node, float):
        return None if math.isfinite(node) else "is no number that JSON knows"
    if isinstance(node, (dict, list)):
        if depth >= MAX_DEPTH:
            return f"is more than {MAX_DEPTH} levels deep"
        bad = [key for key in node if not isinstance(key, str) or not _is_text(key)] if isinstance(node, dict) else []
        return f"has the key {bad[0]!r}, which is no text" if bad else None
    if isinstance(node, int):
        return None if node.bit_length() <= _MAX_BITS else "is a number of too many digits"
    if node is None:
        return None
    return f"is a {type(node).__name__}, which JSON doesn't know"


def _is_text(text: str) -> bool:
    if text.isascii():
        return "\x00" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
