"""Values: dates, durations, `__type__` objects, joined texts, outputs of tasks, and plain JSON."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.pod_arguments import SECRET
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.workflow import LISTS

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.workflow import Path

# Plain JSON, a tagged object, or ABSENT; which of them, only the reader of the key knows.
Value = Any

TIMEDELTA = "datetime.timedelta"
DATETIME = "datetime.datetime"
RELATIVEDELTA = "dateutil.relativedelta.relativedelta"
DATASET = "airflow.datasets.Dataset"
PARAM = "airflow.models.param.Param"
_ASSETS = {
    DATASET,
    "airflow.Dataset",
    "airflow.datasets.dataset.Dataset",
    "airflow.sdk.Asset",
    "airflow.sdk.definitions.asset.Asset",
}
_PARAMS = {PARAM, "airflow.models.Param", "airflow.sdk.Param"}
_SECRETS = {"airflow.contrib.kubernetes.secret.Secret", "airflow.kubernetes.secret.Secret"}
_TIMEDELTA_UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
_CONSTRUCTED = ("airflow.timetables.", "kubernetes.client.", "airflow.providers.cncf.kubernetes.")
_LONGEST = timedelta(days=36525)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)
_AGO = re.compile(r"(?:\d{1,6}\s*[a-z]+\s*)+", re.ASCII)
_AMOUNT = re.compile(r"(\d+)\s*([a-z]+)", re.ASCII)
_UNITS = {
    "w": "weeks", "week": "weeks",
    "d": "days", "day": "days",
    "h": "hours", "hr": "hours", "hour": "hours",
    "m": "minutes", "min": "minutes", "minute": "minutes",
    "s": "seconds", "sec": "seconds", "second": "seconds",
}  # fmt: skip
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)
_OUTPUT = re.compile(r"\+([A-Za-z_][A-Za-z0-9_.-]*)", re.ASCII)


def read_value(context: Context, value: Any, path: Path) -> Value:
    """Return a value of any kind in canonical form: what dag-factory's dialect marks becomes a tagged object."""
    if isinstance(value, str):
        return _output(context, value, path) if value.startswith("+") else value
    if isinstance(value, list):
        return _list(context, value, path)
    if isinstance(value, dict):
        if "__type__" in value:
            return read_type(context, value, path)
        for mark in ("__join__", "__and__", "__or__"):
            if mark in value:
                return _marked(context, mark, value, path)
        result = _map(context, value, path)
        if isinstance(result, dict) and len(result) == 1 and next(iter(result)).startswith("$"):
            return {"$literal": result}
        return result
    return value


def _list(context: Context, value: list[Any], path: Path) -> Value:
    items = [read_value(context, item, (*path, index)) for index, item in enumerate(value)]
    return ABSENT if ABSENT in items else items


def _map(context: Context, value: dict[str, Any], path: Path) -> Value:
    result = {key: read_value(context, item, (*path, key)) for key, item in value.items()}
    return ABSENT if ABSENT in result.values() else result


def _marked(context: Context, mark: str, value: dict[str, Any], path: Path) -> Value:
    if len(value) != 1:
        return context.fault(path, f"has other keys beside '{mark}'; '{mark}' stands alone")
    parts = value[mark]
    if not isinstance(parts, list) or not parts:
        return context.fault(
            (*path, mark), f"{kind_of(parts) if parts != [] else 'is empty'}; give a list of what is combined"
        )
    if mark == "__join__":
        items = [read_value(context, part, (*path, mark, index)) for index, part in enumerate(parts)]
        if ABSENT in items:
            return ABSENT
        # Plain texts are joined now; the output of a task or a Variable only when the DAG is built.
        if all(isinstance(item, (str, int, float)) and not isinstance(item, bool) for item in items):
            return "".join(str(item) for item in items)
        return {"$join": items}
    from openmetadata_airflow_apis.definition.schedules import read_condition

    return read_condition(context, value, path)


def _output(context: Context, value: str, path: Path) -> Value:
    match = _OUTPUT.fullmatch(value)
    if context.output_of is None or match is None:
        return value
    task_id = context.output_of(match[1], path)
    if task_id is None:
        return ABSENT
    context.outputs_used.append(task_id)
    return {"$output": task_id}


