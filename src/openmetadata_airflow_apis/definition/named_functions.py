"""Functions and objects by name: callbacks, imports, functions in callable files, macros."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.allowed_packages import is_allowed, is_dotted
from openmetadata_airflow_apis.definition.dag_factory_values import VALUE_MARKS, read_value
from openmetadata_airflow_apis.definition.fault_messages import kind_of, quoted
from openmetadata_airflow_apis.definition.managed_paths import fault_of_path
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.renamed_keys_and_values import airflow_name
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import Arguments, CallableTag, ImportTag
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context, Read
    from openmetadata_airflow_apis.definition.workflow_schema import Schema


# How a function of a callable file is written among macros and filters.
MACRO = "{{callable_name: {name}, callable_file: {file}}}"


def read_import(context: Context, value: Any, path: PlainPath) -> ImportTag | Literal[Absent.ABSENT]:
    """Return an object of an allowed package, by its dotted path."""
    keys = _keys_of_function(context, path)
    return _import(context, value, path, f"{keys[0]}: {{name}}, {keys[1]}: {{file}}" if keys else None)


def _import(
    context: Context, value: Any, path: PlainPath, spelling: str | None, *, function: str = "the function"
) -> ImportTag | Literal[Absent.ABSENT]:
    """Return an object of an allowed package, by its dotted path.

    spelling: how a function of a callable file is written there, with {name} and {file}; None where it can't be.
    function: how the advice to use a callable file calls what to put into it.
    """
    if not is_dotted(value):
        return context.fault(path, fault_of_word(value, spelling))
    if is_allowed(value, context.allowed_packages):
        return {"$import": value}
    cure = cure_of_own_code(value, context.allowed_packages, spelling, function=function)
    return context.fault(path, f"{quoted(value)} is in no package that definitions may name: {cure}")


def fault_of_word(value: Any, spelling: str | None) -> str:
    """Return the fault of a function's name that is no dotted path, with what to write. spelling: as in _import."""
    name = value if isinstance(value, str) and value.isidentifier() else None
    if spelling is None or name is None:
        return f"{quoted(value)} is no dotted path; give one such as package.module.name"
    return (
        f"{quoted(name)} is no dotted path; write {spelling.format(name=name, file='FILE.py')} for a function of a "
        "file in dag_managed_operators, or a path such as package.module.name"
    )


def cure_of_own_code(
    path: str, packages: tuple[str, ...], spelling: str | None, *, function: str = "the function"
) -> str:
    """Return what to do about code at a dotted path outside the packages that an installation allows.

    spelling and function: as in _import.
    """
    names = ", ".join((*packages, path.partition(".")[0]))
    allow = f"allow its package in airflow.cfg: [openmetadata_airflow_apis] allowed_callables = {names}"
    if spelling is None:
        return allow
    module, _, name = path.rpartition(".")
    spelled_out = spelling.format(name=name, file=f"{module.rpartition('.')[2]}.py")
    return f"put {function} into a file of dag_managed_operators and write {spelled_out}; or {allow}"


def _keys_of_function(context: Context, path: PlainPath) -> tuple[str, str] | None:
    """Return, for the argument at a path, the keys that name a function and its callable file, or None."""
    argument = path[-1]
    is_flat = context.origin.pointer(path).parts[-1] in properties("FlatWorkflow")
    for name in ("FlatWorkflow",) if is_flat else ("WorkflowTask", "WorkflowDefaultArgs", "WorkflowDag"):
        for key, of_key in properties(name).items():
            if "x-file" in of_key and airflow_name(key, of_key) == argument:
                return key, of_key["x-file"]
    return None


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
    other_keys = {key: item for key, item in value.items() if key != "callback"}
    keys = _keys_of_function(context, path)
    function = _import(
        context,
        value["callback"],
        path / "callback",
        f"{keys[0]}: {{name}}, {keys[1]}: {{file}}" if keys else None,
        function="a function that needs no arguments from here" if other_keys else "the function",
    )
    if list(other_keys) == ["arguments"] and isinstance(other_keys["arguments"], dict):
        path, other_keys = path / "arguments", other_keys["arguments"]
    kwargs = {key: read_value(context, item, path / key) for key, item in other_keys.items()}
    if function is ABSENT or ABSENT in kwargs.values():
        return ABSENT
    return {"$callback": {"function": function, "kwargs": kwargs}}


def read_function_file(context: Context, value: str, path: PlainPath) -> str | Literal[Absent.ABSENT]:
    """Return the name of a callable file, checked: a relative path of plain Python names, ending in .py."""
    fault = fault_of_path(value)
    if fault is not None:
        return context.fault(path, fault)
    cure = "callable files are named by their path below dag_managed_operators, such as checks.py"
    parts = value.split("/")
    stem, dot, ending = parts[-1].rpartition(".")
    if not dot or ending != "py":
        return context.fault(path, f"{quoted(value)} is no Python file; {cure}")
    for part in [*parts[:-1], stem]:
        if not part.isascii() or not part.isidentifier() or keyword.iskeyword(part):
            return context.fault(path, f"{quoted(part)} is no plain Python name; {cure}")
    return value


