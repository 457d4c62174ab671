"""Datasets by their names in a file below dag_managed_operators, as dag-factory has them.

    datasets:
      - name: orders
        uri: s3://lake/orders

The names are looked up when a workflow is read. A deployed definition has the URIs: its parse reads no such file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from openmetadata_airflow_apis.definition.dataset_conditions import condition_of_text, has_sign
from openmetadata_airflow_apis.definition.dataset_values import DATASET, fault_of_uri
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest_or_all, quoted
from openmetadata_airflow_apis.definition.managed_paths import fault_of_path
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.yaml_documents import read_yaml_document
from openmetadata_airflow_apis.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Context, Read

_FORM = 'such a file has "datasets", a list of maps with "name" and "uri"'


class DatasetFiles:
    """Gives the URIs of the datasets in files below dag_managed_operators; each file is read once.

    read_document: returns the text of a file, or raises ValueError with a sentence that says why it can't be read.
    """

    def __init__(self, read_document: Callable[[str], str]) -> None:
        self._read_document = read_document
        self._uris: dict[str, Mapping[str, str] | ValueError] = {}

    def uris(self, file: str) -> Mapping[str, str]:
        """Return the URI of each name in a file; raise ValueError, saying what is wrong with the file and where."""
        if file not in self._uris:
            try:
                self._uris[file] = _uris_in(self._read_document(file), file)
            except ValueError as error:
                self._uris[file] = error
        uris = self._uris[file]
        if isinstance(uris, ValueError):
            raise uris
        return uris


def _uris_in(text: str, file: str) -> dict[str, str]:
    try:
        document, places = read_yaml_document(text)
    except InvalidDefinition as error:
        fault = error.faults[0]
        prefix = f"{fault.pointer}: " if fault.pointer else ""
        raise _wrong(file, fault.line, f"{prefix}{fault.detail}") from None
    entries = document.get("datasets") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise _wrong(file, None, f"has no datasets; {_FORM}")
    uris: dict[str, str] = {}
    for index, entry in enumerate(entries):
        place = places.get(f"/datasets/{index}")
        line = place.line if place else None
        name, uri = (entry.get("name"), entry.get("uri")) if isinstance(entry, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(uri, str):
            raise _wrong(file, line, f"is no dataset; {_FORM}")
        if uris.setdefault(name, uri) != uri:
            raise _wrong(file, line, f"the dataset {quoted(name)} is there with two URIs; give each its own name")
        uri_fault = fault_of_uri(uri)
        if uri_fault is not None:
            raise _wrong(file, line, f"the URI of {quoted(name)} {uri_fault}")
    return uris


def _wrong(file: str, line: int | None, detail: str) -> ValueError:
    return ValueError(f"the file '{file}' in dag_managed_operators{f', line {line}' if line else ''}: {detail}")


def with_uris(context: Context, value: SentObject, path: PlainPath) -> Read:
    """Return a map of `file` and `datasets` without the file, and with `__type__` datasets in place of the names."""
    file, at_file = value["file"], path / "file"
    if not isinstance(file, str):
        return context.fault(at_file, f"{kind_of(file)}; give the path of a file below dag_managed_operators")
    fault = fault_of_path(file)
    if fault is not None:
        return context.fault(at_file, fault)
    if "datasets" not in value:
        return context.fault(path, "'datasets' is missing: the names of datasets in the file, or a condition on them")
    try:
        names = _Names(context, context.dataset_files.uris(file), file)
    except ValueError as error:
        return context.fault(at_file, str(error))
    datasets = names.replaced(value["datasets"], path / "datasets")
    if datasets is ABSENT:
        return ABSENT
    other_keys = {key: item for key, item in value.items() if key not in {"file", "datasets"}}
    is_one_dataset = isinstance(datasets, dict) and "__type__" in datasets
    return {"datasets": [datasets] if is_one_dataset else datasets, **other_keys}


class _Names:
    """Replaces the names of datasets by the datasets of a file."""

    def __init__(self, context: Context, uris: Mapping[str, str], file: str) -> None:
        self._context = context
        self._uris = uris
        self._file = file

    def replaced(self, value: Any, path: PlainPath) -> Read:
        """Return a list, a condition or its text with datasets in place of names, and any other value as it is."""
        if isinstance(value, str):
            return self._of_text(value, path)
        if isinstance(value, list):
            items = [self.replaced(item, path / index) for index, item in enumerate(value)]
            return ABSENT if ABSENT in items else items
        if isinstance(value, dict) and "__type__" not in value:
            parts = {key: self.replaced(item, path / key) for key, item in value.items()}
            return ABSENT if ABSENT in parts.values() else parts
        return value

    def _of_text(self, text: str, path: PlainPath) -> Read:
        if text in self._uris:
            return {"__type__": DATASET, "uri": self._uris[text]}
        if has_sign(text):
            try:
                condition = condition_of_text(text)
            except ValueError as error:
                return self._context.fault(path, f"{error}; give names with '&', '|' and brackets: (a & b) | c")
            return self.replaced(condition, path)
        cure = nearest_or_all(text, self._uris)
        if ":" in text:
            cure = "; names stand there, and URIs in a list without 'file'"
        return self._context.fault(path, f"the file '{self._file}' has no dataset {quoted(text)}{cure}")
