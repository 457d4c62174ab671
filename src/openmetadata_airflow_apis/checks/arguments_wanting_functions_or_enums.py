"""Arguments for which an operator wants a function, a class or a member of an Enum, as its class's signature says.

Where it wants a function or a class, a dotted path becomes the import of the object there. Where it wants a member of
an Enum, the text of a member's value or name becomes the member: an operator compares its argument with the members,
and most Enums have none that is equal to a text, so that a text left as it is would be taken for something else, or
for nothing, when the task runs.
"""

from __future__ import annotations

import ast
import enum
import inspect
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.allowed_packages import is_allowed, is_dotted
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.named_functions import cure_of_own_code, fault_of_word
from openmetadata_airflow_apis.definition.renamed_keys_and_values import airflow_name
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.definition.canonical import Arguments, ImportTag, Task, Value
    from openmetadata_airflow_apis.definition.places import CanonicalPlace

# Providers of 2023 have these without a hint.
_WITHOUT_HINTS = frozenset({"execution_date_fn", "failure", "response_check", "response_filter", "success"})
# What a hint for a function or a class begins with; the last three are names for one, of airflow.models.baseoperator
# and of the Azure provider.
_CALLED = frozenset({"Callable", "Type", "type", "TaskPreExecuteHook", "TaskPostExecuteHook", "MessageCallback"})
# What a hint for a list of them begins with.
_LISTS = frozenset({"Collection", "Iterable", "List", "Sequence", "list"})
# The tags of what may be a function; every other value is none.
_FUNCTIONS = frozenset({"$call", "$callable", "$callback", "$import"})


def wants_function(parameter: inspect.Parameter) -> bool:
    """Tell whether an operator's parameter takes a function or a class, and nothing else."""
    if parameter.annotation is parameter.empty:
        return parameter.name in _WITHOUT_HINTS
    kinds = set(_hinted_types(parameter))
    return bool(kinds & _CALLED) and kinds <= {*_CALLED, "None"}


def wants_functions(parameter: inspect.Parameter) -> bool:
    """Tell whether an operator's parameter takes a list of functions or classes, or a single one, and nothing else."""
    hints = _hints(parameter)
    kinds = {_name_of(item) for hint in hints for item in (_items(hint) or [hint])}
    return any(map(_items, hints)) and bool(kinds & _CALLED) and kinds <= {*_CALLED, "None"}


def wanted_enum(parameter: inspect.Parameter, names: Mapping[str, Any]) -> type[enum.Enum] | None:
    """Return the Enum of which an operator's parameter takes members and nothing else; None for any other parameter.

    names: the names that the parameter's hint may use → what they mean. An Enum whose members are equal to their values
    doesn't count: there, the texts themselves will do.
    """
    kinds = [kind for kind in _hinted_types(parameter) if kind != "None"]
    if len(kinds) != 1:
        return None
    candidate = names.get(kinds[0], parameter.annotation)
    if not (isinstance(candidate, type) and issubclass(candidate, enum.Enum)):
        return None
    return None if any(member == member.value for member in candidate) else candidate


def use_functions(
    arguments: Arguments,
    names: Collection[str],
    place: CanonicalPlace,
    findings: Findings,
    *,
    lists: Collection[str],
    packages: tuple[str, ...],
) -> dict[str, ImportTag | list[Value]]:
    """Replace the dotted paths in the arguments that want functions by imports, and return these.

    Any other value there is a fault. names: the arguments that want functions. lists: those of them that take a
    list of functions too. place: where the arguments are. packages: what may be imported.
    """
    imports: dict[str, ImportTag | list[Value]] = {}
    for name in arguments:
        value = arguments[name]
        if name in lists and isinstance(value, list):
            imports[name] = _functions(name, value, place / name, findings, packages)
        elif name in names and _is_to_be_read(value):
            function = _function(name, value, place / name, findings, packages)
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
    lists: Collection[str],
    packages: tuple[str, ...],
) -> None:
    """Replace the dotted paths, as use_functions does, in the lists of functions that a task is mapped over."""
    for name, items in expand.items():
        if name not in names:
            continue
        if not isinstance(items, list):
            findings.add(place / name, _fault_of_function(name, items, packages))
        elif name in lists:
            for index, item in enumerate(items):
                at_item = place / name / index
                functions = item if isinstance(item, list) else [item]
                functions = _functions(name, functions, at_item, findings, packages)
                items[index] = functions if isinstance(item, list) else functions[0]
        else:
            items[:] = _functions(name, items, place / name, findings, packages)


