"""Functions and objects by name: callbacks, imports, functions in callable files, macros."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.dotted_paths import is_allowed, is_dotted
from openmetadata_airflow_apis.definition.fault_messages import kind_of, quoted
from openmetadata_airflow_apis.definition.plain_values import read_value
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import ImportTag
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context, Read


def read_import(context: Context, value: Any, path: PlainPath) -> ImportTag | Literal[Absent.ABSENT]:
    """Return an object of an allowed package, by its dotted path."""
    if not is_dotted(value):
        return context.fault(path, f"{quoted(value)} is no dotted path; give one such as package.module.name")
    if not is_allowed(value, context.allowed_packages):
        return context.fault(
            path,
            f"{quoted(value)} is in no package that definitions may name; an operator can add it to "
            "[openmetadata_airflow_apis] allowed_callables, or put the function into a callable file",
        )
    return {"$import": value}


def read_callback(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a callback: a dotted path, a map of `callback` and its arguments, or a list of these."""
    if value is None:
        return None
    if isinstance(value, str):
        function = read_import(context, value, path)
        return ABSENT if function is ABSENT else {"$callback": {"function": function, "kwargs": {}}}
    if isinstance(value, list):
        items = [
            read_callback(context, item, path / index)
            if isinstance(item, (str, dict))
            else context.fault(path / index, f"{kind_of(item)}; give a dotted path or a map with 'callback'")
            for index, item in enumerate(value)
        ]
        return ABSENT if ABSENT in items else items
    if "callback" not in value:
        return context.fault(path, "'callback' is missing: the dotted path of what is called")
    function = read_import(context, value["callback"], path / "callback")
    rest = {key: item for key, item in value.items() if key != "callback"}
    if list(rest) == ["arguments"] and isinstance(rest["arguments"], dict):
        path, rest = path / "arguments", rest["arguments"]
    kwargs = {key: read_value(context, item, path / key) for key, item in rest.items()}
    if function is ABSENT or ABSENT in kwargs.values():
        return ABSENT
    return {"$callback": {"function": function, "kwargs": kwargs}}


def read_function_file(context: Context, value: str, path: PlainPath) -> str | Literal[Absent.ABSENT]:
    """Return the name of a callable file, checked: a relative path of plain Python names, ending in .py."""
    where = "callable files are named by their path below dag_managed_operators, such as checks.py"
    if value.startswith(("/", "\\", "~")) or ":" in value:
        return context.fault(path, f"{quoted(value)} is no relative path; {where}")
    parts = value.split("/")
    if ".." in parts or "." in parts:
        return context.fault(path, f"{quoted(value)} leaves its folder; {where}")
    stem, dot, ending = parts[-1].rpartition(".")
    if not dot or ending != "py":
        return context.fault(path, f"{quoted(value)} is no Python file; {where}")
    for part in [*parts[:-1], stem]:
        if not part.isascii() or not part.isidentifier() or keyword.iskeyword(part):
            return context.fault(path, f"{quoted(part)} is no plain Python name; {where}")
    return value


def read_function_name(context: Context, value: str, path: PlainPath) -> str | Literal[Absent.ABSENT]:
    """Return the name of a function, checked to be a plain Python name."""
    if not value.isidentifier() or keyword.iskeyword(value):
        cure = "; lambdas are not accepted, write a function into a callable file" if "lambda" in value else ""
        return context.fault(path, f"{quoted(value)} is no name of a function{cure}")
    return value


def read_macros(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a map of macros or filters: texts that look like a dotted path into Python are imports."""
    result: dict[str, Any] = {}
    for key, item in value.items():
        place = path / key
        if not key.isidentifier():
            result[key] = context.fault(place, f"{quoted(key)} is no name that a template can use")
        elif isinstance(item, dict) and "__type__" not in item:
            result[key] = read_macros(context, item, place)
        elif isinstance(item, str) and is_dotted(item):
            result[key] = read_import(context, item, place)
        else:
            result[key] = read_value(context, item, place)
    return ABSENT if ABSENT in result.values() else result
