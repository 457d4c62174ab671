"""Values of any kind: `__type__` objects, joined texts, outputs of tasks, conditions on datasets, and plain JSON."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.allowed_packages import is_allowed
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.datasets import (
    DATASET,
    DATASET_ALIAS,
    DATASET_CLASSES,
    dataset_value,
    read_dataset_object,
)
from openmetadata_airflow_apis.definition.dates_and_durations import (
    DATETIME,
    TIME,
    TIMEDELTA,
    duration_value,
    parse_duration,
    read_date_text,
    read_datetime_object,
    read_pendulum_datetime_object,
    read_time_object,
    read_timedelta_object,
)
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.kubernetes_arguments import SECRET
from openmetadata_airflow_apis.definition.places import LISTS
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.task_outputs import read_output

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import (
        CallTag,
        Condition,
        DatasetTag,
    )
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context, Read

RELATIVEDELTA = "dateutil.relativedelta.relativedelta"
PARAM = "airflow.models.param.Param"
_TODAYS_PATHS = {
    "relativedelta": RELATIVEDELTA,
    "airflow.models.Param": PARAM,
    "airflow.sdk.Param": PARAM,
    "airflow.datasets.dataset.DatasetAlias": DATASET_ALIAS,
    "airflow.sdk.AssetAlias": DATASET_ALIAS,
    "airflow.contrib.kubernetes.secret.Secret": SECRET,
    "airflow.kubernetes.secret.Secret": SECRET,
}
_CONSTRUCTED = ("airflow.timetables.", "kubernetes.client.", "airflow.providers.cncf.kubernetes.")

CONDITIONS: dict[str, Literal["$all", "$any"]] = {
    "__and__": "$all", "!and": "$all", "and": "$all",
    "__or__": "$any", "!or": "$any", "or": "$any",
}  # fmt: skip


_MARKS = ("__join__", "__and__", "__or__")
# The keys by which a map stands for another value.
VALUE_MARKS = frozenset({"__type__", *_MARKS})


def read_value(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a value of any kind in canonical form: what dag-factory's dialect marks becomes a tagged object."""
    if isinstance(value, str):
        return read_output(context, value, path) or value
    if isinstance(value, list):
        return _read_list(context, value, path)
    if isinstance(value, dict):
        if "__type__" in value:
            return read_type(context, value, path)
        for mark in _MARKS:
            if mark in value:
                return _read_marked(context, mark, value, path)
        result = {key: read_value(context, item, path / key) for key, item in value.items()}
        if ABSENT in result.values():
            return ABSENT
        return {"$literal": result} if tag_of(result) else result
    return value


def _read_list(context: Context, value: list[Any], path: PlainPath) -> Read:
    items = [read_value(context, item, path / index) for index, item in enumerate(value)]
    return ABSENT if ABSENT in items else items


def _read_marked(context: Context, mark: str, value: SentObject, path: PlainPath) -> Read:
    if len(value) != 1:
        return context.fault(path, f"has other keys beside '{mark}'; '{mark}' stands alone")
    parts = value[mark]
    if not isinstance(parts, list) or not parts:
        return context.fault(
            path / mark, f"{kind_of(parts) if parts != [] else 'is empty'}; give a list of what is combined"
        )
    if mark != "__join__":
        return read_condition(context, value, path)
    items = [read_value(context, part, path.below((mark, index))) for index, part in enumerate(parts)]
    if ABSENT in items:
        return ABSENT
    # Plain texts are joined now; the output of a task or a Variable only when the DAG is built.
    if all(isinstance(item, (str, int, float)) and not isinstance(item, bool) for item in items):
        return "".join(str(item) for item in items)
    return {"$join": items}


# ── `__type__` objects ──


def read_type(context: Context, value: SentObject, path: PlainPath) -> Read:
    """Return a `__type__` object in canonical form; only types on the allow-list are accepted."""
    name = value["__type__"]
    if not isinstance(name, str):
        return context.fault(path / "__type__", f"{kind_of(name)}; give the dotted path of a class")
    args = value.get("__args__", [])
    if not isinstance(args, list):
        return context.fault(path / "__args__", f"{kind_of(args)}; give a list")
    kwargs = {key: item for key, item in value.items() if key not in {"__type__", "__args__"}}
    if name in _READERS:
        return _READERS[name](context, args, kwargs, path)
    name = _TODAYS_PATHS.get(name, name)
    if name not in {RELATIVEDELTA, PARAM, DATASET_ALIAS} and not is_allowed(
        name, context.allowed_packages, always=_CONSTRUCTED
    ):
        types = [TIMEDELTA, DATETIME, TIME, RELATIVEDELTA, DATASET, PARAM]
        return context.fault(
            path / "__type__",
            f"{quoted(name)} is not a type that may be made{nearest(name, types)}; allowed are {', '.join(types)}, "
            "timetables, Kubernetes models, and the packages in [openmetadata_airflow_apis] allowed_callables",
        )
    read_args = _read_list(context, args, path / "__args__")
    read_kwargs = {key: read_value(context, item, path / key) for key, item in kwargs.items()}
    if read_args is ABSENT or ABSENT in read_kwargs.values():
        return ABSENT
    return {"$call": {"path": name, "args": read_args, "kwargs": read_kwargs}}


