"""What a callable file defines, by its syntax tree: names that a definition may give, and parameters of functions."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Iterator

FunctionNode = Union[ast.FunctionDef, ast.AsyncFunctionDef]


@lru_cache(maxsize=64)
def top_level(source: bytes) -> dict[str, ast.stmt]:
    """Return what a module's source defines by name, the last statement for each; raise SyntaxError, ValueError.

    Names that are bound below `if`, `try` and `with` count too.
    """
    return {name: node for node in _statements(ast.parse(source).body) for name in _bound_names(node)}


def own_parameters(node: ast.stmt) -> FunctionNode | None:
    """Return the statement as a function if a caller surely meets the parameters that it shows, or None.

    What a decorator returns, and an object that is not made by `def`, may take anything.
    """
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.decorator_list:
        return node
    return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            for field in ("body", "handlers", "orelse", "finalbody"):
                for child in getattr(node, field, ()):
                    yield from _statements(child.body if isinstance(child, ast.ExceptHandler) else [child])


def _bound_names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.ImportFrom, ast.Import)):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return [node.target.id]
    return []