def read_type(context: Context, value: dict[str, Any], path: Path) -> Value:
    """Return a `__type__` object in canonical form; only what is on the allow-list is one."""
    name = value["__type__"]
    if not isinstance(name, str):
        return context.fault((*path, "__type__"), f"{kind_of(name)}; give the dotted path of a class")
    name = {"timedelta": TIMEDELTA, "relativedelta": RELATIVEDELTA}.get(name, name)
    args = value.get("__args__", [])
    if not isinstance(args, list):
        return context.fault((*path, "__args__"), f"{kind_of(args)}; give a list")
    kwargs = {key: item for key, item in value.items() if key not in {"__type__", "__args__"}}
    if name in {TIMEDELTA, "pendulum.duration", "pendulum.Duration"}:
        return _timedelta(context, args, kwargs, path)
    if name in {DATETIME, "pendulum.datetime"}:
        return _datetime(context, args, kwargs, path)
    if name in _ASSETS:
        return _dataset(context, args, kwargs, path)
    if name in LISTS:
        return _typed_list(context, args, kwargs, path)
    name = PARAM if name in _PARAMS else SECRET if name in _SECRETS else name
    if name not in {RELATIVEDELTA, PARAM} and not is_allowed(context, name, _CONSTRUCTED):
        known = [TIMEDELTA, DATETIME, RELATIVEDELTA, DATASET, PARAM]
        return context.fault(
            (*path, "__type__"),
            f"{quoted(name)} is not a type that may be made{nearest(name, known)}; allowed are {', '.join(known)}, "
            "timetables, Kubernetes models, and the packages in [openmetadata_airflow_apis] allowed_callables",
        )
    new_args = _list(context, args, (*path, "__args__"))
    new_kwargs = {key: read_value(context, item, (*path, key)) for key, item in kwargs.items()}
    if new_args is ABSENT or ABSENT in new_kwargs.values():
        return ABSENT
    return {"$call": {"path": name, "args": new_args, "kwargs": new_kwargs}}


def _typed_list(context: Context, args: list[Any], kwargs: dict[str, Any], path: Path) -> Value:
    if args or set(kwargs) != {"items"}:
        return context.fault(path, 'is a list with other keys than "items"; give the items there, or a plain list')
    if not isinstance(kwargs["items"], list):
        return context.fault((*path, "items"), f"{kind_of(kwargs['items'])}; give a list")
    return _list(context, kwargs["items"], (*path, "items"))


def _timedelta(context: Context, args: list[Any], kwargs: dict[str, Any], path: Path) -> Value:
    good = True
    for key, item in kwargs.items():
        if key not in _TIMEDELTA_UNITS:
            context.fault((*path, key), f"a timedelta has no '{key}'{nearest(key, _TIMEDELTA_UNITS)}")
            good = False
        elif isinstance(item, bool) or not isinstance(item, (int, float)):
            context.fault((*path, key), f"{kind_of(item)}; give a number")
            good = False
    if args and not (len(args) == 1 and isinstance(args[0], (int, float)) and not isinstance(args[0], bool)):
        context.fault((*path, "__args__"), "of a timedelta is one number, of days")
        good = False
    if not good:
        return ABSENT
    if not args and not kwargs:
        return context.fault(path, 'a timedelta needs an amount, such as "hours": 2')
    try:
        return duration(timedelta(*args, **kwargs))
    except (OverflowError, ValueError):
        return context.fault(path, "is longer than a hundred years")


def duration(delta: timedelta) -> dict[str, Any]:
    """Return a duration in canonical form; raise ValueError where it is longer than a hundred years."""
    if abs(delta) > _LONGEST:
        raise ValueError
    seconds = delta.total_seconds()
    return {"$timedelta": int(seconds) if seconds == int(seconds) else seconds}


def read_duration(context: Context, value: Any, path: Path, of_value: dict[str, Any]) -> Value:
    """Return a duration of seconds, "2 hours", or a `__type__` timedelta, within the schema's limits."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return duration(timedelta(seconds=value))
    if isinstance(value, dict):
        if "__type__" not in value:
            return context.fault(
                path, 'is a map; give seconds, "2 hours", or {"__type__": "datetime.timedelta", "hours": 2}'
            )
        made = read_type(context, value, path)
        if made is ABSENT:
            return ABSENT
        if not (isinstance(made, dict) and "$timedelta" in made):
            return context.fault((*path, "__type__"), "is no duration; give datetime.timedelta")
    else:
        delta = parse_duration(value)
        if delta is None:
            return context.fault(path, f'{quoted(value)} is no duration; give seconds, or a text such as "2 hours"')
        made = duration(delta)
    if made["$timedelta"] < of_value.get("minimum", made["$timedelta"]):
        return context.fault(path, "is less than zero; a duration can't be")
    return made


def parse_duration(text: str) -> timedelta | None:
    """Return the duration that a text such as "1 day 12 hours" means, or None where it means none."""
    lowered = text.strip().lower()
    if not _AGO.fullmatch(lowered):
        return None
    amounts: dict[str, int] = {}
    for number, unit in _AMOUNT.findall(lowered):
        name = _UNITS.get(unit) or _UNITS.get(unit[:-1])
        if name is None or name in amounts:
            return None
        amounts[name] = int(number)
    delta = timedelta(**amounts)
    return delta if delta <= _LONGEST else None


def read_date(context: Context, value: Any, path: Path) -> Value:
    """Return a date: ISO 8601 with its offset kept, or a time before the deployment, fixed now."""
    if value is None:
        return None
    if isinstance(value, dict):
        if "__type__" not in value:
            return context.fault(path, 'is a map; give an ISO 8601 date, such as "2024-01-01T00:00:00Z"')
        made = read_type(context, value, path)
        if made is not ABSENT and not (isinstance(made, dict) and "$datetime" in made):
            return context.fault((*path, "__type__"), "is no date; give datetime.datetime")
        return made
    text = value.strip()
    if _DATE.fullmatch(text):
        moment = parse_date(text)
        if moment is None:
            return context.fault(path, f"{quoted(value)} is no date of the calendar and the clock, from 1900 to 9998")
        return date_value(context, moment)
    ago = timedelta(0) if text.lower() in {"now", "today"} else parse_duration(text)
    if ago is None:
        return context.fault(
            path,
            f'{quoted(value)} is no date; give ISO 8601, such as "2024-01-01T00:00:00Z", '
            'or a time before today, such as "2 days"',
        )
    today = context.now.astimezone(ZoneInfo(context.zone or "UTC")).replace(hour=0, minute=0, second=0, microsecond=0)
    fixed = today.replace(tzinfo=None) - ago
    return date_value(context, fixed if context.zone else fixed.replace(tzinfo=timezone.utc))


def parse_date(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 text means, naive where it has no offset, or None."""
    from dateutil.parser import isoparse

    try:
        moment = isoparse(text)
    except (ValueError, OverflowError):
        return None
    if not 1900 <= moment.year <= 9998:
        return None
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=timezone(offset))


