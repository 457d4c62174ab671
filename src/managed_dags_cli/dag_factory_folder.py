"""A folder of dag-factory's YAML with its Python, as it has to be here: the files that it names lie in one folder.

Only what has to change in a file is changed: comments, order and layout stay. Which keys name files, the reader of the
format says, which is the plugin's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from managed_dags_cli.workflow_files import FileRequest, PlacedFault, definition_format, read_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")
# What YAML takes for a text without quotes, whatever the name.
_PLAIN = re.compile(r"[A-Za-z][\w-]*\.[A-Za-z]\w*", re.ASCII)
# A fault may hide another one that stands behind it.
_PASSES = 5


@dataclass
class Copies:
    """The files and folders that definitions name, and where each is copied to, below dag_managed_operators.

    variables: of the environment that the paths have in them. lacking: what is named and is not there.
    """

    variables: Mapping[str, str]
    names: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)

    def name_for(self, path: str) -> str:
        """Return what to write in place of a path; two files of one name get two."""
        if path not in self.names:
            managed_paths = definition_format("managed_paths")
            name = managed_paths.name_of_copy(path)
            parents = [part for part in re.split(r"[/\\]+", path) if part not in {"", ".", ".."}][:-1]
            taken = {other for source, other in self.names.items() if self.found(source) != self.found(path)}
            while name in taken:
                name = managed_paths.name_of_copy(f"{parents.pop() if parents else 'other'}_{name}")
            self.names[path] = name
        return self.names[path]

    def found(self, path: str) -> Path:
        """Return where a path leads on this machine."""
        return Path(_VARIABLE.sub(lambda match: self.variables.get(match[1].strip("{}"), match[0]), path)).expanduser()

    def copy_to(self, folder: Path) -> None:
        """Copy what is there."""
        for path, name in self.names.items():
            source = self.found(path)
            if source.is_dir():
                shutil.copytree(source, folder / name, dirs_exist_ok=True)
            elif source.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / name)
            else:
                self.lacking[path] = name


def migrate_file(source: Path, target: Path, copies: Copies) -> list[PlacedFault]:
    """Write a file as it has to be here; return what is still wrong with it, at its place in the new file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    for _ in range(_PASSES):
        wrong = _faults_of(target)
        text = target.read_text(encoding="utf-8")
        rewritten = _rewritten(text, [fault.pointer for fault in wrong], copies)
        if rewritten == text:
            return wrong
        target.write_text(rewritten, encoding="utf-8")
    return _faults_of(target)


def _faults_of(file: Path) -> list[PlacedFault]:
    wrong: dict[PlacedFault, None] = {}
    for item in read_files([str(file)]):
        wrong.update(dict.fromkeys(item.checked() if isinstance(item, FileRequest) else item))
    return list(wrong)


def _rewritten(text: str, pointers: Sequence[str], copies: Copies) -> str:
    """Return the text with other paths at those of the pointers where a path stands that can't be one here."""
    import yaml

    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return text
    changes: dict[int, tuple[int, str]] = {}
    for node in (node for pointer in pointers for node in _scalars_at(root, pointer)):
        if definition_format("managed_paths").fault_of_path(node.value) is not None:
            changes[node.start_mark.index] = (node.end_mark.index, copies.name_for(node.value))
    for start, (end, name) in sorted(changes.items(), reverse=True):
        written = name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)
        line_end = "\n" if text[start:end].endswith("\n") else ""
        text = text[:start] + written + line_end + text[end:]
    return text


def _scalars_at(node: Any, pointer: str) -> Iterator[Any]:
    """Yield the text that a pointer leads to, or the texts of the list there."""
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


def environment_with(given: Sequence[str]) -> dict[str, str]:
    """Return the environment, with NAME=PATH pairs before its own."""
    return {**os.environ, **dict(pair.split("=", 1) for pair in given)}
