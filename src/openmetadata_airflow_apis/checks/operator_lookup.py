"""What the path of an operator means in this installation, or why it means nothing here.

The same class may be at several places: today's, and older ones that the installed version of its package has. If
it is at none of them, another class may have taken its place (definition/operator_paths.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.installed_imports import NotImportable
from openmetadata_airflow_apis.checks.provider_packages import how_to_install, installed_version, missing_package
from openmetadata_airflow_apis.definition.allowed_packages import OPERATOR_PACKAGES
from openmetadata_airflow_apis.definition.fault_messages import closest
from openmetadata_airflow_apis.definition.operator_paths import Meaning, gone, meanings_of, names_beside, package_of

if TYPE_CHECKING:
    from openmetadata_airflow_apis.checks.installed_imports import Imports


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
