"""Arguments for which an operator wants a member of an Enum: the text of a member's value or name becomes the member.

An operator compares its argument with the members. Most Enums have no member that is equal to a text, so that a text
left as it is would be taken for something else, or for nothing, when the task runs.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.function_typed_arguments import hinted_types
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest

if TYPE_CHECKING:
    import inspect
    from collections.abc import Collection, Mapping

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.definition.canonical import Task, Value
    from openmetadata_airflow_apis.definition.places import CanonicalPlace


def wanted_enum(parameter: inspect.Parameter, names: Mapping[str, Any]) -> type[enum.Enum] | None:
    """Return the Enum of which an operator's parameter takes members and nothing else; None for any other parameter.

    names: the names that the parameter's hint may use → what they mean. An Enum whose members are equal to their values
    doesn't count: there, the texts themselves will do.
    """
    kinds = [kind for kind in hinted_types(parameter) if kind != "None"]
    if len(kinds) != 1:
        return None
    candidate = names.get(kinds[0], parameter.annotation)
    if not (isinstance(candidate, type) and issubclass(candidate, enum.Enum)):
        return None
    return None if any(member == member.value for member in candidate) else candidate


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
    findings.add(place, _fault(value, members))
    return value


def _fault(value: Value, members: type[enum.Enum]) -> str:
    words = [str(member.value) for member in members]
    near = nearest(value, [*words, *members.__members__]) if isinstance(value, str) else ""
    return f"{kind_of(value)}, and not one of {', '.join(words)}{near}"
