"""Finds openapi/ and dag_templates/: inside the package in a wheel, at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

from openmetadata_airflow_apis.errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def specification_path() -> Path:
    """Return the path of openapi.yaml, the contract of the HTTP API."""
    return _find("openapi/openapi.yaml")


def dag_runner_template_path() -> Path:
    """Return the path of the template that a deployed DAG's file is rendered from."""
    return _find("dag_templates/dag_runner.j2")


def dag_loader_template_path() -> Path:
    """Return the path of the template of the database store's loader files."""
    return _find("dag_templates/dag_loader.j2")


def _find(relative: str) -> Path:
    for root in (_PACKAGE, _CHECKOUT):
        path = root / relative
        if path.is_file():
            return path
    raise ConfigurationError(
        f"{relative} is neither in {_PACKAGE} nor in {_CHECKOUT}: the installation is incomplete",
        cure="reinstall openmetadata-airflow-apis",
    )
