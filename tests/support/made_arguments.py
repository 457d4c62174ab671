"""Makes arguments from the hints of an operator's parameters: as a definition writes them, and as Python does."""

from __future__ import annotations

import ast
import copy
import enum
import inspect
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLABLE_FILE = "made_arguments.py"
CALLABLE_SOURCE = "def anything(*args, **kwargs):\n    return None\n"
_TYPE = "__type__"


@dataclass(frozen=True)
class MadeArgument:
    """One argument of a task: the keys that a definition has for it.

    value: gives what Python says, new each time; it is called with what finds a function of a callable file.
    """

    keys: dict[str, Any]
    value: Callable[[Callable[[str, str], Any]], Any]


@dataclass(frozen=True)
class Spelled:
    """A value as a definition writes it, and what it means in Python."""

    written: Any
    meant: Any


_FUNCTION = Spelled(object(), None)  # until the argument's name is known
_SEVERAL: dict[str, Any] = {"a key": ["some text", None, 3]}
_TEXT = Spelled("some text", "some text")
_BY_NAME: dict[str, list[Spelled]] = {
    "str": [_TEXT],
    "int": [Spelled(3, 3)],
    "SupportsAbs": [Spelled(3, 3)],
    "float": [Spelled(2.5, 2.5)],
    "bool": [Spelled(True, True), Spelled(False, False)],
    "PathLike": [_TEXT],
    "Path": [_TEXT],
    "Any": [_TEXT, Spelled(_SEVERAL, _SEVERAL)],
    "object": [_TEXT],
    "timedelta": [Spelled({_TYPE: "datetime.timedelta", "minutes": 5}, timedelta(minutes=5))],
    "datetime": [
        Spelled({_TYPE: "datetime.datetime", "year": 2024, "month": 2, "day": 29}, datetime(2024, 2, 29))  # noqa: DTZ001
    ],
    "time": [Spelled({_TYPE: "datetime.time", "hour": 6, "minute": 30}, time(6, 30))],
    "Callable": [_FUNCTION],
    "TaskStateChangeCallback": [_FUNCTION],
    "TaskPreExecuteHook": [_FUNCTION],
    "TaskPostExecuteHook": [_FUNCTION],
    "type": [Spelled("pathlib.PurePosixPath", PurePosixPath)],
}  # fmt: skip
# What these want where they have no hint, as in providers of 2023.
_WITHOUT_HINTS = {
    **dict.fromkeys(("execution_date_fn", "failure", "response_check", "response_filter", "success"), "Callable"),
    "target_time": "time",
}
_LISTS = frozenset({"Collection", "Container", "Iterable", "List", "MutableSequence", "Sequence", "Set", "list", "set"})
_MAPS = frozenset({"Dict", "Mapping", "MutableMapping", "dict"})


def made_arguments(name: str, parameter: inspect.Parameter, names: dict[str, Any]) -> list[MadeArgument]:
    """Return an argument for each kind of value that a parameter's hint allows; none where no definition can say it.

    names: those that the hint sees.
    """
    values = list(_of_parameter(parameter, names))
    if any("kubernetes.client" in str(value.written) for value in values):
        # A plain map means the model, or environment variables, and has its own tests.
        values = [value for value in values if not (isinstance(value.written, dict) and _TYPE not in value.written)]
    return [as_argument(name, value) for value in values]


def as_argument(name: str, value: Spelled) -> MadeArgument:
    """Return the argument of that name with that value."""
    if value is not _FUNCTION:
        return MadeArgument({name: value.written}, lambda _: copy.deepcopy(value.meant))
    key = f"{name}_check" if name in {"success", "failure"} else name
    return MadeArgument(
        {f"{key}_name": "anything", f"{key}_file": CALLABLE_FILE},
        lambda find_function: find_function(CALLABLE_FILE, "anything"),
    )


