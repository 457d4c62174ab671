"""Writes dag-factory's defaults.yml into the `default` block of each file that it applies to.

dag-factory 1.x takes the defaults.yml (or .yaml) of a file's folder and of those above it, up to the topmost. The
nearest wins, key by key, within `default_args` too; tags are joined. The file's own `default_args` win over these; the
other keys win over the file's `default` block, but not over the DAG's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from managed_dags_cli.file_requests import PlacedFault, text_of
from managed_dags_cli.yaml_edits import composed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = ("defaults.yml", "defaults.yaml")
_BLOCK = "default"
# The comments and the `---` that a `default` block is written after.
_START = re.compile(r"(?:(?:#[^\n]*|%[^\n]*)?\n)*---[^\n]*\n|")


def defaults_of(file: Path, folder: Path) -> list[Path]:
    """Return the files of defaults that apply to a file, the nearest last."""
    above = [parent for parent in file.parents if parent == folder or folder in parent.parents]
    defaults = []
    for parent in reversed(above):
        defaults += [parent / name for name in NAMES if (parent / name).is_file()][:1]
    return defaults


def with_defaults(text: str, defaults: Sequence[Path], file: Path) -> tuple[str, list[PlacedFault]]:
    """Return the text with the defaults in its `default` block, and a fault for what is left to do by hand.

    file: the path that the fault names.
    """
    import yaml

    nodes = [composed(text_of(path)) for path in defaults]
    root = composed(text)
    if any(node is not None and node.id != "mapping" for node in (*nodes, root)):
        return text, [_by_hand(file, 1, "is no map of keys")]
    merged: dict[str, tuple[Any, Any]] = {}
    for node in (node for node in nodes if node is not None):
        _put(merged, node)
    own_pair = next((pair for pair in (root.value if root else []) if pair[0].value == _BLOCK), None)
    block = dict(merged)
    start = end = len(_START.findall(text)[0])
    if own_pair is not None:
        start, end = own_pair[0].start_mark.index, _end_of(own_pair[1])
        if own_pair[1].id != "mapping" or root.flow_style or "&" in text[start:end]:
            return text, [_by_hand(file, own_pair[0].start_mark.line + 1, "has anchors, or is in one line with others")]
        for key, value in own_pair[1].value:
            if key.value == "default_args" and key.value in block:
                block[key.value] = _merged(block[key.value], (key, value))
            elif key.value not in block:
                block[key.value] = (key, value)
    if not merged:
        return text, []
    name = yaml.ScalarNode("tag:yaml.org,2002:str", _BLOCK)
    block_text = yaml.serialize(_map({_BLOCK: (name, _map(block))}), Dumper=yaml.SafeDumper, allow_unicode=True)
    return text[:start] + block_text + text[end:].removeprefix("\n"), []


def _end_of(node: Any) -> int:
    """Return where the last text of a node ends, before the comments that follow."""
    while node.id != "scalar" and not node.flow_style and node.value:
        node = node.value[-1][1] if node.id == "mapping" else node.value[-1]
    return int(node.end_mark.index)


def _map(pairs: dict[str, tuple[Any, Any]]) -> Any:
    import yaml

    return yaml.MappingNode("tag:yaml.org,2002:map", list(pairs.values()), flow_style=False)


def _put(merged: dict[str, tuple[Any, Any]], node: Any) -> None:
    """Put the keys of one file of defaults over those of the files above it."""
    for key, value in node.value:
        if key.value in merged and key.value == "default_args":
            merged[key.value] = _merged(merged[key.value], (key, value))
        elif key.value in merged and key.value == "tags":
            merged[key.value] = (key, _joined(merged[key.value][1], value))
        else:
            merged[key.value] = (key, value)


def _merged(lower: tuple[Any, Any], upper: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return a map with the keys of both; the upper's values win."""
    return upper[0], _map({key.value: (key, value) for _, node in (lower, upper) for key, value in node.value})


def _joined(first: Any, second: Any) -> Any:
    """Return the items of two lists, sorted, each once."""
    import yaml

    items = {item.value: item for item in (*first.value, *second.value)}
    return yaml.SequenceNode("tag:yaml.org,2002:seq", [items[text] for text in sorted(items)], flow_style=True)


def _by_hand(file: Path, line: int, why: str) -> PlacedFault:
    return PlacedFault(str(file), line, 1, f"/{_BLOCK}", f"{why}: write the content of defaults.yml into it by hand")
