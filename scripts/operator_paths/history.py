"""What became of each path of an operator or notifier, from the snapshots of Airflow's releases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operator_paths.module_reader import classes_named
from operator_paths.snapshots import TOPS

if TYPE_CHECKING:
    from operator_paths.module_reader import ClassOfModule
    from operator_paths.snapshots import Snapshot


@dataclass(frozen=True)
class Step:
    """Where one path leads.

    path: the next one, None where the class is gone. arguments: of the class at `path`, how each is made of this
    one's; empty where both take the same. advice: the classes that Airflow itself named, of a class that is gone.
    """

    path: str | None
    arguments: dict[str, Any] = field(default_factory=dict)
    advice: tuple[str, ...] = ()


class History:
    """The snapshots, oldest first; the last is the present."""

    def __init__(self, snapshots: list[Snapshot]) -> None:
        self._snapshots = snapshots
        self.present = snapshots[-1]
        self._ever = {path for snapshot in snapshots for path in snapshot.paths}
        self._namesakes: dict[str, list[str]] = {}
        for path, home in self.present.paths.items():
            if path == home:
                self._namesakes.setdefault(path.rpartition(".")[2], []).append(path)

    def paths(self) -> list[str]:
        """Return every path that a release had."""
        return sorted(self._ever)

    def is_present(self, path: str) -> bool:
        """Tell whether a class is defined there today."""
        return self.present.paths.get(path) == path

    def owner(self, path: str, *, with_version: bool = False) -> str:
        """Return the distribution that had a path last."""
        last = next(snapshot for snapshot in reversed(self._snapshots) if path in snapshot.paths)
        package = last.owner[path.rpartition(".")[0]]
        return f"{package.name}=={package.version}" if with_version else package.name

    def provider_modules(self) -> dict[str, str]:
        """Return each module of a provider package today → its distribution."""
        return {
            module: package.name
            for module, package in self.present.owner.items()
            if module.startswith("airflow.providers.") and package.name != "apache-airflow"
        }

    def step(self, path: str) -> Step:
        """Return where a path leads that is not the place of a class today; the next one may lead further."""
        advice: tuple[str, ...] = ()
        for snapshot in reversed(self._snapshots):
            home = snapshot.paths.get(path)
            if home is None:
                continue
            if home != path:
                return Step(home)
            found = snapshot.class_at(path)
            base = self._base_that_replaces(found, snapshot)
            if base is not None:
                return Step(base, _arguments(found))
            advice = advice or self._advised(found, snapshot)
            namesake = self._in_package(path.rpartition(".")[2], snapshot.owner[path.rpartition(".")[0]].name)
            if namesake is not None:
                return Step(namesake)
        return Step(None, advice=advice)

    def _base_that_replaces(self, found: ClassOfModule, snapshot: Snapshot) -> str | None:
        """Return the class above a deprecated or an empty one that its advice names, or that is all it can mean."""
        if not (found.advice or found.is_empty):
            return None
        own_name = found.path.rpartition(".")[2]
        named = {name.rpartition(".")[2] for name in classes_named(found.advice)} - {own_name}
        for written, home in ((base, snapshot.home(base)) for base in found.bases):
            name = written.rpartition(".")[2]
            if home is None or name in TOPS or not snapshot.is_below_tops(home):
                continue
            if {name, home.rpartition(".")[2]} & named or (not named and "Base" not in name):
                return home
        return None

    def _advised(self, found: ClassOfModule, snapshot: Snapshot) -> tuple[str, ...]:
        """Return the paths, as of today, of the classes that a deprecated one names.

        Where one of those has gone too, what that one named stands for it.
        """
        owner = snapshot.owner[found.path.rpartition(".")[0]].name
        advised: list[str] = []
        for name in classes_named(found.advice):
            path, _, last = (name if "." in name else f"{found.path.rpartition('.')[0]}.{name}").rpartition(".")
            path = f"{path}.{last}" if f"{path}.{last}" in self._ever else self._in_package(last, owner) or ""
            today = self.present.home(path)
            if today is not None and self.is_present(today):
                advised.append(today)
            elif path in self._ever and path != found.path:
                step = self.step(path)
                advised += [step.path] if step.path else step.advice
        return tuple(dict.fromkeys(advised))

    def _in_package(self, name: str, distribution: str) -> str | None:
        """Return the path of the only class of that name that a distribution has today."""
        there = [
            home
            for home in self._namesakes.get(name, ())
            if self.present.owner[home.rpartition(".")[0]].name == distribution
        ]
        return there[0] if len(there) == 1 else None

    def older_arguments(self, today: dict[str, str]) -> dict[str, dict[str, str]]:
        """Return, for classes of today, older names of arguments → their names.

        today: a path that classes had → the path of the class today.
        """
        older: dict[str, dict[str, str]] = {}
        of_every_operator = self.present.class_at("airflow.models.baseoperator.BaseOperator").defaults or {}
        for snapshot in self._snapshots:
            for home in sorted(set(snapshot.paths.values())):
                target = today.get(home)
                renamed = snapshot.class_at(home).renamed
                if target is None or not renamed:
                    continue
                taken = {*self.present.arguments(target), *of_every_operator}
                fits = {old: new for old, new in renamed.items() if old not in taken and new in taken}
                if fits:
                    older.setdefault(target, {}).update(fits)
        return older


def _arguments(found: ClassOfModule) -> dict[str, Any]:
    """Return how a class makes the arguments of the class above it, those that are not simply its own."""
    defaults = found.defaults or {}
    arguments: dict[str, Any] = {}
    for argument, parameter in found.passed_on.items():
        if parameter != argument:
            arguments[argument] = {"parameter": parameter}
            if defaults[parameter] is not None:
                arguments[argument]["default"] = defaults[parameter]
    for argument, value in found.fixed.items():
        arguments[argument] = {"value": value}
    for (argument, key), parameter in found.in_maps.items():
        arguments.setdefault(argument, {"keys": {}})["keys"][key] = parameter
    return arguments