def _read_typed_list(context: Context, args: list[Any], kwargs: SentObject, path: PlainPath) -> Read:
    if args or set(kwargs) != {"items"}:
        return context.fault(path, 'is a list with other keys than "items"; give the items there, or a plain list')
    if not isinstance(kwargs["items"], list):
        return context.fault(path / "items", f"{kind_of(kwargs['items'])}; give a list")
    return _read_list(context, kwargs["items"], path / "items")


_READERS: dict[str, Callable[[Context, list[Any], SentObject, PlainPath], Read]] = {
    **dict.fromkeys((TIMEDELTA, "timedelta", "pendulum.duration", "pendulum.Duration"), read_timedelta_object),
    DATETIME: read_datetime_object,
    "pendulum.datetime": read_pendulum_datetime_object,
    **dict.fromkeys((TIME, "pendulum.time", "pendulum.Time"), read_time_object),
    **dict.fromkeys(DATASET_CLASSES, read_dataset_object),
    **dict.fromkeys(LISTS, _read_typed_list),
}


# ── values of one kind, each in its spellings ──


def read_duration(context: Context, value: Any, path: PlainPath, *, minimum: float | None = None) -> Read:
    """Return a duration, sent as seconds, as "2 hours" or as a `__type__` timedelta. minimum: in seconds."""
    if value is None:
        return None
    duration: Read
    if isinstance(value, (int, float)):
        return duration_value(timedelta(seconds=value))
    if isinstance(value, dict):
        if "__type__" not in value:
            return context.fault(
                path, 'is a map; give seconds, "2 hours", or {"__type__": "datetime.timedelta", "hours": 2}'
            )
        duration = read_type(context, value, path)
        if duration is ABSENT:
            return ABSENT
        if tag_of(duration) != "$timedelta":
            return context.fault(path / "__type__", "is no duration; give datetime.timedelta")
    else:
        delta = parse_duration(value)
        if delta is None:
            return context.fault(path, f'{quoted(value)} is no duration; give seconds, or a text such as "2 hours"')
        duration = duration_value(delta)
    if minimum is not None and duration["$timedelta"] < minimum:
        return context.fault(path, "is less than zero; a duration can't be")
    return duration


def read_date(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a date: ISO 8601 with its offset kept, or a time before the deployment, which is fixed now."""
    if value is None:
        return None
    if isinstance(value, dict):
        if "__type__" not in value:
            return context.fault(path, 'is a map; give an ISO 8601 date, such as "2024-01-01T00:00:00Z"')
        date = read_type(context, value, path)
        if date is not ABSENT and tag_of(date) != "$datetime":
            return context.fault(path / "__type__", "is no date; give datetime.datetime")
        return date
    return read_date_text(context, value, path)


def read_dataset(context: Context, value: Any, path: PlainPath) -> DatasetTag | CallTag | Literal[Absent.ABSENT]:
    """Return a dataset by its URI, or as a `__type__` object, which may be a DatasetAlias."""
    if not isinstance(value, dict):
        return dataset_value(context, value, path)
    if "__type__" not in value:
        return context.fault(path, f'is a map; give a URI, or {{"__type__": "{DATASET}", "uri": ...}}')
    dataset = read_type(context, value, path)
    if dataset is ABSENT or tag_of(dataset) == "$dataset":
        return dataset
    if tag_of(dataset) == "$call" and dataset["$call"]["path"] == DATASET_ALIAS:
        return dataset
    return context.fault(path / "__type__", f"is no dataset; give {DATASET}")


def read_condition(context: Context, value: SentObject, path: PlainPath) -> Condition | Literal[Absent.ABSENT]:
    """Return a condition on datasets: `__and__` or `__or__` over URIs and further conditions."""
    mark = next(iter(value))
    if len(value) != 1 or mark not in CONDITIONS:
        return context.fault(path, "is no condition on datasets; give a map with '__and__' or '__or__' alone")
    parts = value[mark]
    if not isinstance(parts, list) or not parts:
        return context.fault(path / mark, f"{'is empty' if parts == [] else kind_of(parts)}; give a list of datasets")
    items = [
        read_condition(context, part, path.below((mark, index)))
        if isinstance(part, dict) and part and "__type__" not in part
        else read_dataset(context, part, path.below((mark, index)))
        for index, part in enumerate(parts)
    ]
    conditions = [item for item in items if item is not ABSENT]
    if len(conditions) < len(items):
        return ABSENT
    return {"$all": conditions} if CONDITIONS[mark] == "$all" else {"$any": conditions}
