"""What a document was read as."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from openmetadata_airflow_apis.errors import Fault

Path = tuple[Union[str, int], ...]

# dag-factory's other way to write a list: {"__type__": "builtins.list", "items": [...]}
LISTS = ("builtins.list", "list")


@dataclass
class Origin:
    """Where the parts of a plain definition come from in the document as sent.

    starts: a path in the plain definition → the pointer of what stands there. What has no entry of its
    own stands below its nearest ancestor's.
    """

    starts: dict[Path, str] = field(default_factory=lambda: {(): ""})

    def pointer(self, path: Path) -> str:
        """Return the pointer of a path, which need not exist."""
        for length in range(len(path), -1, -1):
            start = self.starts.get(path[:length])
            if start is not None:
                return start + "".join("/" + escape(part) for part in path[length:])
        raise AssertionError("an origin without a start")


@dataclass(frozen=True)
class Workflow:
    """A workflow without a fault.

    force: whether one that is deployed already may be replaced.
    is_paused: the DAG's state after the deployment; None leaves it.
    definition: the canonical definition, JSON-able, all of its dates fixed.
    source: the workflow as it was sent.
    checked_dag: the Airflow DAG that a check has built of the definition, None where it has to be built (again).
    """

    dag_id: str
    force: bool
    is_paused: bool | None
    definition: dict[str, Any]
    source: dict[str, Any]
    checked_dag: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Reading:
    """What came of reading a document: a workflow, or its faults and as much of it as could be read.

    workflow: None where there are faults.
    faults: each once, in the document's order.
    definition: the canonical definition; what was at fault is left out of it.
    paths, origin: a path in it → its path in the plain definition → where that stands in the document.
    """

    workflow: Workflow | None
    faults: tuple[Fault, ...]
    definition: dict[str, Any]
    document: object = field(repr=False)
    paths: Mapping[Path, Path] = field(repr=False)
    origin: Origin = field(repr=False)

    @cached_property
    def places(self) -> Mapping[Path, str]:
        """The paths in the canonical definition → the JSON pointers of where they stand in the document."""
        return {canonical: self.origin.pointer(path) for canonical, path in self.paths.items()}

    def pointer(self, *path: str | int) -> str:
        """Return the JSON pointer, into the document as sent, of a place in the canonical definition.

        The nearest place that exists stands for one that doesn't.
        """
        for length in range(len(path), -1, -1):
            known = self.places.get(path[:length])
            if known is not None:
                return existing(self.document, known, path[length:])
        return ""

    def at_fault(self, *path: str | int) -> bool:
        """Tell whether a fault stands at that place of the canonical definition, or below it."""
        pointer = self.pointer(*path)
        return any(fault.pointer == pointer or fault.pointer.startswith(pointer + "/") for fault in self.faults)


def escape(part: str | int) -> str:
    """Return one part of a JSON pointer, escaped (RFC 6901, section 3)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def join(path: Iterable[str | int]) -> str:
    """Return the JSON pointer of a path."""
    return "".join("/" + escape(part) for part in path)


def split(pointer: str) -> list[str]:
    """Return the parts of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def existing(document: object, pointer: str, rest: Iterable[str | int]) -> str:
    """Return `pointer` extended by as much of `rest` as the document has there."""
    node, found = look_up(document, pointer)
    if not found:
        return pointer
    for part in rest:
        if isinstance(part, int) and isinstance(node, dict) and node.get("__type__") in LISTS and "items" in node:
            node, pointer = node.get("items"), pointer + "/items"
        node, found = _step(node, str(part))
        if not found:
            break
        pointer += "/" + escape(part)
    return pointer


def look_up(document: object, pointer: str) -> tuple[object, bool]:
    """Return what stands at a pointer, and whether anything does."""
    node, found = document, True
    for part in split(pointer):
        node, found = _step(node, part)
        if not found:
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

    def place(fault: Fault) -> tuple[tuple[int, ...], str]:
        node, position = document, []
        for part in split(fault.pointer):
            if isinstance(node, dict) and part in node:
                position.append(list(node).index(part))
            elif isinstance(node, list) and part.isdecimal():
                position.append(int(part))
            node, _ = _step(node, part)
        return tuple(position), fault.detail

    return sorted(set(faults), key=place)
