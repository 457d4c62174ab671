"""What the path of an operator means in this installation, or why it means nothing here; and its older arguments.

The same class may be at several places: today's, and older ones that the installed version of its package has. If
it is at none of them, another class may have taken its place (definition/moved_operators.py): then the task gets that
class, and its arguments are turned into those of that class. A class may also have renamed an argument of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from openmetadata_airflow_apis.checks.default_args import DefaultArgs, plain_map
from openmetadata_airflow_apis.checks.installed_imports import NotImportable
from openmetadata_airflow_apis.checks.operator_signatures import ARGUMENT_MAPS, signature_of
from openmetadata_airflow_apis.checks.provider_packages import how_to_install, installed_version, missing_package
from openmetadata_airflow_apis.definition.allowed_packages import OPERATOR_PACKAGES
from openmetadata_airflow_apis.definition.fault_messages import closest
from openmetadata_airflow_apis.definition.moved_operators import (
    Meaning,
    gone,
    meanings_of,
    names_beside,
    older_arguments,
    package_of,
)
from openmetadata_airflow_apis.definition.places import CanonicalPlace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.checks.installed_imports import Imports
    from openmetadata_airflow_apis.definition.canonical import Arguments, Definition, Task, Value
    from openmetadata_airflow_apis.definition.moved_operators import ArgumentSource


class PresentOperators:
    """Finds operators by their paths. own_packages: those of [openmetadata_airflow_apis] allowed_operators.

    lack_a_package: whether one of the paths that were asked for needs a package that is not installed.
    """

    def __init__(self, imports: Imports, own_packages: tuple[str, ...] = ()) -> None:
        self._imports = imports
        self._own_packages = own_packages
        self.lack_a_package = False
        self._meanings: dict[str, Meaning | NotImportable] = {}

    def meaning_of(self, path: str) -> Meaning:
        """Return what a path means here; raise NotImportable, with the cure, if it means nothing."""
        if path not in self._meanings:
            try:
                self._meanings[path] = self._find(path)
            except NotImportable as error:
                self._meanings[path] = error
        meaning = self._meanings[path]
        if isinstance(meaning, NotImportable):
            raise meaning
        return meaning

    def get(self, path: str) -> Any:
        """Return what a path means here, which may be no operator; raise NotImportable as `meaning_of` does."""
        return self._import(self.meaning_of(path).path)

    def _import(self, path: str) -> Any:
        return self._imports.get(path, OPERATOR_PACKAGES, option="allowed_operators", added=self._own_packages)

    def _find(self, path: str) -> Meaning:
        errors = {}
        for meaning in meanings_of(path):
            try:
                self._import(meaning.path)
            except NotImportable as error:
                errors[meaning.path] = error
            else:
                return meaning
        self.lack_a_package |= missing_package(meanings_of(path)[0].path) is not None
        raise _explained(path, errors)


def _explained(path: str, errors: dict[str, NotImportable]) -> NotImportable:
    """Return the error for a path of which no meaning can be imported. errors: that of each meaning, by its path."""
    today = meanings_of(path)[0].path
    install, removed = how_to_install(today), gone(path)
    if install is not None:
        return NotImportable(install)
    if removed is not None:
        use = f"; use {removed.advice}" if removed.advice else ""
        return NotImportable(f"{removed.package} has no '{removed.path.rpartition('.')[2]}' since {removed.since}{use}")
    if today != path:
        package = package_of(today)
        reason = f"the installed {package} {installed_version(package)} doesn't have it" if package else errors[today]
        return NotImportable(f"'{path}' means '{today}' today; {reason}")
    before, _, name = path.rpartition(".")
    near = closest(name, names_beside(path))
    if near is not None:
        return NotImportable(f"no class '{name}' in {before}; did you mean '{near}'?", meant=f"{before}.{near}")
    if path.startswith("airflow.contrib."):
        return NotImportable(f"no operator of Airflow 1.10 is '{path}'")
    return errors[path]


def use_present_operators(definition: Definition, operators: PresentOperators, findings: Findings) -> set[str]:
    """Give every task the path of its operator's class here, and that class's arguments.

    Return the arguments of classes that are not here any more, which default_args may have for their tasks. A path
    that means nothing stays as it is: the checks of the tasks note the fault.
    """
    default_args = DefaultArgs(definition)
    older: set[str] = set()
    for index, task in enumerate(definition["tasks"]):
        if "operator" not in task:
            continue
        try:
            meaning = operators.meaning_of(task["operator"])
            operator = operators.get(task["operator"])
        except NotImportable:
            continue
        task["operator"] = meaning.path
        names = older_arguments(meaning.path)
        if not meaning.in_place_of and not names:
            continue
        arguments = _TaskArguments(index, task, default_args.of(task), findings)
        if meaning.in_place_of:
            arguments.replace(meaning)
        if isinstance(operator, type):
            arguments.rename(operator, names)
        older |= arguments.older
    return older


class _TaskArguments:
    """Turns the arguments of one task from those of one class into those of another.

    older: the older names of arguments that were looked for.
    """

    def __init__(self, index: int, task: Task, defaults: Arguments, findings: Findings) -> None:
        self._place = CanonicalPlace(("tasks", index))
        self._task = task
        self._defaults = defaults
        self._findings = findings
        self.older: set[str] = set()

    def replace(self, meaning: Meaning) -> None:
        """Turn the arguments into those of the class that has taken another's place."""
        old, new = (path.rpartition(".")[2] for path in (meaning.in_place_of, meaning.path))
        for name, hint in meaning.hints.items():
            self.older.add(name)
            for part in self._parts_with(name):
                detail = f"{new}, which has taken the place of {old}, has no argument '{name}'; {hint}"
                self._refuse(part, name, detail)
        for name, source in meaning.arguments.items():
            if source.parameter is not None:
                self._rename(source.parameter, name, source.default)
            elif source.keys:
                self._make_map(name, source)
            elif not self._parts_with(name):
                self._task["arguments"][name] = source.value

    def rename(self, operator: type, names: Mapping[str, str]) -> None:
        """Give the arguments that a class has renamed their names of today."""
        signature = signature_of(operator)
        for old, new in names.items():
            if not signature.takes(old) and signature.takes(new):
                self._rename(old, new, None)

    def _rename(self, old: str, new: str, default: Value) -> None:
        self.older.add(old)
        for part in self._parts_with(old):
            if self._parts_with(new):
                detail = f"is the older name of '{new}', which is there as well; give one of them"
                self._refuse(part, old, detail)
                continue
            renamed = {new if key == old else key: value for key, value in self._task[part].items()}
            self._task[part] = renamed
            self._findings.made_of(self._place / part / new, self._place / part / old)
        if not self._parts_with(new):
            value = self._defaults.get(old, default)
            if value is not None:
                self._task["arguments"][new] = value

    def _make_map(self, name: str, source: ArgumentSource) -> None:
        """Put arguments into a map that is one argument; a key that the map has already stays."""
        values: Arguments = {}
        for key, parameter in source.keys.items():
            self.older.add(parameter)
            value = self._defaults.get(parameter)
            for part in self._parts_with(parameter):
                value = self._task[part][parameter]
                if part == "expand":
                    self._refuse(part, parameter, f"is a key of '{name}' here, and can't be mapped over by itself")
                    return
                del self._task[part][parameter]
                self._findings.made_of(self._place / "arguments" / name, self._place / part / parameter)
            if value is not None:
                values[key] = value
        if values:
            part = next(iter(self._parts_with(name)), "arguments")
            self._task[part][name] = {**values, **plain_map(self._task[part].get(name))}

    def _parts_with(self, name: str) -> list[Literal["arguments", "partial", "expand"]]:
        return [part for part in ARGUMENT_MAPS if name in (self._task.get(part) or {})]

    def _refuse(self, part: Literal["arguments", "partial", "expand"], name: str, detail: str) -> None:
        """Note a fault of an argument, and leave it out, so that it is not refused again under another name."""
        self._findings.add(self._place / part / name, detail)
        del self._task[part][name]
