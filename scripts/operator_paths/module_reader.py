"""Reads the classes of a module, and the names that stand for others' classes, from its syntax tree."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operator_paths.downloads import Distribution

_DEPRECATED = re.compile(r"deprecat|will be removed|is removed|have been removed", re.IGNORECASE)
_DEPRECATED_CLASS = re.compile(
    r"\b(class|operator|sensor|notifier)\W+(is|has been|was)\W+deprecated|Please use\b|^\W*deprecated", re.IGNORECASE
)
_ABOUT_AN_ARGUMENT = re.compile(r"\b(argument|parameter|param|field)s?\b", re.IGNORECASE)
_PATH = re.compile(r"\b(?:airflow|providers)(?:\.[A-Za-z_][A-Za-z0-9_]*){2,}")
_CLASS_NAME = re.compile(r"\b[A-Z][A-Za-z0-9]*(?:Operator|Sensor|SensorAsync|Notifier)\b")
# What can neither define an operator nor lead to one, and is most of Airflow.
_NO_OPERATORS = frozenset(
    {"example_dags", "tests", "www", "migrations", "api_fastapi", "_vendor", "cli", "hooks", "triggers", "executors"}
    | {"auth_manager", "log", "secrets", "links", "waiters", "ui", "datasets", "assets"}
)
_OF_AIRFLOW = frozenset({"operators", "sensors", "contrib", "models", "notifications", "decorators"})
# How Airflow 1.10 listed what a package itself could be asked for.
_LISTS_OF_1_10 = {"_operators", "_sensors"}


@dataclass
class ClassOfModule:
    """A class as its module defines it.

    bases: dotted paths. defaults: its parameters and their plain defaults. takes_any: whether it takes others for
    the class above it. is_empty: whether it adds nothing to that. advice: what it says of its own deprecation.
    passed_on: an argument of the class above → the parameter that is given for it. fixed: an argument of the class
    above → a plain value. in_maps: an argument of the class above, and a key in it → a parameter. renamed: an older
    name of a parameter → its name.
    """

    path: str
    bases: list[str]
    defaults: dict[str, object] | None = None
    takes_any: bool = True
    is_empty: bool = False
    advice: str = ""
    passed_on: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, object] = field(default_factory=dict)
    in_maps: dict[tuple[str, str], str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)


@dataclass
class Module:
    """A module.

    imported: names that it binds to what is elsewhere. stands_for: paths, in it and in modules that are no files,
    that Airflow resolves when they are asked for. is_shim: whether it is there for the sake of older paths.
    """

    name: str
    is_package: bool = False
    classes: dict[str, ClassOfModule] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)
    stands_for: dict[str, str] = field(default_factory=dict)
    is_shim: bool = False


@cache
def modules_of(distribution: Distribution) -> list[Module]:
    """Read each module of a distribution that may have operators, or lead to them."""
    modules = []
    for file in sorted(distribution.modules.rglob("*.py")):
        parts = ["airflow", *file.relative_to(distribution.modules).with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        if _may_matter(name):
            modules.append(_Reader(name, file.read_text(encoding="utf-8"), is_package=is_package).module)
    return modules


def _may_matter(name: str) -> bool:
    parts = name.split(".")
    if not _NO_OPERATORS.isdisjoint(parts):
        return False
    return len(parts) == 1 or parts[1] == "providers" or parts[1] in _OF_AIRFLOW


def decorators_of(distribution: Distribution) -> list[str]:
    """Return the names of the TaskFlow decorators that a provider package brings, as its own metadata has them."""
    for file in distribution.modules.rglob("get_provider_info.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Return) and node.value is not None:
                return [entry["name"] for entry in ast.literal_eval(node.value).get("task-decorators", [])]
    return []


def classes_named(text: str) -> list[str]:
    """Return the dotted paths and names of classes that an advice names, in its order."""
    text = re.sub(r"\\n|\s+", " ", text)
    paths = [path if path.startswith("airflow.") else f"airflow.{path}" for path in _PATH.findall(text)]
    names = [name for name in _CLASS_NAME.findall(text) if not any(path.endswith(f".{name}") for path in paths)]
    return list(dict.fromkeys([*(path for path in paths if path.rpartition(".")[2][:1].isupper()), *names]))


class _Reader:
    def __init__(self, name: str, source: str, *, is_package: bool) -> None:
        self.module = Module(name, is_package)
        self._maps: dict[str, ast.expr] = {}
        tree = ast.parse(source)
        for node in _statements(tree.body):
            self._read(node)
        docstring = (ast.get_docstring(tree) or "").partition("\n\n")[0]
        self.module.is_shim = bool(_DEPRECATED.search(docstring)) or any(
            isinstance(node, ast.Expr) and _is_call_of(node.value, "warn") and _DEPRECATED.search(ast.unparse(node))
            for node in tree.body
        )

    def _read(self, node: ast.stmt) -> None:
        module = self.module
        if isinstance(node, ast.Import):
            module.imported.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom):
            source = self._source_of(node)
            for alias in node.names:
                module.imported.setdefault(alias.asname or alias.name, f"{source}.{alias.name}")
        elif isinstance(node, ast.ClassDef):
            module.classes[node.name] = _class_of(node, module)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self._read_assignment(node.targets[0].id, node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            self._read_assignment(node.target.id, node.value)
        elif isinstance(node, ast.Expr) and _is_call_of(node.value, "add_deprecated_classes"):
            self._read_deprecated_classes(node.value)

    def _source_of(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.name.split(".")
        parts = parts[: len(parts) - node.level + self.module.is_package]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def _read_assignment(self, name: str, value: ast.expr) -> None:
        if isinstance(value, (ast.Name, ast.Attribute)):
            self.module.imported.setdefault(name, _dotted(value, self.module))
        elif isinstance(value, ast.Dict):
            self._maps[name] = value
            if self.module.is_package and name in _LISTS_OF_1_10:
                for inner, names in ast.literal_eval(value).items():
                    for of_inner in names:
                        self._stands_for(of_inner, f"{self.module.name}.{inner}.{of_inner}")

    def _read_deprecated_classes(self, call: ast.Call) -> None:
        """Read what airflow.utils.deprecation_tools makes of a map: module → name → the path that is meant."""
        maps = call.args[0]
        if isinstance(maps, ast.Name):
            maps = self._maps[maps.id]
        for inner, names in ast.literal_eval(maps).items():
            for name, target in names.items():
                if inner == self.module.name:
                    self._stands_for(name, target)
                else:
                    self.module.stands_for[f"{self.module.name}.{inner}.{name}"] = target

    def _stands_for(self, name: str, target: str) -> None:
        self.module.stands_for[f"{self.module.name}.{name}"] = target
        self.module.imported.setdefault(name, target)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements of a module, those under `if` and `try` too."""
    for node in body:
        if isinstance(node, ast.If):
            yield from _statements([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            handlers = [line for handler in node.handlers for line in handler.body]
            yield from _statements([*node.body, *handlers, *node.orelse])
        else:
            yield node


def _class_of(node: ast.ClassDef, module: Module) -> ClassOfModule:
    found = ClassOfModule(f"{module.name}.{node.name}", [_dotted(base, module) for base in node.bases])
    found.is_empty = all(isinstance(line, (ast.Pass, ast.Expr)) for line in node.body)
    advice = [ast.unparse(decorator) for decorator in node.decorator_list]
    advice = [text for text in advice if _DEPRECATED.search(text)]
    paragraphs = (ast.get_docstring(node) or "").split("\n\n")
    advice += [text for text in paragraphs if _DEPRECATED.search(text) and _is_about_a_class(text)]
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            _read_init(item, found)
            advice += [text for text in _warnings(item) if _is_about_a_class(text) or node.name in text]
    found.advice = " ".join(" ".join(advice).split())
    return found


def _is_about_a_class(text: str) -> bool:
    return bool(_DEPRECATED_CLASS.search(text)) and not _ABOUT_AN_ARGUMENT.search(text)


def _warnings(init: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and _is_call_of(node, "warn") and node.args:
            first = node.args[0]
            text = str(first.value) if isinstance(first, ast.Constant) else ast.unparse(first)
            if _DEPRECATED.search(text) and not _ABOUT_AN_ARGUMENT.search(text):
                yield text


def _read_init(init: ast.FunctionDef, found: ClassOfModule) -> None:
    arguments = init.args
    found.takes_any = arguments.kwarg is not None
    positional = [*arguments.posonlyargs, *arguments.args][1:]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = [*zip(positional, defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]
    found.defaults = {
        argument.arg: default.value if isinstance(default, ast.Constant) else None for argument, default in pairs
    }
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and _is_call_of(node, "__init__"):
            for keyword in node.keywords:
                _read_passed_on(keyword.arg, keyword.value, found)
        elif isinstance(node, ast.Assign):
            _read_assigned(node.targets[0], node.value, found)


def _read_assigned(target: ast.expr, value: ast.expr, found: ClassOfModule) -> None:
    parameters = found.defaults or {}
    if isinstance(target, ast.Subscript) and ast.unparse(target.value) == "kwargs":
        _read_passed_on(getattr(target.slice, "value", None), value, found)
    elif isinstance(target, ast.Name) and isinstance(value, ast.Name) and {target.id, value.id} <= set(parameters):
        found.renamed[value.id] = target.id


def _read_passed_on(argument: object, value: ast.expr, found: ClassOfModule) -> None:
    """Note what a class gives the one above it for an argument."""
    parameters = found.defaults or {}
    if not isinstance(argument, str):
        return
    if isinstance(value, ast.Name) and value.id in parameters:
        found.passed_on[argument] = value.id
    elif isinstance(value, ast.Constant):
        found.fixed[argument] = value.value
    elif isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values):
            if isinstance(key, ast.Constant) and isinstance(item, ast.Name) and item.id in parameters:
                found.in_maps[argument, str(key.value)] = item.id


def _dotted(node: ast.expr, module: Module) -> str:
    """Return the dotted path of what an expression names in a module."""
    if isinstance(node, ast.Subscript):
        node = node.value
    first, _, rest = ast.unparse(node).partition(".")
    start = module.imported.get(first, f"{module.name}.{first}" if first in module.classes else first)
    return f"{start}.{rest}" if rest else start


def _is_call_of(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    return called == name
