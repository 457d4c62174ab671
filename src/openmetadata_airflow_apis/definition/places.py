"""The three ways to say where something stands, one type for each.

    Pointer         in the document as it was sent    /workflow/dag_config/nightly/tasks/load/pool
    PlainPath       in the plain definition           ("tasks", "load", "pool")
    CanonicalPlace  in the canonical definition       ("tasks", 1, "arguments", "pool")

An Origin leads from a PlainPath to a Pointer, a Reading from a CanonicalPlace to both. `/` goes one step down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from typing_extensions import Self

    from openmetadata_airflow_apis.errors import Fault

Part = Union[str, int]

# dag-factory's other way to write a list: {"__type__": "builtins.list", "items": [...]}
LISTS = ("builtins.list", "list")


class Pointer(str):
    """A JSON pointer (RFC 6901) into the document as it was sent; "" is the whole of it."""

    __slots__ = ()

    def __truediv__(self, part: Part) -> Pointer:
        """Return the pointer to a key or an index of what this pointer leads to."""
        return Pointer(f"{self}/{escape(part)}")

    def below(self, parts: Iterable[Part]) -> Pointer:
        """Return the pointer that leads some keys or indexes further down."""
        return Pointer(self + join(parts))

    @property
    def parts(self) -> list[str]:
        """The keys and indexes of the pointer, indexes as texts."""
        return split(self)


class _Parts(tuple[Part, ...]):
    __slots__ = ()

    def __truediv__(self, part: Part) -> Self:
        """Return the path to a key or an index of what this path leads to."""
        return self.__class__((*self, part))

    def below(self, parts: Iterable[Part]) -> Self:
        """Return the path that leads some keys or indexes further down."""
        return self.__class__((*self, *parts))

    def top(self, length: int) -> Self:
        """Return the path of only the first keys and indexes."""
        return self.__class__(self[:length])

    def lineage(self) -> Iterator[Self]:
        """Yield the path, then each of its ancestors from the nearest on; the empty path comes last."""
        for length in range(len(self), -1, -1):
            yield self.top(length)


class PlainPath(_Parts):
    """Keys and indexes from the top of a plain definition; the workflow's own keys stand below WORKFLOW_KEYS."""

    __slots__ = ()


class CanonicalPlace(_Parts):
    """Keys and indexes from the top of a canonical definition, or of a part of it."""

    __slots__ = ()


# Above the workflow's name, force and so on, which are sent beside the DAG's definition. No key that is sent has a NUL
# (json_limits.py).
WORKFLOW_KEYS = PlainPath(("\0",))


@dataclass(frozen=True)
class Origin:
    """Where the parts of a plain definition stand in the document as sent.

    starts: where parts stand; a part that is not in it stands below its nearest ancestor that is.
    """

    document: object
    starts: Mapping[PlainPath, Pointer]

    def pointer(self, path: PlainPath) -> Pointer:
        """Return where a part stands, or would stand if it were there."""
        for above in path.lineage():
            start = self.starts.get(above)
            if start is not None:
                return start.below(path[len(above) :])
        raise AssertionError("an origin without a start")

    def nearest(self, path: PlainPath) -> Pointer:
        """Return where a part stands, or its nearest ancestor that was sent."""
        return nearest_existing(self.document, Pointer(""), self.pointer(path).parts)

    def nearest_below(self, path: PlainPath, steps: tuple[Part, ...]) -> Pointer:
        """Return where the steps below a part lead, or the nearest ancestor that was sent.

        A map may have keys from two places: the DAG's own, and those that the default block adds.
        """
        for length in range(len(steps), 0, -1):
            start = self.starts.get(path.below(steps[:length]))
            if start is not None:
                return nearest_existing(self.document, start, steps[length:])
        return nearest_existing(self.document, self.pointer(path), steps)


def escape(part: Part) -> str:
    """Return one part of a JSON pointer, escaped (RFC 6901, section 3)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def join(parts: Iterable[Part]) -> str:
    """Return the JSON pointer of keys and indexes."""
    return "".join("/" + escape(part) for part in parts)


def split(pointer: str) -> list[str]:
    """Return the parts of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def nearest_existing(document: object, pointer: Pointer, parts: Iterable[Part]) -> Pointer:
    """Return a pointer, extended by as many of the parts as the document has there."""
    node, exists = look_up(document, pointer)
    if not exists:
        return pointer
    for part in parts:
        if isinstance(part, int) and isinstance(node, dict) and node.get("__type__") in LISTS and "items" in node:
            node, pointer = node.get("items"), pointer / "items"
        node, exists = _step(node, str(part))
        if not exists:
            break
        pointer /= part
    return pointer


def look_up(document: object, pointer: str) -> tuple[object, bool]:
    """Return the value at a pointer, and whether there is one."""
    node, exists = document, True
    for part in split(pointer):
        node, exists = _step(node, part)
        if not exists:
            return None, False
    return node, True


def _step(node: object, part: str) -> tuple[Any, bool]:
    if isinstance(node, dict):
        return node.get(part), part in node
    if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
        return node[int(part)], True
    return None, False


def in_document_order(document: object, faults: Iterable[Fault]) -> list[Fault]:
    """Return the faults in the order in which a reader of the document meets them, each once."""

    def position(fault: Fault) -> tuple[tuple[int, ...], str]:
        node, indexes = document, []
        for part in split(fault.pointer):
            if isinstance(node, dict) and part in node:
                indexes.append(list(node).index(part))
            elif isinstance(node, list) and part.isdecimal():
                indexes.append(int(part))
            node, _ = _step(node, part)
        return tuple(indexes), fault.detail

    return sorted(set(faults), key=position)
