"""The classes that Airflow's versions have for a DAG's values: timezones, datasets and conditions over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


def parse_timezone(name: str) -> tzinfo:
    """Return a timezone by its name, as Airflow keeps them."""
    from airflow.utils import timezone

    if hasattr(timezone, "parse_timezone"):
        return timezone.parse_timezone(name)
    import pendulum

    return pendulum.timezone(name)  # Airflow < 2.9 uses pendulum's own


def dataset_classes() -> tuple[type, ...]:
    """Return the classes of datasets and of conditions over them."""
    from airflow import datasets

    names = ("Dataset", "DatasetAll", "DatasetAny", "DatasetAlias")  # Airflow < 2.9 has the first, < 2.10 no alias
    return tuple(getattr(datasets, name) for name in names if hasattr(datasets, name))


def dataset_condition(name: str) -> type:
    """Return the class DatasetAll or DatasetAny. Raises DagNotBuilt if there is none (Airflow < 2.9)."""
    from airflow import __version__, datasets

    from openmetadata_airflow_apis.errors import DagNotBuilt

    if not hasattr(datasets, name):
        raise DagNotBuilt((), f"Airflow {__version__} has no conditions over datasets, 2.9 and newer have")
    return getattr(datasets, name)
