"""Makes the table that the package ships, of the history of the paths and of what people have decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operator_paths.removals import AIRFLOW

if TYPE_CHECKING:
    from operator_paths.history import History
    from operator_paths.removals import Removals

# Airflow 3's package of what Airflow 2 has in itself.
_STANDARD = "airflow.providers.standard."


class Table:
    """What became of each path.

    decided: what people have decided, by the kinds of `decided.yaml`; it goes before what the sources say.
    decorators: the names of TaskFlow decorators → the provider packages that bring them.
    today: a path → the path of the class that it means today, None for one that has gone.
    """

    def __init__(
        self, history: History, removals: Removals, decorators: dict[str, str], decided: dict[str, dict[str, Any]]
    ) -> None:
        self._history = history
        self._decorators = decorators
        self._removals = removals
        self._decided = decided
        self.moved: dict[str, str] = {}
        self.replaced: dict[str, dict[str, Any]] = {}
        self.removed: dict[str, dict[str, Any]] = {}
        for path in history.paths():
            if not history.is_present(path):
                self._add(path)
        self._check()
        self.today = {path: self._end_of(path) for path in history.paths()}

    def _add(self, path: str) -> None:
        step = self._history.step(path)
        if path in self._decided["moved"]:
            self.moved[path] = self._decided["moved"][path]
        elif path in self._decided["replaced"]:
            self.replaced[path] = {**self._leaving(path), **self._decided["replaced"][path]}
        elif path in self._decided["removed"]:
            self.removed[path] = {**self._leaving(path), "advice": self._decided["removed"][path]}
        elif step.path is None:
            self.removed[path] = {**self._leaving(path), "advice": " or ".join(step.advice)}
        elif step.arguments:
            self.replaced[path] = {**self._leaving(path), "path": step.path, "arguments": step.arguments}
        else:
            self.moved[path] = step.path
        if path in self._decided["hints"]:
            self.replaced[path]["hints"] = self._decided["hints"][path]

    def _leaving(self, path: str) -> dict[str, str]:
        package = self._history.owner(path)
        return {"package": package, "since": self._decided["since"].get(path) or self._removals.since(path, package)}

    def _check(self) -> None:
        """Raise ValueError where what was decided doesn't fit the sources any more, or needs a decision."""
        known = set(self._history.paths())
        for kind in ("moved", "replaced", "removed"):
            for path in self._decided[kind]:
                if path not in known or self._history.is_present(path):
                    raise ValueError(f"decided.yaml, {kind}: {path} is the place of a class today, or never was one")
        for path, target in self.moved.items():
            if target not in {*self.moved, *self.replaced, *self.removed} and not self._history.is_present(target):
                raise ValueError(f"{path} has moved to {target}, where there is nothing; decide about it")
        for path, entry in self.replaced.items():
            if not self._history.is_present(entry["path"]):
                raise ValueError(f"{entry['path']}, in the place of {path}, is not there itself; decide about it")

    def _end_of(self, path: str) -> str | None:
        while path in self.moved:
            path = self.moved[path]
        if path in self.replaced:
            return self.replaced[path]["path"]
        return None if path in self.removed else path

    def shipped(self) -> dict[str, dict[str, Any]]:
        """Return the table as JSON."""
        return {
            "packages": self._packages(),
            "decorators": self._decorators,
            "moved": self.moved,
            "replaced": self.replaced,
            "removed": self.removed,
            "arguments": self._older_arguments(),
            "standard": self._standard(),
        }

    def _packages(self) -> dict[str, str]:
        """Return the prefix of each provider package's paths → its distribution."""
        owners = self._history.provider_modules()
        prefixes = {}
        for name in sorted(set(owners.values())):
            prefix = "airflow.providers." + name.removeprefix("apache-airflow-providers-").replace("-", ".")
            modules = [module for module, owner in owners.items() if owner == name]
            if not all(module == prefix or module.startswith(prefix + ".") for module in modules):
                raise ValueError(f"{name} has modules outside {prefix}")
            prefixes[prefix] = name
        return prefixes

    def _older_arguments(self) -> dict[str, dict[str, str]]:
        """Return the path of a class today → older names of its arguments → their names."""
        older = self._history.older_arguments({path: end for path, end in self.today.items() if end is not None})
        for path, names in self._decided["arguments"].items():
            older.setdefault(path, {}).update(names)
        return dict(sorted(older.items()))

    def _standard(self) -> dict[str, str]:
        """Return the paths of Airflow 3's standard package → where Airflow 2 has the class of that name."""
        of_airflow = {
            path.rpartition(".")[2]: path
            for path in self._history.paths()
            if self._history.is_present(path) and self._history.owner(path) == AIRFLOW
        }
        return {
            path: of_airflow[path.rpartition(".")[2]]
            for path in self._history.paths()
            if path.startswith(_STANDARD) and path.rpartition(".")[2] in of_airflow
        }

    def sources(self) -> dict[str, Any]:
        """Return what the table is tested against: the classes of today by package and version, and every path."""
        packages: dict[str, list[str]] = {}
        for path in self._history.paths():
            if self._history.is_present(path):
                packages.setdefault(self._history.owner(path, with_version=True), []).append(path)
        older = [path for path in self._history.paths() if not self._history.is_present(path)]
        return {"present": dict(sorted(packages.items())), "older": older}