def _of_parameter(parameter: inspect.Parameter, names: dict[str, Any]) -> Iterator[Spelled]:
    hint = parameter.annotation
    if hint is not parameter.empty:
        text = hint if isinstance(hint, str) else inspect.formatannotation(hint)
        target = names.get(text.removesuffix(" | None"), hint)
        if isinstance(target, type) and issubclass(target, enum.Enum):
            for member in target:  # those that are equal to their values stay texts
                yield Spelled(member.value, member.value if member == member.value else member)
        else:
            yield from _of_text(text, names)
        return
    kind = "str" if parameter.default is parameter.empty else type(parameter.default).__name__
    yield from _BY_NAME.get(_WITHOUT_HINTS.get(parameter.name, kind), [_TEXT])


def _of_text(hint: str, names: dict[str, Any]) -> Iterator[Spelled]:
    yield from _of_hint(ast.parse(hint, mode="eval").body, names)


def _of_hint(node: ast.expr, names: dict[str, Any]) -> Iterator[Spelled]:
    if isinstance(node, ast.BinOp):
        yield from _of_hint(node.left, names)
        yield from _of_hint(node.right, names)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield from _of_text(node.value, names)
    elif isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        yield from _of_brackets(_last_name(node.value), inner, names)
    else:
        yield from _of_name(node, names)


def _of_brackets(outer: str, inner: list[ast.expr], names: dict[str, Any]) -> Iterator[Spelled]:
    if outer in {"Optional", "Union"}:
        for part in inner:
            yield from _of_hint(part, names)
    elif outer == "Literal":
        yield from (Spelled(part.value, part.value) for part in inner if isinstance(part, ast.Constant))
    elif outer in _LISTS or outer in _MAPS:
        for item in _of_hint(inner[-1], names):
            if item is not _FUNCTION:
                yield _in_list(item) if outer in _LISTS else _in_map(item)
    else:
        yield from _BY_NAME.get(outer.lower() if outer == "Type" else outer, [])


def _of_name(node: ast.expr, names: dict[str, Any]) -> Iterator[Spelled]:
    name = _last_name(node)
    if name in _BY_NAME:
        yield from _BY_NAME[name]
    elif name in _LISTS:
        yield _in_list(_TEXT)
    elif name in _MAPS:
        yield from (_in_map(_TEXT), Spelled(_SEVERAL, _SEVERAL))
    elif name == "Secret":
        yield _secret()
    else:
        target = _looked_up(node, names)
        if isinstance(target, type) and issubclass(target, enum.Enum):
            # Beside other types, a text is taken for a member only where the two are equal.
            yield from (Spelled(member.value, member.value) for member in target if member == member.value)
        elif isinstance(target, type) and hasattr(target, "openapi_types"):
            yield _model(target)
        elif target is not None and not isinstance(target, type):  # a name for a hint
            text = inspect.formatannotation(target)
            if text != ast.unparse(node):
                yield from _of_text(text, names)


def _in_list(item: Spelled) -> Spelled:
    return Spelled([item.written], [item.meant])


def _in_map(item: Spelled) -> Spelled:
    return Spelled({"a key": item.written}, {"a key": item.meant})


def _model(cls: Any) -> Spelled:
    """Return a model of the Kubernetes client with the attributes that it requires."""
    attributes: dict[str, Any] = {}
    while True:
        try:
            return Spelled({_TYPE: f"kubernetes.client.models.{cls.__name__}", **attributes}, cls(**attributes))
        except ValueError as error:  # Invalid value for `name`, must not be `None`
            missing = str(error).split("`")[1]
            kind = cls.openapi_types[missing]
            attributes[missing] = [] if kind.startswith("list") else 8080 if kind == "int" else "name"


def _secret() -> Spelled:
    from airflow.providers.cncf.kubernetes.secret import Secret

    arguments = {"deploy_type": "env", "deploy_target": "PASSWORD", "secret": "warehouse", "key": "password"}
    return Spelled({_TYPE: "airflow.providers.cncf.kubernetes.secret.Secret", **arguments}, Secret(**arguments))


def _looked_up(node: ast.expr, names: dict[str, Any]) -> Any:
    """Return what a hint's name is in its module; None where only a type checker knows it."""
    from kubernetes.client import models

    first, *rest = ast.unparse(node).split(".")
    target = {"k8s": models, **names}.get(first)
    for part in rest:
        target = getattr(target, part, None)
    return target


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]