def read_function_name(context: Context, value: str, path: PlainPath) -> str | Literal[Absent.ABSENT]:
    """Return the name of a function, checked to be a plain Python name."""
    if not value.isidentifier() or keyword.iskeyword(value):
        cure = "; lambdas are not accepted, write a function into a callable file" if "lambda" in value else ""
        return context.fault(path, f"{quoted(value)} is no name of a function{cure}")
    return value


def read_macros(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a map of macros: a dotted path into an allowed package is an import, any other text is a text."""
    result: Arguments = {}
    for key, item in value.items():
        place = path / key
        if not key.isidentifier():
            result[key] = context.fault(place, f"{quoted(key)} is no name that a template can use")
        elif isinstance(item, dict) and not _FUNCTION_KEYS.isdisjoint(item):
            result[key] = _read_function_map(context, item, place)
        elif isinstance(item, dict) and VALUE_MARKS.isdisjoint(item):
            result[key] = read_macros(context, item, place)
        elif is_dotted(item) and is_allowed(item, context.allowed_packages):
            result[key] = {"$import": item}
        else:
            result[key] = read_value(context, item, place)
    return ABSENT if ABSENT in result.values() else result


def read_filters(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a map of filters, each a function: of an allowed package by its path, or of a callable file."""
    result: Arguments = {}
    for key, item in value.items():
        place = path / key
        if not key.isidentifier():
            result[key] = context.fault(place, f"{quoted(key)} is no name that a template can use")
        elif isinstance(item, dict):
            result[key] = _read_function_map(context, item, place)
        else:
            result[key] = _import(context, item, place, MACRO)
    return ABSENT if ABSENT in result.values() else result


_FUNCTION_KEYS = frozenset({"callable_name", "callable_file"})


def _read_function_map(context: Context, value: SentObject, path: PlainPath) -> CallableTag | Literal[Absent.ABSENT]:
    """Return the function of a callable file that a map of `callable_name` and `callable_file` names."""
    for key in sorted(_FUNCTION_KEYS.symmetric_difference(value)):
        if key in value:
            return context.fault(path / key, f"unknown key '{key}'; a function has callable_name and callable_file")
        return context.fault(path, f"'{key}' is missing; a function has callable_name and callable_file")
    for key in sorted(_FUNCTION_KEYS):
        if not isinstance(value[key], str):
            return context.fault(path / key, f"{kind_of(value[key])}; give a text")
    name = read_function_name(context, value["callable_name"], path / "callable_name")
    file = read_function_file(context, value["callable_file"], path / "callable_file")
    return ABSENT if name is ABSENT or file is ABSENT else {"$callable": {"file": file, "name": name}}


# ── pairs of keys such as `python_callable_name` and `python_callable_file` ──


def function_pairs(document: Mapping[str, Any], key_schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the schemas of pairs such as `handler_name` and `handler_file`, which the schema itself doesn't have.

    Both keys must be there, the file with the ending .py: an operator may have arguments of its own with such names.
    """
    pairs: dict[str, Schema] = {}
    for key, value in document.items():
        is_file = key.endswith("_file") and isinstance(value, str) and value.endswith(".py")
        if is_file and key not in key_schemas and name_key(key) in document and name_key(key) not in key_schemas:
            argument = key[: -len("_file")]
            pairs[name_key(key)] = {"x-kind": "function_name", "x-file": key, "x-airflow-name": argument}
            pairs[key] = {"x-kind": "function_file", "x-airflow-name": argument}
    return pairs


def name_key(file_key: str) -> str:
    """Return the key of a function's name beside the key of its file: handler_name for handler_file."""
    return file_key[: -len("_file")] + "_name"


def read_named_function(
    context: Context, of_key: Schema, key: str, document: Mapping[str, Any], path: PlainPath
) -> Read:
    """Return the function that a key names, or a call of it if another key may have arguments for it."""
    function = _read_pair(context, of_key["x-file"], key, document, path)
    if "x-arguments" not in of_key or function is ABSENT:
        return function
    at_arguments = path / of_key["x-arguments"]
    if at_arguments in context.skipped_paths:
        return ABSENT
    sent = document.get(of_key["x-arguments"]) or {}
    kwargs = {name: read_value(context, value, at_arguments / name) for name, value in sent.items()}
    return ABSENT if ABSENT in kwargs.values() else {"$result": {**function["$callable"], "kwargs": kwargs}}


def _read_pair(
    context: Context, file_key: str, key: str, document: Mapping[str, Any], path: PlainPath
) -> CallableTag | Literal[Absent.ABSENT]:
    """Return a function of a callable file, from the two keys that name it and its file."""
    if not isinstance(document[key], str):  # of a pair that the schema doesn't have
        return context.fault(path / key, f"{kind_of(document[key])}; give a text")
    name = read_function_name(context, document[key], path / key)
    if file_key not in document:
        return context.fault(path / key, f"names a function and no file; add '{file_key}'")
    if path / file_key in context.skipped_paths:
        return ABSENT
    file = read_function_file(context, document[file_key], path / file_key)
    if name is ABSENT or file is ABSENT:
        return ABSENT
    return {"$callable": {"file": file, "name": name}}
