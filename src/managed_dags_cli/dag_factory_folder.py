"""Converts a folder of dag-factory's YAML with its Python: the files that it names are copied into one folder.

Only what has to change in a file is changed: comments, order and layout stay. The plugin's own reader of the format
says which keys name files.
"""

from __future__ import annotations

import itertools
import keyword
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from managed_dags_cli.dag_factory_defaults import defaults_of, with_defaults
from managed_dags_cli.dag_factory_functions import own_classes, with_named_functions
from managed_dags_cli.file_requests import FileRequest, PlacedFault, definition_format, read_files, text_of
from managed_dags_cli.yaml_edits import Edits, composed, pairs_of, pointer_to, scalars_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")
# Keys whose map has a `file` of datasets.
_WITH_DATASETS = ("schedule", "schedule_interval", "inlets", "outlets")
# How often a file is checked and rewritten, since a fault may hide another one.
_PASSES = 5


@dataclass
class Copies:
    """The files and folders that definitions name, and where each is copied to, below dag_managed_operators.

    variables: the environment variables that paths may contain. lacking: what is named but does not exist. functions:
    those that had no file, by the name of the file that they are written to.
    """

    variables: Mapping[str, str]
    names: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    functions: dict[str, dict[str, str]] = field(default_factory=dict)

    def add_function(self, file_name: str, name: str, arguments: str, result: str) -> tuple[str, str]:
        """Note a function for a file that will be written; return its name and the file's."""
        file_name = definition_format("managed_paths").name_of_copy(file_name)
        while file_name in self.names.values():
            file_name = f"more_{file_name}"
        functions = self.functions.setdefault(file_name, {})
        name = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_")
        name = unused_name = name if name.isidentifier() and not keyword.iskeyword(name) else f"function_{name}"
        for number in itertools.count(2):
            if unused_name not in functions:
                break
            unused_name = f"{name}_{number}"
        functions[unused_name] = f"def {unused_name}({arguments}):\n    return {result}\n"
        return unused_name, file_name

    def name_for(self, path: str) -> str:
        """Return what to write in place of a path; two files of the same name get different ones."""
        if path not in self.names:
            managed_paths = definition_format("managed_paths")
            name = managed_paths.name_of_copy(path)
            parents = [part for part in re.split(r"[/\\]+", path) if part not in {"", ".", ".."}][:-1]
            used_names = set(self.functions)
            used_names |= {
                other_name for source, other_name in self.names.items() if self.found(source) != self.found(path)
            }
            while name in used_names:
                name = managed_paths.name_of_copy(f"{parents.pop() if parents else 'other'}_{name}")
            self.names[path] = name
        return self.names[path]

    def is_definite(self, path: str) -> bool:
        """Tell whether a path says by itself which file it means.

        A relative path does not: dag-factory refuses it, apart from a `file` of datasets, which it looks for in the
        directory that the DAG processor was started in. Where this command is started has nothing to do with either.
        """
        return "$" in path or path.startswith(("/", "\\", "~")) or PureWindowsPath(path).drive != ""

    def found(self, path: str) -> Path:
        """Return where a path leads on this machine."""
        return Path(_VARIABLE.sub(lambda match: self.variables.get(match[1].strip("{}"), match[0]), path)).expanduser()

    def copy_to(self, folder: Path) -> None:
        """Copy what exists, write the files of functions, and note in `lacking` what does not exist."""
        for name, functions in self.functions.items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("\n\n".join(functions.values()), encoding="utf-8")
        for path, name in self.names.items():
            source = self.found(path)
            if source.is_dir():
                shutil.copytree(source, folder / name, dirs_exist_ok=True)
            elif source.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / name)
            else:
                self.lacking[path] = name


def migrate_file(
    source: Path, target: Path, copies: Copies, *, folder: Path, python_path: Sequence[Path]
) -> list[PlacedFault]:
    """Write the converted file; return what is still wrong with it, at its place in the new file.

    folder: the one that is converted. python_path: the folders in which its own Python modules are.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    text, faults_of_defaults = with_defaults(text_of(source), defaults_of(source, folder), target)
    dataset_files = _relative_dataset_files(text)
    target.write_text(with_named_functions(text, target, copies, python_path), encoding="utf-8")
    for _ in range(_PASSES):
        faults = _faults_of(target)
        text = target.read_text(encoding="utf-8")
        rewritten = _rewritten(text, faults, copies)
        if rewritten == text:
            break
        target.write_text(rewritten, encoding="utf-8")
    return [
        *faults_of_defaults,
        *_uncopied(target, dataset_files),
        *own_classes(target.read_text(encoding="utf-8"), target, python_path),
        *_faults_of(target),
    ]


def _relative_dataset_files(text: str) -> set[Sequence[str]]:
    """Return the ways to each file of datasets that a relative path names, which says nothing of where it is."""
    return {
        (*path, key.value)
        for _, key, value, path in pairs_of(composed(text))
        if key.value == "file"
        and path
        and path[-1] in _WITH_DATASETS
        and value.id == "scalar"
        and definition_format("managed_paths").fault_of_path(value.value) is None
    }


def _uncopied(file: Path, ways: set[Sequence[str]]) -> list[PlacedFault]:
    """Return what is to be done about the files of datasets at these ways, which nobody has copied."""
    return [
        PlacedFault(
            str(file),
            value.start_mark.line + 1,
            value.start_mark.column + 1,
            pointer_to((*path, key.value)),
            f"copy {value.value} to dag_managed_operators/{value.value}; dag-factory has it from the directory in "
            "which the DAG processor is started",
        )
        for _, key, value, path in pairs_of(composed(file.read_text(encoding="utf-8")))
        if (*path, key.value) in ways
    ]


def _faults_of(file: Path) -> list[PlacedFault]:
    faults: dict[PlacedFault, None] = {}
    for item in read_files([str(file)]):
        faults.update(dict.fromkeys(item.checked() if isinstance(item, FileRequest) else item))
    return list(faults)


def _rewritten(text: str, faults: Sequence[PlacedFault], copies: Copies) -> str:
    """Return the text with new paths in place of those that are faults because they can't be used here."""
    root, edits = composed(text), Edits(text)
    if root is None:
        return text
    for fault in faults:
        for node in scalars_at(root, fault.pointer):
            reason = definition_format("managed_paths").fault_of_path(node.value)
            # A value that only looks like a path, such as the schedule "/5 * * * *", is at fault for another reason.
            if reason is not None and reason in fault.detail and copies.is_definite(node.value):
                edits.replace(node, copies.name_for(node.value))
    return edits.applied()


def environment_with(pairs: Sequence[str]) -> dict[str, str]:
    """Return the environment; the given NAME=PATH pairs win over its own."""
    return {**os.environ, **dict(pair.split("=", 1) for pair in pairs)}
