"""Rewrites dag-factory's functions, which it takes from anywhere, as names of functions in callable files.

A dotted path to a module in one of the given folders is the user's own code, whose file is copied. A lambda becomes a
function in a new file.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from managed_dags_cli.file_requests import PlacedFault
from managed_dags_cli.yaml_edits import Edits, composed, pairs_of, pointer_to

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from managed_dags_cli.dag_factory_folder import Copies

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
_LAMBDA = "_lambda"
# Keys that name a class, whose module can't be copied: Airflow's processes import it by its path.
_CLASSES = ("operator", "sensor", "timetable")


def with_named_functions(text: str, file: Path, copies: Copies, python_path: Sequence[Path]) -> str:
    """Return the text with names and files in place of lambdas and dotted paths to the user's own code.

    file: the new one, which the lambdas' file is named after. python_path: the folders in which modules are looked for.
    """
    edits = Edits(text)
    for mapping, key, value, path in pairs_of(composed(text)):
        if value.id != "scalar":
            continue
        name, value_text = key.value, value.value.strip()
        if name.endswith(_LAMBDA) and value_text.startswith("lambda"):
            argument, parts = name.removesuffix(_LAMBDA), _lambda_of(value_text)
            if parts is not None:  # what is not Python is reported as a fault of the definition
                function_name = f"{'_'.join(path[2:])}_{argument}"
                function, place = copies.add_function(f"{file.stem}_functions.py", function_name, *parts)
                edits.replace_pair(mapping, key, value, {f"{argument}_name": function, f"{argument}_file": place})
        elif name not in _CLASSES:
            source = _source_of(value_text, "function", python_path)
            if source is not None:
                function, copy = value_text.rpartition(".")[2], copies.name_for(str(source))
                edits.replace_pair(mapping, key, value, {f"{name}_name": function, f"{name}_file": copy})
    return edits.applied()


def own_classes(text: str, file: Path, python_path: Sequence[Path]) -> list[PlacedFault]:
    """Return a fault for each of the user's own classes that a text names: where, and what to do about it."""
    return [
        _own_class(file, value, (*path, key.value))
        for _, key, value, path in pairs_of(composed(text))
        if key.value in _CLASSES and value.id == "scalar" and _source_of(value.value, "class", python_path)
    ]


def _source_of(dotted: str, kind: str, python_path: Sequence[Path]) -> Path | None:
    """Return the file of a module in the given folders that defines a function, or a class, of that name."""
    if not _DOTTED.fullmatch(dotted):
        return None
    module, _, name = dotted.rpartition(".")
    source = _module_file(module, python_path)
    return source if source is not None and _kind_of(name, source) == kind else None


def _module_file(module: str, python_path: Sequence[Path]) -> Path | None:
    for folder in python_path:
        place = folder.joinpath(*module.split("."))
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path.resolve()
    return None


def _kind_of(name: str, file: Path) -> str | None:
    """Say whether a file defines a function or a class of a name, by its syntax tree; None for neither."""
    try:
        statements = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError):
        return None
    for statement in statements:
        if getattr(statement, "name", None) == name:
            return {"FunctionDef": "function", "ClassDef": "class"}.get(type(statement).__name__)
    return None


def _lambda_of(text: str) -> tuple[str, str] | None:
    """Return the arguments and the result of a lambda, as source; None if the text is not one."""
    try:
        function = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return (ast.unparse(function.args), ast.unparse(function.body)) if isinstance(function, ast.Lambda) else None


def _own_class(file: Path, value: Any, path: Sequence[str]) -> PlacedFault:
    package = value.value.partition(".")[0]
    return PlacedFault(
        str(file),
        value.start_mark.line + 1,
        value.start_mark.column + 1,
        pointer_to(path),
        f"'{value.value}' is your own class: install its package where Airflow's processes can import it, and add "
        f"{package} to [openmetadata_airflow_apis] allowed_operators in airflow.cfg (timetables: allowed_callables)",
    )
