"""Finds the macros that are texts and that a template calls: their authors meant a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.dotted_paths import is_dotted
from openmetadata_airflow_apis.definition.named_functions import MACRO, cure_of_own_code
from openmetadata_airflow_apis.definition.places import CanonicalPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.definition.canonical import Arguments, Definition

_MACROS = CanonicalPlace(("dag", "user_defined_macros"))


def check_macros(definition: Definition, findings: Findings, packages: tuple[str, ...]) -> None:
    """Note each macro that is a dotted text and that a template of the DAG calls.

    packages: those that the installation allows.
    """
    texts = dict(_dotted_texts(definition["dag"].get("user_defined_macros") or {}))
    if not texts:
        return
    called: set[tuple[str, ...]] = set()
    for task in definition["tasks"]:
        for template in _templates([task["arguments"], task.get("partial"), task.get("expand")]):
            called |= _called_in(template)
    for keys, text in texts.items():
        if keys in called:
            cure = cure_of_own_code(text, packages, MACRO)
            findings.add(_MACROS.below(keys), f"'{text}' is a text here, and a template calls it: {cure}")


def _dotted_texts(macros: Arguments) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in macros.items():
        if is_dotted(value):
            yield (key,), value
        elif isinstance(value, dict) and tag_of(value) is None:
            for keys, text in _dotted_texts(value):
                yield (key, *keys), text


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
        return set()  # which is a fault of its own
    called = set()
    for call in tree.find_all(nodes.Call):
        keys: list[str] = []
        node = call.node
        while isinstance(node, nodes.Getattr):
            keys.insert(0, node.attr)
            node = node.node
        if isinstance(node, nodes.Name):
            called.add((node.name, *keys))
    return called
