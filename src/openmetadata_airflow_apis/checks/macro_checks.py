"""Finds the macros that are texts although their authors meant a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.allowed_packages import is_dotted
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.named_functions import MACRO, cure_of_own_code
from openmetadata_airflow_apis.definition.places import CanonicalPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.checks.managed_functions import ManagedFunctions
    from openmetadata_airflow_apis.definition.canonical import Arguments, Definition

_MACROS = CanonicalPlace(("dag", "user_defined_macros"))


def check_macros(
    definition: Definition, findings: Findings, functions: ManagedFunctions, *, packages: tuple[str, ...]
) -> None:
    """Note each macro that is a text and that a template of the DAG calls, or that names a function of a callable file.

    packages: those that the installation allows.
    """
    texts = dict(_texts(definition["dag"].get("user_defined_macros") or {}))
    if not texts:
        return
    called_names = _called_in_templates(definition)
    for keys, text in texts.items():
        place = _MACROS.below(keys)
        if keys in called_names:
            findings.add(
                place, f"{quoted(text)} is a text here, and a template calls it: {_cure(text, functions, packages)}"
            )
            continue
        file = _file_of_path(text, functions)
        # A text that the author has joined of several is meant to be a text.
        if file is not None and findings.was_sent(place, text):
            module, _, name = text.rpartition(".")
            findings.add(
                place,
                f"{quoted(text)} is a text here, and '{file}' in dag_managed_operators has a function '{name}': write "
                f'{MACRO.format(name=name, file=file)}, or {{"__join__": ["{module}.", "{name}"]}} for the text',
            )


def _texts(macros: Arguments) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in macros.items():
        if isinstance(value, str):
            yield (key,), value
        elif isinstance(value, dict) and tag_of(value) is None:
            for keys, text in _texts(value):
                yield (key, *keys), text


def _cure(text: str, functions: ManagedFunctions, packages: tuple[str, ...]) -> str:
    file = _file_of_path(text, functions) or functions.file_with(text)
    if file is not None:
        return f"write {MACRO.format(name=text.rpartition('.')[2], file=file)}"
    if is_dotted(text):
        return cure_of_own_code(text, packages, MACRO)
    return (
        "put the function into a file of dag_managed_operators and write "
        f"{MACRO.format(name='add_days', file='dates.py')}, its name and its file"
    )


def _file_of_path(text: str, functions: ManagedFunctions) -> str | None:
    """Return the callable file that has the function at a dotted path, whichever folder the path begins in."""
    if not is_dotted(text):
        return None
    *modules, name = text.split(".")
    files = ("/".join(modules[start:]) + ".py" for start in range(len(modules)))
    return next((file for file in files if functions.has(file, name)), None)


def _called_in_templates(definition: Definition) -> set[tuple[str, ...]]:
    maps = [definition["dag"].get("default_args")]
    maps += [(group.get("arguments") or {}).get("default_args") for group in definition["task_groups"]]
    for task in definition["tasks"]:
        maps += [task["arguments"], task.get("partial"), task.get("expand")]
    return {keys for template in _templates(maps) for keys in _called_in(template)}


def _templates(value: Any) -> Iterator[str]:
    """Yield the texts in a value that have Jinja in them, however deep they are."""
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _templates(item)


def _called_in(template: str) -> set[tuple[str, ...]]:
    """Return the names that a template calls: `days.later(ds)` calls ("days", "later")."""
    from jinja2 import Environment, TemplateSyntaxError, nodes

    try:
        tree = Environment(autoescape=True, extensions=["jinja2.ext.do"]).parse(template)
    except TemplateSyntaxError:
        return set()  # a fault that is noted elsewhere
    called_names = set()
    for call in tree.find_all(nodes.Call):
        keys: list[str] = []
        node = call.node
        while isinstance(node, nodes.Getattr):
            keys.insert(0, node.attr)
            node = node.node
        if isinstance(node, nodes.Name):
            called_names.add((node.name, *keys))
    return called_names
