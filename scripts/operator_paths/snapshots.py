"""The classes of some distributions together, as one installation would have them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from operator_paths.module_reader import Module, modules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operator_paths.downloads import Distribution
    from operator_paths.module_reader import ClassOfModule

# The classes at the top of what a definition names by a path.
TOPS = frozenset({"BaseOperator", "BaseSensorOperator", "BaseNotifier"})


class Snapshot:
    """The operators, sensors and notifiers of an installation.

    paths: each path that leads to one → the path where its class is defined.
    owner: a module → the distribution that it is of.
    """

    def __init__(self, distributions: Iterable[Distribution]) -> None:
        self.modules: dict[str, Module] = {}
        self.owner: dict[str, Distribution] = {}
        for distribution in distributions:
            for module in modules_of(distribution):
                if module.name not in self.modules or module.classes or module.stands_for:
                    self.modules[module.name] = replace(module, imported=dict(module.imported))
                    self.owner[module.name] = distribution
        for module in list(self.modules.values()):
            for path, target in module.stands_for.items():
                name, _, attribute = path.rpartition(".")
                there = self.modules.setdefault(name, Module(name, is_shim=True))
                self.owner.setdefault(name, self.owner[module.name])
                there.imported.setdefault(attribute, target)
        self._below: dict[str, bool] = {}
        self.paths = dict(self._find_paths())

    def _find_paths(self) -> Iterator[tuple[str, str]]:
        for module in self.modules.values():
            names = set(module.classes) | {
                path.rpartition(".")[2] for path in module.stands_for if path.rpartition(".")[0] == module.name
            }
            if module.is_shim:
                names |= set(module.imported)
            for name in sorted(names - TOPS):
                home = self.home(f"{module.name}.{name}")
                if home is not None and not name.startswith("_") and self.is_below_tops(home):
                    yield f"{module.name}.{name}", home

    def home(self, path: str) -> str | None:
        """Return where the class of a path is defined, None where there is no such class here."""
        seen = set()
        while path not in seen:
            seen.add(path)
            name, _, attribute = path.rpartition(".")
            module = self.modules.get(name)
            if module is None:
                return None
            if attribute in module.classes:
                return path
            path = module.imported.get(attribute, path)
        return None

    def class_at(self, home: str) -> ClassOfModule:
        """Return the class that is defined at a path."""
        name, _, attribute = home.rpartition(".")
        return self.modules[name].classes[attribute]

    def bases(self, home: str) -> list[str]:
        """Return where the classes above a class are defined, those that are here."""
        return [there for base in self.class_at(home).bases if (there := self.home(base)) is not None]

    def is_below_tops(self, home: str) -> bool:
        """Tell whether a class is an operator or a notifier."""
        if home not in self._below:
            self._below[home] = False  # until it is known, for classes that inherit from each other by our mistake
            self._below[home] = any(map(self._is_below_tops, self.class_at(home).bases))
        return self._below[home]

    def _is_below_tops(self, base: str) -> bool:
        name, home = base.rpartition(".")[2], self.home(base)
        if name in TOPS or home is None:
            return name.endswith(("Operator", "Sensor", "Notifier"))  # by its name, where Airflow 3 has it elsewhere
        return self.is_below_tops(home)

    def arguments(self, home: str) -> set[str]:
        """Return what a class takes by name, but for what every operator takes."""
        taken: set[str] = set()
        todo, seen = [home], set()
        while todo:
            path = todo.pop(0)
            if path in seen or path.rpartition(".")[2] in TOPS:
                continue
            seen.add(path)
            taken.update(self.class_at(path).defaults or ())
            if self.class_at(path).takes_any:
                todo += self.bases(path)
        return taken
