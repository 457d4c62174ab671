"""Whether the packages of allowed_operators and allowed_callables are installed here."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for each package that is not installed: definitions that use it are refused."""
    settings = installation.settings
    for option, packages in (
        ("allowed_operators", settings.allowed_operators),
        ("allowed_callables", settings.allowed_callables),
    ):
        for package in packages:
            reason = _why_not_found(package)
            if reason is not None:
                yield Finding(
                    PROBLEM, option, f"'{package}' {reason}", "install it on this machine too, or correct the name"
                )


def _why_not_found(package: str) -> str | None:
    try:
        # Imports the package's parents, as a deploy that uses the package does.
        return None if importlib.util.find_spec(package) else "is not installed"
    except ModuleNotFoundError:
        return "is not installed"
    except Exception as error:  # noqa: BLE001 - the operator's own code, which may raise anything
        return f"cannot be imported ({type(error).__name__}: {error})"
