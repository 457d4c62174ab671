"""Which provider package a dotted path needs, and whether it is installed here."""

from __future__ import annotations

from importlib import metadata

from openmetadata_airflow_apis.definition.fault_messages import closest
from openmetadata_airflow_apis.definition.moved_operators import (
    gone,
    meanings_of,
    package_of,
    path_of_airflow_2,
    provider_prefixes,
)


def missing_package(path: str) -> str | None:
    """Return the distribution that a path lacks here, None if it is installed or none is known."""
    package = package_of(path)
    return package if package is not None and installed_version(package) is None else None


def installed_version(package: str) -> str | None:
    """Return the version of a distribution that is installed, None if none is."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def how_to_install(path: str) -> str | None:
    """Return what to do about a path whose package is not installed, None if it is installed or none is known."""
    package = missing_package(path)
    if package is None:
        return None
    missing = f"the package {package} is not installed on the webserver"
    core_path, removed = path_of_airflow_2(path), gone(path)
    if core_path is not None:
        return (
            f"{missing}; write {core_path}, which is the same operator in Airflow 2, or install it in every component"
        )
    if removed is not None and removed.advice and not meanings_of(path)[-1].in_place_of:
        name = path.rpartition(".")[2]
        return (
            f"{missing}, and has no '{name}' since {removed.since}; "
            f"install it in every component, and use {removed.advice}"
        )
    return f"{missing}; install it in every component"


def provider_meant(path: str) -> tuple[str, str] | None:
    """Return the misspelled name in a path of a provider package, and the name that was probably meant.

    None if no provider package is misspelled.
    """
    parts = path.split(".")
    known_names = {prefix.split(".")[2] for prefix in provider_prefixes()}
    if not path.startswith("airflow.providers.") or parts[2] in known_names:
        return None
    near = closest(parts[2], known_names)
    return None if near is None else (parts[2], near)
