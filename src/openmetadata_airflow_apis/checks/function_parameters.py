"""Whether a function takes what it is called with: a task's op_args and op_kwargs, or what Airflow gives a callback."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.default_args import plain_map
from openmetadata_airflow_apis.definition import nearest
from openmetadata_airflow_apis.definition.canonical import tag_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from openmetadata_airflow_apis.definition.canonical import Arguments

_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
# How Airflow calls what stands at a key: the number of positional arguments, and whether the context comes by name.
_CALLS = {
    "on_execute_callback": (1, False),
    "on_failure_callback": (1, False),
    "on_retry_callback": (1, False),
    "on_skipped_callback": (1, False),
    "on_success_callback": (1, False),
    "post_execute": (2, False),
    "pre_execute": (1, False),
    "response_check": (1, True),
    "response_filter": (1, True),
    "sla_miss_callback": (5, False),
}


def call_faults(
    signature: inspect.Signature,
    name: str,
    *,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    given_by_airflow: Iterable[str] = (),
) -> Iterator[str]:
    """Yield every reason why a call doesn't fit the function `name`.

    args, kwargs: None if they are known only when the task runs.
    given_by_airflow: the names that Airflow passes if the function has a parameter for them.
    """
    parameters = signature.parameters.values()
    by_name = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    hints = ""  # a misspelled parameter is not also noted as left out
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for key in kwargs or ():
            if key not in by_name:
                near = nearest(key, by_name)
                hints += near
                yield f"the function '{name}' has no parameter '{key}'{near}"
    if args is None or kwargs is None:
        return
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(args) > len(positional) and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        yield f"the function '{name}' takes {len(positional)} positional argument(s), {len(args)} are given"
    by_position = set(positional[: len(args)])
    for key in kwargs:
        if key in by_position and key in by_name:
            yield f"the parameter '{key}' of the function '{name}' is given twice, by position and by name"
    passed_names = by_position | set(kwargs) | set(given_by_airflow)
    for parameter in parameters:
        needed = parameter.default is parameter.empty and parameter.kind not in _ANY_NUMBER
        if needed and parameter.name not in passed_names and f"'{parameter.name}'" not in hints:
            yield f"the parameter '{parameter.name}' of the function '{name}' is given nothing"


def callback_faults(signature: inspect.Signature, name: str, key: str, kwargs: Arguments) -> Iterator[str]:
    """Yield every reason why the function `name` can't be called as Airflow calls what stands at a key.

    kwargs: what it is given beside that. Of a key that is not known nothing is said.
    """
    if key not in _CALLS:
        return
    positional, with_context = _CALLS[key]
    passed = context_keys() if with_context else ()
    for fault in call_faults(signature, name, args=[None] * positional, kwargs=kwargs, given_by_airflow=passed):
        yield f"{fault} (Airflow calls it with {positional} positional argument(s))"


def task_call_faults(signature: inspect.Signature, name: str, all_arguments: Arguments) -> Iterator[str]:
    """Yield every reason why a task's function can't be called with its op_args and op_kwargs, and the context."""
    args, kwargs = all_arguments.get("op_args") or [], all_arguments.get("op_kwargs") or {}
    yield from call_faults(
        signature,
        name,
        args=args if isinstance(args, list) else None,
        kwargs=plain_map(kwargs) if tag_of(kwargs) in {None, "$literal"} and isinstance(kwargs, dict) else None,
        given_by_airflow=context_keys(),
    )


@lru_cache(maxsize=1)
def context_keys() -> frozenset[str]:
    """Return the names of the template context, which Airflow passes to functions that have such a parameter."""
    from airflow.utils.context import KNOWN_CONTEXT_KEYS

    return frozenset(KNOWN_CONTEXT_KEYS) | {"templates_dict"}
