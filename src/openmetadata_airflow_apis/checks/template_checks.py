"""Which texts among arguments are Jinja templates, and whether Jinja can read them.

A text that names a template file is left alone: whether there is such a file isn't looked at, and Airflow reads it when
the task runs. definition/template_folders.py says in which folders it is looked for; the operator says which arguments
are templated (operator_signatures.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.function_parameters import context_keys
from openmetadata_airflow_apis.definition.fault_messages import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.definition.places import CanonicalPlace


def template_faults(
    value: Any, extensions: tuple[str, ...], filters: frozenset[str], place: CanonicalPlace
) -> Iterator[tuple[CanonicalPlace, str]]:
    """Yield what is wrong with the Jinja templates in a value of a templated field, each with the place of its text.

    extensions: endings of texts that name a template file. filters: the user's own. place: the value's.
    """
    if isinstance(value, str):
        if _has_jinja(value) and not value.endswith(extensions):
            # A name of the context, `{{ ds }}` or `{{ params.day }}`, needs no parsing, which takes 0.1 ms.
            fault = _template_fault(value, filters) if _has_jinja(_plain_names().sub("_", value)) else None
            if fault:
                yield place, fault
    elif isinstance(value, (list, dict)):
        for part, item in enumerate(value) if isinstance(value, list) else value.items():
            yield from template_faults(item, extensions, filters, place / part)


def _has_jinja(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


@lru_cache(maxsize=1)
def _plain_names() -> re.Pattern[str]:
    """Return the pattern of `{{ name.of.the.context }}`; `{{{` is something else to Jinja."""
    names = "|".join(sorted(map(re.escape, context_keys())))
    return re.compile(rf"(?<!{{){{{{\s*(?:{names})(?:\.[A-Za-z_]\w*)*\s*}}}}", re.ASCII)


@lru_cache(maxsize=4096)
def _template_fault(text: str, filters: frozenset[str]) -> str | None:
    from jinja2 import TemplateSyntaxError, nodes

    environment = _environment()
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        where = f", line {error.lineno}" if "\n" in text else ""
        return f"the Jinja template can't be read{where}: {error.message}"
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        known_names = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name not in known_names and node.name not in filters:
            word = type(node).__name__.lower()
            return f"the Jinja template uses the unknown {word} '{node.name}'{nearest(node.name, known_names)}"
    return None


@lru_cache(maxsize=1)
def _environment() -> Any:
    from airflow.templates import SandboxedEnvironment

    return SandboxedEnvironment(extensions=["jinja2.ext.do"], cache_size=0)
