"""Changes the text of a YAML file and leaves everything else as it is: comments, order and layout."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What YAML takes for a text even without quotes, these words apart.
_PLAIN = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)?", re.ASCII)
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def composed(text: str) -> Any:
    """Return the nodes of a YAML text, with their places in it; None if it is not YAML, or empty."""
    import yaml

    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None


def scalar(value: str) -> str:
    """Return a text as a YAML scalar in one line."""
    plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return value if plain else json.dumps(value, ensure_ascii=False)


@dataclass
class Edits:
    """What to write in place of parts of a text, which don't overlap; applied from its end."""

    text: str
    changes: dict[int, tuple[int, str]] = field(default_factory=dict)

    def replace(self, node: Any, value: str) -> None:
        """Write another text in place of a scalar."""
        self._change(node.start_mark, node.end_mark, scalar(value))

    def replace_pair(self, mapping: Any, key: Any, value: Any, pairs: dict[str, str]) -> None:
        """Write other keys and their texts in place of a key and its value."""
        separator = ", " if mapping.flow_style else "\n" + " " * key.start_mark.column
        new_text = separator.join(f"{name}: {scalar(text)}" for name, text in pairs.items())
        self._change(key.start_mark, value.end_mark, new_text)

    def _change(self, start: Any, end: Any, new_text: str) -> None:
        # A value of several lines includes the end of its last line.
        line_end = "\n" if self.text[start.index : end.index].endswith("\n") else ""
        self.changes[start.index] = (end.index, new_text + line_end)

    def applied(self) -> str:
        """Return the text with all changes in it."""
        text = self.text
        for start, (end, new_text) in sorted(self.changes.items(), reverse=True):
            text = text[:start] + new_text + text[end:]
        return text


def scalars_at(node: Any, pointer: str) -> Iterator[Any]:
    """Yield the text that a JSON pointer leads to, or the texts of the list there."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if node.id == "mapping":
            node = next((value for name, value in node.value if name.value == key), None)
        elif node.id == "sequence" and key.isdigit() and int(key) < len(node.value):
            node = node.value[int(key)]
        else:
            node = None
        if node is None:
            return
    for item in node.value if node.id == "sequence" else [node]:
        if item.id == "scalar":
            yield item


def pointer_to(path: Sequence[str]) -> str:
    """Return the JSON pointer to where a path of keys and indexes leads."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)


def pairs_of(node: Any, path: Sequence[str] = ()) -> Iterator[tuple[Any, Any, Any, tuple[str, ...]]]:
    """Yield each map, key, value with the path of keys and indexes that leads to the map; a map with aliases once."""
    visited_ids: set[int] = set()
    to_visit: list[tuple[Any, tuple[str, ...]]] = [(node, tuple(path))]
    while to_visit:
        node, path = to_visit.pop()
        if node is None or id(node) in visited_ids:
            continue
        visited_ids.add(id(node))
        inner = []
        if node.id == "mapping":
            for key, value in node.value:
                if key.id == "scalar":
                    yield node, key, value, path
                    inner.append((value, (*path, key.value)))
        elif node.id == "sequence":
            inner = [(item, (*path, str(index))) for index, item in enumerate(node.value)]
        to_visit += reversed(inner)
