"""Arguments for which an operator wants a function or a class: a dotted path becomes what is there, none stays text.

Only whoever has the operator's class can tell which arguments these are: its own signature says so.
"""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.dotted_paths import is_allowed, is_dotted
from openmetadata_airflow_apis.definition.fault_messages import kind_of, quoted
from openmetadata_airflow_apis.definition.named_functions import cure_of_own_code, fault_of_word
from openmetadata_airflow_apis.definition.workflow_schema import airflow_name, properties

if TYPE_CHECKING:
    from collections.abc import Collection

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.definition.canonical import Arguments, ImportTag
    from openmetadata_airflow_apis.definition.places import CanonicalPlace

# Providers of 2023 have these without a hint.
_WITHOUT_HINTS = frozenset({"execution_date_fn", "failure", "response_check", "response_filter", "success"})
# What a hint for a function or a class begins with; the last two are airflow.models.baseoperator's names for one.
_CALLED = frozenset({"Callable", "Type", "type", "TaskPreExecuteHook", "TaskPostExecuteHook"})
# The tags of what may be a function; every other value is none.
_FUNCTIONS = frozenset({"$call", "$callable", "$callback", "$import"})


def wants_function(parameter: inspect.Parameter) -> bool:
    """Say whether an operator's parameter takes a function, or a class, and nothing else."""
    if parameter.annotation is parameter.empty:
        return parameter.name in _WITHOUT_HINTS
    kinds = set(hinted_types(parameter))
    return bool(kinds & _CALLED) and kinds <= {*_CALLED, "None"}


def hinted_types(parameter: inspect.Parameter) -> list[str]:
    """Return the names of the types that a parameter's hint allows, without what stands in their brackets."""
    annotation = parameter.annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    try:
        return _alternatives(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return []


def _alternatives(node: ast.expr) -> list[str]:
    if isinstance(node, ast.BinOp):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    if isinstance(node, ast.Subscript):
        (name,) = _alternatives(node.value)
        if name not in {"Optional", "Union"}:
            return [name]
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [kind for part in inner for kind in _alternatives(part)] + ["None"] * (name == "Optional")
    if isinstance(node, ast.Attribute):
        return [node.attr]
    return [node.id if isinstance(node, ast.Name) else ast.unparse(node)]


def use_functions(
    arguments: Arguments,
    names: Collection[str],
    place: CanonicalPlace,
    findings: Findings,
    *,
    packages: tuple[str, ...],
) -> dict[str, ImportTag]:
    """Make imports of the dotted paths among the arguments that want functions, and return them.

    What else is written there is a fault. names: the arguments that want functions. place: where the arguments are.
    packages: what may be imported.
    """
    imports: dict[str, ImportTag] = {}
    for name in arguments:
        if name in names and _is_to_be_read(arguments[name]):
            function = _function(name, arguments[name], place / name, findings, packages)
            if function is not None:
                imports[name] = function
    arguments.update(imports)
    return imports


def use_mapped_functions(
    expand: Arguments,
    names: Collection[str],
    place: CanonicalPlace,
    findings: Findings,
    *,
    packages: tuple[str, ...],
) -> None:
    """Do the same with the lists of functions that a task is mapped over."""
    for name, items in expand.items():
        if name not in names:
            continue
        if not isinstance(items, list):
            findings.add(place / name, _fault(name, items, packages))
            continue
        for index, item in enumerate(items):
            if _is_to_be_read(item):
                items[index] = _function(name, item, place / name / index, findings, packages)


def _is_to_be_read(value: Any) -> bool:
    return value is not None and tag_of(value) not in _FUNCTIONS


def _function(
    name: str, value: Any, place: CanonicalPlace, findings: Findings, packages: tuple[str, ...]
) -> ImportTag | None:
    if is_dotted(value) and is_allowed(value, packages):
        return {"$import": value}
    findings.add(place, _fault(name, value, packages))
    return None


def _fault(name: str, value: Any, packages: tuple[str, ...]) -> str:
    name_key, file_key = _keys_of_function(name)
    if tag_of(value) == "$output":
        return f"is the output of a task; give a function, by {name_key} and {file_key} or by its dotted path"
    if not isinstance(value, str):
        return f"{kind_of(value)}; give a function, by {name_key} and {file_key} or by its dotted path"
    spelling = f"{name_key}: {{name}}, {file_key}: {{file}}"
    if not is_dotted(value):
        return fault_of_word(value, spelling)
    cure = cure_of_own_code(value, packages, spelling)
    return f"{quoted(value)} is in no package that definitions may name: {cure}"


def _keys_of_function(argument: str) -> tuple[str, str]:
    for key, of_key in properties("WorkflowTask").items():
        if "x-file" in of_key and airflow_name(key, of_key) == argument:
            return key, of_key["x-file"]
    return f"{argument}_name", f"{argument}_file"