def use_members(
    task: Task,
    enums: Mapping[str, type[enum.Enum]],
    place: CanonicalPlace,
    findings: Findings,
    *,
    templates: Collection[str],
) -> None:
    """Replace each text that names a member, in the arguments of a task, by its import; any other value is a fault.

    enums: by the names of the arguments that want their members. place: the task's. templates: the arguments that are
    templates, in which a text with braces is known only when the task runs.
    """
    for name, members in enums.items():
        is_template = name in templates
        for arguments, holder in (
            (task["arguments"], place / "arguments"),
            (task.get("partial") or {}, place / "partial"),
        ):
            if name in arguments:
                arguments[name] = _member(arguments[name], members, holder / name, findings, is_template=is_template)
        mapped_values = (task.get("expand") or {}).get(name)
        if isinstance(mapped_values, list):
            at_items = place / "expand" / name
            mapped_values[:] = [
                _member(item, members, at_items / index, findings, is_template=is_template)
                for index, item in enumerate(mapped_values)
            ]


def _hinted_types(parameter: inspect.Parameter) -> list[str]:
    """Return the names of the types that a parameter's hint allows, without what stands in their brackets."""
    return [_name_of(hint) for hint in _hints(parameter)]


def _hints(parameter: inspect.Parameter) -> list[ast.expr]:
    annotation = parameter.annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    try:
        return _alternatives(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return []


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    if isinstance(node, ast.Subscript) and _name_of(node) in {"Optional", "Union"}:
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        none = [ast.Constant(None)] if _name_of(node) == "Optional" else []
        return [kind for part in inner for kind in _alternatives(part)] + none
    return [node]


def _items(hint: ast.expr) -> list[ast.expr]:
    """Return the hints for the items of a list; none for a hint that is not for a list."""
    if isinstance(hint, ast.Subscript) and _name_of(hint) in _LISTS:
        return _alternatives(hint.slice)
    return []


def _name_of(hint: ast.expr) -> str:
    if isinstance(hint, ast.Subscript):
        return _name_of(hint.value)
    if isinstance(hint, ast.Attribute):
        return hint.attr
    name = hint.id if isinstance(hint, ast.Name) else ast.unparse(hint)
    return "None" if name == "NoneType" else name


def _functions(
    name: str, items: list[Value], place: CanonicalPlace, findings: Findings, packages: tuple[str, ...]
) -> list[Value]:
    return [
        _function(name, item, place / index, findings, packages) if _is_to_be_read(item) else item
        for index, item in enumerate(items)
    ]


def _is_to_be_read(value: Any) -> bool:
    return value is not None and tag_of(value) not in _FUNCTIONS


def _function(
    name: str, value: Any, place: CanonicalPlace, findings: Findings, packages: tuple[str, ...]
) -> ImportTag | None:
    if is_dotted(value) and is_allowed(value, packages):
        return {"$import": value}
    findings.add(place, _fault_of_function(name, value, packages))
    return None


def _fault_of_function(name: str, value: Any, packages: tuple[str, ...]) -> str:
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


def _member(
    value: Value, members: type[enum.Enum], place: CanonicalPlace, findings: Findings, *, is_template: bool
) -> Value:
    if value is None or tag_of(value) is not None:
        return value
    if is_template and isinstance(value, str) and "{{" in value:
        return value
    for member in members:
        if value in (member.value, member.name):
            return {"$import": f"{members.__module__}.{members.__qualname__}.{member.name}"}
    findings.add(place, _fault_of_member(value, members))
    return value


def _fault_of_member(value: Value, members: type[enum.Enum]) -> str:
    words = [str(member.value) for member in members]
    near = nearest(value, [*words, *members.__members__]) if isinstance(value, str) else ""
    return f"{kind_of(value)}, and not one of {', '.join(words)}{near}"
