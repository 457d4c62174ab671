"""Whether a call fits a function's parameters."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


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
