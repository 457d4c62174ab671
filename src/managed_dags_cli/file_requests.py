"""Reads the user's files: the requests in them, what is wrong with these, and where in the file.

The plugin's own code reads the format: a wheel of this package has a copy of it (`_plugin`). So the offline check says
what the server says, as far as that needs no Airflow.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from openmetadata_airflow_apis.definition import Reading, WorkflowFile
    from openmetadata_airflow_apis.errors import Fault

SUFFIXES = (".json", ".yaml", ".yml")
_STDIN = "<stdin>"
_COPY = Path(__file__).with_name("_plugin")


@dataclass(frozen=True)
class PlacedFault:
    """A fault at its place in a file. line, column: from 1, None if they are not known."""

    file: str
    line: int | None
    column: int | None
    pointer: str
    detail: str

    @property
    def sentence(self) -> str:
        """What is wrong, after the JSON pointer to it."""
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail


@dataclass(frozen=True)
class FileRequest:
    """One DAG of a file. body: the request of deploy_dag. source: the file as read. index: of the request in it."""

    file: str
    dag_id: str
    body: dict[str, Any]
    source: WorkflowFile
    index: int

    def placed(self, errors: Iterable[Mapping[str, str]]) -> list[PlacedFault]:
        """Return the faults that a server finds in the request, at their places in the file."""
        from openmetadata_airflow_apis.errors import Fault

        return [self._placed(Fault(error["pointer"], error["detail"])) for error in errors]

    def checked(self) -> list[PlacedFault]:
        """Return the faults that can be found without Airflow: in the format, its values, the graph of the tasks."""
        faults: Iterable[Fault] = self._reading.faults
        return [self._placed(fault) for fault in faults if not fault.detail.endswith(_UNKNOWN)]

    def doubtful(self) -> list[PlacedFault]:
        """Return what may be misspelt; only the server knows."""
        from managed_dags_cli.misspelt_keys import near_misses
        from openmetadata_airflow_apis.errors import Fault

        return [self._placed(Fault(pointer, detail)) for pointer, detail in near_misses(self._reading)]

    @cached_property
    def _reading(self) -> Reading:
        reading: Reading = _definition().read_workflow(
            self.body,
            now=datetime.now(timezone.utc),
            # Only the server knows its limits, and what is in the files there.
            max_tasks=sys.maxsize,
            allowed_packages=_packages_named(self.body),
            read_document=_unknown_document,
        )
        return reading

    def _placed(self, fault: Fault) -> PlacedFault:
        return _placed(self.file, self.source.placed(self.index, fault))


_UNKNOWN = "is on the server"


def _unknown_document(file: str) -> str:
    raise ValueError(f"what the file '{file}' has {_UNKNOWN}")


def read_files(names: Sequence[str]) -> Iterator[FileRequest | list[PlacedFault]]:
    """Yield the requests in the files, or the faults because of which one can't be read; `-` is standard input.

    Raises UsageError for a file that can't be opened.
    """
    contents = [(_STDIN if name == "-" else name, _content(name)) for name in names]
    for name, content in contents:
        yield from _requests(name, content)


def _content(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{name}: {error.strerror}") from None


def text_of(file: Path) -> str:
    """Return the text of a file; raise CommandError, with the place, for bytes that are none."""
    encodings = definition_format("file_encodings")
    from openmetadata_airflow_apis.errors import InvalidDefinition

    try:
        text: str = encodings.decoded(file.read_bytes())
    except InvalidDefinition as error:
        (fault,) = error.faults
        raise CommandError(f"{file}:{fault.line}:{fault.column}: {fault.detail}") from None
    return text


def _requests(name: str, content: bytes) -> Iterator[FileRequest | list[PlacedFault]]:
    definition = _definition()
    from openmetadata_airflow_apis.errors import InvalidDefinition

    is_json = name.lower().endswith(".json") or (name == _STDIN and content.lstrip()[:1] == b"{")
    try:
        source = definition.read_json(content) if is_json else definition.read_yaml(content)
    except InvalidDefinition as error:
        yield [_placed(name, fault) for fault in error.faults]
        return
    for index, request in enumerate(source.requests):
        if not isinstance(request, dict):
            yield [PlacedFault(name, 1, 1, "", "is no request: a map with 'workflow', or of DAGs by name, is wanted")]
            continue
        dag_id = source.names[index] or _dag_id_of(request)
        yield FileRequest(name, dag_id, request, source, index)


def _packages_named(document: object) -> tuple[str, ...]:
    """Return the first part of each dotted path in a document."""
    to_visit, packages = [document], set()
    while to_visit:
        node = to_visit.pop()
        if isinstance(node, dict):
            to_visit.extend(node.values())
        elif isinstance(node, list):
            to_visit.extend(node)
        elif isinstance(node, str) and "." in node:
            packages.add(node.partition(".")[0])
    return tuple(packages)


def _dag_id_of(request: Mapping[str, Any]) -> str:
    workflow = request.get("workflow")
    named_part = workflow if isinstance(workflow, dict) else request
    return str(named_part.get("name", ""))


def _placed(file: str, fault: Fault) -> PlacedFault:
    return PlacedFault(file, fault.line, fault.column, fault.pointer, fault.detail)


def definition_format(module: str) -> ModuleType:
    """Return a module of the plugin's reader of definitions, or of the copy in a wheel."""
    return importlib.import_module(f"{_definition().__name__}.{module}")


def _definition() -> ModuleType:
    if _COPY.is_dir() and str(_COPY) not in sys.path:
        # Before what is installed: the copy fits this client, and a plugin beside it may be of another release.
        sys.path.insert(0, str(_COPY))
    from openmetadata_airflow_apis import definition

    return definition
