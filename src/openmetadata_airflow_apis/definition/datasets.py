"""Datasets: by their URI; by their names in a file; conditions on them as text.

A file of datasets is one below dag_managed_operators, as dag-factory has them:

    datasets:
      - name: orders
        uri: s3://lake/orders

The names are looked up when a workflow is read. A deployed definition has the URIs: its parse reads no such file.
A condition in a text is such as `(s3://lake/a & s3://lake/b) | s3://lake/c`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable

from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, nearest_or_all, quoted
from openmetadata_airflow_apis.definition.managed_paths import fault_of_path
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.task_outputs import refuse_output
from openmetadata_airflow_apis.definition.yaml_documents import read_yaml_document
from openmetadata_airflow_apis.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import DatasetTag
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context, Read

DATASET = "airflow.datasets.Dataset"
DATASET_ALIAS = "airflow.datasets.DatasetAlias"
# All paths of that class, and of the class that replaces it in Airflow 3.
DATASET_CLASSES = {
    DATASET,
    "airflow.Dataset",
    "airflow.datasets.dataset.Dataset",
    "airflow.sdk.Asset",
    "airflow.sdk.definitions.asset.Asset",
}


def dataset_value(context: Context, uri: Any, path: PlainPath) -> DatasetTag | Literal[Absent.ABSENT]:
    """Return a dataset by its URI."""
    if not isinstance(uri, str):
        return context.fault(path, f"{kind_of(uri)}; give the URI of a dataset")
    if refuse_output(context, uri, path, cure="give the URI of a dataset") is ABSENT:
        return ABSENT
    fault = fault_of_uri(uri)
    return {"$dataset": {"uri": uri}} if fault is None else context.fault(path, fault)


def fault_of_uri(uri: str) -> str | None:
    """Return why a text can't be the URI of a dataset, or None if it can."""
    if not uri.strip() or not uri.isascii() or len(uri) > 3000:
        return "is no dataset's URI: it has 1 to 3000 ASCII characters"
    if uri.lower().startswith("airflow:"):
        return "has the scheme 'airflow', which Airflow keeps for itself"
    return None


def read_dataset_object(
    context: Context, args: list[Any], kwargs: SentObject, path: PlainPath
) -> DatasetTag | Literal[Absent.ABSENT]:
    """Return the dataset that the arguments of a Dataset make."""
    for key in kwargs:
        if key not in {"uri", "extra", "name", "group"}:
            return context.fault(path / key, f"a dataset has no '{key}'{nearest(key, ['uri', 'extra'])}")
    uri = kwargs.get("uri", args[0] if args else kwargs.get("name"))
    if uri is None:
        return context.fault(path, 'a dataset needs its "uri"')
    value = dataset_value(context, uri, path / "uri" if "uri" in kwargs else path)
    extra = kwargs.get("extra")
    if value is ABSENT or extra is None:
        return value
    if not isinstance(extra, dict):
        return context.fault(path / "extra", f"{kind_of(extra)}; give a map")
    if not _is_plain(context, extra, path / "extra"):
        return ABSENT
    return {"$dataset": {**value["$dataset"], "extra": extra}}


def _is_plain(context: Context, value: Any, path: PlainPath) -> bool:
    """Tell whether a value is plain JSON, as Airflow keeps it; note a fault for what stands for another value."""
    if isinstance(value, str):
        return refuse_output(context, value, path, cure="give what is known when the DAG is parsed") is None
    if isinstance(value, dict):
        if "__type__" in value or "__join__" in value:
            context.fault(path, "is made of other values; what Airflow notes about a dataset is plain JSON")
            return False
        return all(_is_plain(context, item, path / key) for key, item in value.items())
    return not isinstance(value, list) or all(_is_plain(context, item, path / i) for i, item in enumerate(value))


_SIGNS = frozenset("&|()")
_TOKEN = re.compile(r"\s*([()&|]|[^\s()&|]+)")


def looks_like_condition(text: str) -> bool:
    """Tell whether a text is a condition; a URI may have the same signs, but no spaces around them."""
    return text.lstrip().startswith("(") or not _SIGNS.isdisjoint(text.split())


def has_sign(text: str) -> bool:
    """Tell whether a text that has no URIs in it is a condition on names."""
    return not _SIGNS.isdisjoint(text)


def condition_of_text(text: str) -> Any:
    """Return the condition as maps with '__and__' and '__or__', or the text if it is one URI; `&` binds closer.

    Raises ValueError, saying what is wrong, for a text that is no condition.
    """
    tokens = _TOKEN.findall(text.strip())
    if not tokens:
        raise ValueError("is empty")
    condition, tokens_left = _read_or(tokens)
    if tokens_left:
        raise ValueError(f"has '{tokens_left[0]}' where '&' or '|' is wanted")
    return condition


def _read_or(tokens: list[str]) -> tuple[Any, list[str]]:
    return _read_series(tokens, "|", "__or__", _read_and)


def _read_and(tokens: list[str]) -> tuple[Any, list[str]]:
    return _read_series(tokens, "&", "__and__", _read_one)


def _read_series(tokens: list[str], sign: str, mark: str, read_part: Any) -> tuple[Any, list[str]]:
    part, tokens_left = read_part(tokens)
    parts = [part]
    while tokens_left and tokens_left[0] == sign:
        part, tokens_left = read_part(tokens_left[1:])
        parts.append(part)
    return (parts[0] if len(parts) == 1 else {mark: parts}), tokens_left


def _read_one(tokens: list[str]) -> tuple[Any, list[str]]:
    if not tokens or tokens[0] in {"&", "|", ")"}:
        raise ValueError(f"has {repr(tokens[0]) if tokens else 'its end'} where a dataset is wanted")
    if tokens[0] != "(":
        return tokens[0], tokens[1:]
    condition, tokens_left = _read_or(tokens[1:])
    if not tokens_left or tokens_left[0] != ")":
        raise ValueError("has a '(' without its ')'")
    return condition, tokens_left[1:]


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
