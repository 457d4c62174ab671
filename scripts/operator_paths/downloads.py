"""Brings Airflow's releases and the provider packages of their days from PyPI, unpacked and never run.

Everything goes below one temporary folder, which may be kept: what is there is not brought again.
"""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# One release of Airflow before 2, and of Airflow 2 those that brought shims (2.0, 2.2) or many new provider
# packages; the providers of a release are the newest that PyPI had on the day after it.
RELEASES = {
    "1.10.15": "2021-03-18",
    "2.0.0": "2020-12-18",
    "2.2.5": "2022-04-05",
    "2.3.4": "2022-08-24",
    "2.5.3": "2023-04-02",
    "2.7.3": "2023-11-07",
    "2.9.3": "2024-07-16",
    "2.10.5": "2025-02-11",
    "2.11.0": "2025-05-21",
    "2.11.2": "2026-11-01",  # as in scripts/update_constraints
}
PRESENT = "2.11.2"
_PREFIX = "apache-airflow-providers-"
# Provider packages that are newer than the extras of Airflow 2.11.
_NEWER = ("apache-tinkerpop", "common-messaging", "edge3", "git", "keycloak", "standard")


@dataclass(frozen=True)
class Distribution:
    """A version of a distribution, unpacked. folder: the one with `airflow/` in it."""

    name: str
    version: str
    folder: Path

    @property
    def modules(self) -> Path:
        """The folder of the distribution's Python files."""
        return self.folder / "airflow"


class Downloads:
    """What was brought from PyPI, by name and version. uv: the program."""

    def __init__(self, folder: Path, uv: str) -> None:
        self._folder = folder
        self._pip = [uv, "--no-python-downloads", "pip"]

    def airflow(self, release: str) -> Distribution:
        """Return Airflow itself."""
        return self._unpacked("apache-airflow", release, release)

    def providers(self, release: str) -> list[Distribution]:
        """Return the provider packages that a release of Airflow came with, each once."""
        names = self.provider_names() if release == PRESENT else self._extras(release)
        with ThreadPoolExecutor(4) as pool:
            brought = pool.map(lambda name: self._of_release(name, release), names)
            return [distribution for distribution in brought if distribution is not None]

    @cache  # noqa: B019 - one object lives as long as the script
    def provider_names(self) -> list[str]:
        """Return the names of the provider packages that releases of Airflow 2 have as extras, and of newer ones."""
        names = {name for release in RELEASES for name in self._extras(release)}
        return sorted(names | {_PREFIX + name for name in _NEWER})

    def _extras(self, release: str) -> list[str]:
        names = {requirement.name.lower() for requirement in _requirements(self.airflow(release))}
        return sorted(name for name in names if name.startswith(_PREFIX))

    def majors(self, name: str, newest: str) -> list[Distribution]:
        """Return the first and the last version of each major one, up to that of `newest`, oldest first."""
        versions = set()
        for major in range(1, Version(newest).major + 1):
            for resolution in ("lowest", "highest"):
                requirement = f"{name}>={major},<{major + 1}"
                version = self._resolve(requirement, RELEASES[PRESENT], PRESENT, f"--resolution={resolution}")
                if version is not None and Version(version) <= Version(newest):
                    versions.add(version)
        return [self._unpacked(name, version, PRESENT) for version in sorted(versions, key=Version)]

    def _of_release(self, name: str, release: str) -> Distribution | None:
        bound = ""
        while True:
            version = self._resolve(name + bound, RELEASES[release], release)
            if version is None:
                return None
            brought = self._unpacked(name, version, release)
            if all(
                requirement.specifier.contains(release)
                for requirement in _requirements(brought)
                if requirement.name == "apache-airflow"
            ):
                return brought
            bound = f"<{version}"  # it wants a newer Airflow

    def _resolve(self, requirement: str, date: str, release: str, *options: str) -> str | None:
        """Return the version that uv takes, None where there was none on that date."""
        asked = " ".join([requirement, date, *options])
        kept = self._folder / "resolved" / re.sub(r"[^a-z0-9.<>=,-]", "_", asked)
        if not kept.exists():
            command = [*self._pip, "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate"]
            command += ["--exclude-newer", date, "--only-binary=:all:", *options]
            python = _python_of(release)
            done = subprocess.run(
                [*command, "--python-version", python, "-"],
                input=requirement,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode and "No solution found" not in done.stderr:
                raise RuntimeError(f"uv could not resolve {requirement}: {done.stderr}")
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text("" if done.returncode else done.stdout.strip().rpartition("==")[2].split(" ")[0])
        return kept.read_text() or None

    def _unpacked(self, name: str, version: str, release: str) -> Distribution:
        target = self._folder / name / version
        if not (target / "airflow").is_dir():
            command = [*self._pip, "install", "--quiet", "--no-deps", "--target", str(target)]
            command += ["--python-version", _python_of(release), f"{name}=={version}"]
            subprocess.run(command, check=True)
        return Distribution(name, version, target)


def _python_of(release: str) -> str:
    """Return a Python that a release of Airflow, and the provider packages of its days, can be installed for."""
    return "3.8" if Version(release) < Version("2.7") else "3.10" if Version(release) < Version("2.11") else "3.11"


def _requirements(distribution: Distribution) -> Iterable[Requirement]:
    for metadata in distribution.folder.glob("*.dist-info/METADATA"):
        for line in metadata.read_text(encoding="utf-8").splitlines():
            if line.startswith("Requires-Dist: "):
                yield Requirement(line.removeprefix("Requires-Dist: "))