def date_value(context: Context, moment: datetime) -> dict[str, Any]:
    """Return a moment in canonical form, with the DAG's time zone where it has one."""
    text = moment.isoformat()
    return {"$datetime": {"at": text, "timezone": context.zone} if context.zone else text}


def moment_of(value: Any) -> datetime | None:
    """Return the moment of a canonical date, for comparing; a date without an offset counts as UTC."""
    if not isinstance(value, dict) or "$datetime" not in value:
        return None
    date = value["$datetime"]
    zone = ZoneInfo(date["timezone"]) if isinstance(date, dict) else timezone.utc
    moment = datetime.fromisoformat(date["at"] if isinstance(date, dict) else date)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _datetime(context: Context, args: list[Any], kwargs: dict[str, Any], path: Path) -> Value:
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    for key in kwargs:
        if key not in parts:
            return context.fault((*path, key), f"a datetime has no '{key}' here{nearest(key, parts)}")
    try:
        moment = datetime(*args, **kwargs)  # noqa: DTZ001 - the DAG's time zone is added where it has one
    except (TypeError, ValueError, OverflowError):
        return context.fault(path, "is no date of the calendar and the clock")
    if not 1900 <= moment.year <= 9998:
        return context.fault(path, "is no date from 1900 to 9998")
    return date_value(context, moment)


def _dataset(context: Context, args: list[Any], kwargs: dict[str, Any], path: Path) -> Value:
    for key in kwargs:
        if key not in {"uri", "extra", "name", "group"}:
            return context.fault((*path, key), f"a dataset has no '{key}'{nearest(key, ['uri', 'extra'])}")
    uri = kwargs.get("uri", args[0] if args else kwargs.get("name"))
    if uri is None:
        return context.fault(path, 'a dataset needs its "uri"')
    place = (*path, "uri") if "uri" in kwargs else path
    made = dataset(context, uri, place)
    extra = kwargs.get("extra")
    if made is ABSENT or extra is None:
        return made
    if not isinstance(extra, dict):
        return context.fault((*path, "extra"), f"{kind_of(extra)}; give a map")
    return {"$dataset": {**made["$dataset"], "extra": extra}}


def dataset(context: Context, uri: Any, path: Path) -> Value:
    """Return a dataset by its URI in canonical form."""
    if not isinstance(uri, str):
        return context.fault(path, f"{kind_of(uri)}; give the URI of a dataset")
    if not uri.strip() or not uri.isascii() or len(uri) > 3000:
        return context.fault(path, "is no dataset's URI: it has 1 to 3000 ASCII characters")
    if uri.lower().startswith("airflow:"):
        return context.fault(path, "has the scheme 'airflow', which Airflow keeps for itself")
    return {"$dataset": {"uri": uri}}


def is_dotted(text: object) -> bool:
    """Tell whether a text is a dotted path of Python names."""
    return isinstance(text, str) and _DOTTED.fullmatch(text) is not None


def is_allowed(context: Context, name: str, always: tuple[str, ...] = ("airflow.",)) -> bool:
    """Tell whether a dotted path leads into a package that definitions may name."""
    if not is_dotted(name):
        return False
    return name.startswith(always) or any(name.startswith(package + ".") for package in context.allowed_packages)
