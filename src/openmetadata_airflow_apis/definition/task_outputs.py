"""Texts that name the output of another task: `+task`, `task.output`, and one key of either."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import OutputTag
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context

_ID = "[A-Za-z_][A-Za-z0-9_.-]*"
_OUTPUT = re.compile(
    rf"(?:\+(?P<after_plus>{_ID})|(?P<before_dot>{_ID})\.output|X[cC]omArg\((?P<in_brackets>{_ID})\))(?P<key>\[.*\])?",
    re.ASCII,
)
_KEY = re.compile(r"\['([^'\[\]]+)'\]|\[\"([^\"\[\]]+)\"\]")


def read_output(
    context: Context, text: str, path: PlainPath, *, may_be_text: bool = True
) -> OutputTag | Literal[Absent.ABSENT] | None:
    """Return the output of a task that a text names, whole or one key of it; None if it names none.

    It is written `+task`, as Airflow does `task.output`, or as dag-factory does `XcomArg(task)`; each with or without a
    key, such as `+task['key']`.
    may_be_text: whether a plain text may stand there as well; the fault of an unknown name then says how to write it.
    """
    match = _match(text)
    if match is None:
        return None
    if context.take_output is None:
        return refuse_output(context, text, path)
    advice = ""
    if may_be_text:
        advice = (
            '; a text that only starts with a plus is written {"__join__": ["+", "..."]}'
            if match["after_plus"]
            else '; a text that only ends like an output is written {"__join__": ["...", ".output"]}'
            if match["before_dot"]
            else '; a text that only looks like an output is written {"__join__": ["XcomArg", "(...)"]}'
        )
    task_id = context.take_output(_name(match), path, advice)
    if task_id is None:
        return ABSENT
    if match["key"] is None:
        return {"$output": task_id}
    key = _KEY.fullmatch(match["key"])
    if key is None:
        whole = text[: match.start("key")]
        return context.fault(
            path,
            f"{quoted(text)} asks for an output by what is no key, and Airflow has keys alone: write {whole}['key'], "
            f"or {whole} and take the item in the function",
        )
    return {"$output": {"task_id": task_id, "key": key[1] or key[2]}}


def refuse_output(
    context: Context, text: str, path: PlainPath, *, cure: str | None = None
) -> Literal[Absent.ABSENT] | None:
    """Note a fault if a text names an output, at a path where none can stand; return None for any other text.

    cure: what to write instead; None if the text itself may stand there, written as a text.
    """
    match = _match(text)
    if match is None:
        return None
    if context.refused_outputs is not None and _name(match) not in context.refused_outputs:
        return None
    if cure is None:
        cut = match.end("before_dot") if match["before_dot"] else 1
        cure = f'write it there, or for the text {{"__join__": {json.dumps([text[:cut], text[cut:]])}}}'
    return context.fault(
        path, f"{quoted(text)} is the output of a task, and only the arguments of a task can have one; {cure}"
    )


def _match(text: str) -> re.Match[str] | None:
    if text.startswith(("+", "X")) or ".output" in text:
        return _OUTPUT.fullmatch(text)
    return None


def _name(match: re.Match[str]) -> str:
    return match["after_plus"] or match["before_dot"] or match["in_brackets"]
