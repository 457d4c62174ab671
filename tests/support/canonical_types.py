"""Compares a canonical definition with the types that say what it is."""

from __future__ import annotations

import ast
import sys
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin, get_type_hints

from openmetadata_airflow_apis.definition import canonical
from openmetadata_airflow_apis.definition.canonical import Tagged, tag_of


def misfits(value: Any, wanted: Any, place: str = "") -> list[str]:
    """Return where a value is not of a type; a value of any type is still searched for tagged objects."""
    if wanted is Any:
        if tag_of(value) is not None:
            return misfits(value, Tagged, place)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [fault for key, item in items for fault in misfits(item, Any, f"{place}/{key}")]
    if isinstance(wanted, type) and hasattr(wanted, "__required_keys__"):
        return misfits_of_typed_dict(value, wanted, place)
    origin, args = get_origin(wanted), get_args(wanted)
    if origin is Union or (origin is not None and origin.__name__ == "UnionType"):
        by_type = [misfits(value, arg, place) for arg in args]
        return [] if [] in by_type else min(by_type, key=len)
    if origin is list:
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [fault for index, item in enumerate(value) for fault in misfits(item, args[0], f"{place}/{index}")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{place}: no map"]
        return [fault for key, item in value.items() for fault in misfits(item, args[1], f"{place}/{key}")]
    if origin is Literal:
        return [] if value in args else [f"{place}: {value!r}"]
    return [] if type(value) is wanted else [f"{place}: {value!r} is no {wanted}"]


def misfits_of_typed_dict(value: Any, wanted: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place}: no {wanted.__name__}"]
    hints = hints_of(wanted)
    faults = [f"{place}/{key}: no key of {wanted.__name__}" for key in value if key not in hints]
    faults += [f"{place}: {key} is missing" for key in wanted.__required_keys__ if key not in value]
    for key, hint in hints.items():
        if key in value:
            faults += misfits(value[key], hint, f"{place}/{key}")
    return faults


def hints_of(wanted: Any) -> dict[str, Any]:
    """Return the types of a typed dict's keys."""
    if sys.version_info >= (3, 10):
        return get_type_hints(wanted, vars(canonical))
    spelled = {
        key: ast.unparse(_Unions().visit(ast.parse(hint.__forward_arg__))) if isinstance(hint, ForwardRef) else hint
        for key, hint in wanted.__annotations__.items()
    }
    return get_type_hints(type(wanted.__name__, (), {"__annotations__": spelled}), {"Union": Union, **vars(canonical)})


class _Unions(ast.NodeTransformer):
    """Writes `X | Y` as `Union[X, Y]`: Python 3.9 can't evaluate the former."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return ast.Subscript(ast.Name("Union"), ast.Tuple([node.left, node.right]))
