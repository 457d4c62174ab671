"""In which version of a package a class was last, and since which one it has been gone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from operator_paths.downloads import PRESENT, RELEASES
from operator_paths.module_reader import modules_of
from packaging.version import Version

if TYPE_CHECKING:
    from operator_paths.downloads import Distribution, Downloads

AIRFLOW = "apache-airflow"


class Removals:
    """Looks through the versions of packages: of a provider package the first and the last of each major one.

    Classes leave a provider package with a major version, by its own rules.
    """

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads
        self._today = {package.name: package for package in downloads.providers(PRESENT)}

    @cache  # noqa: B019 - one object lives as long as the script
    def _versions(self, name: str) -> list[Distribution]:
        if name == AIRFLOW:
            return [self._downloads.airflow(release) for release in RELEASES]
        newest = self._today[name].version
        versions = {package.version: package for package in self._downloads.majors(name, newest)}
        for release in RELEASES:
            versions.update({p.version: p for p in self._downloads.providers(release) if p.name == name})
        return sorted(versions.values(), key=lambda package: Version(package.version))

    def last_with(self, path: str, name: str) -> Distribution:
        """Return the newest version of a package that has a path; it is one of those that have been looked at."""
        return next(package for package in reversed(self._versions(name)) if _has(package, path))

    def since(self, path: str, name: str) -> str:
        """Return the version of a package with which a path has gone."""
        last = self.last_with(path, name)
        versions = self._versions(name)
        return versions[versions.index(last) + 1].version


def _has(package: Distribution, path: str) -> bool:
    name, _, attribute = path.rpartition(".")
    for module in modules_of(package):
        if path in module.stands_for:
            return True
        if module.name == name:
            return attribute in module.classes or attribute in module.imported
    return False
