"""Datasets by their URI, in canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.task_outputs import refuse_output

if TYPE_CHECKING:
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import DatasetTag
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context

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
