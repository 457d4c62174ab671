"""Where the schedulers of Airflow's versions decide differently, and how a timetable is read from its stored form."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.timetables.base import Timetable


@functools.cache
def looks_at_all_indexes(trigger_rule: str) -> bool:
    """Tell whether a task in a mapped task group waits for all indexes of the tasks upstream, not only for its own."""
    from airflow import __version__
    from packaging.version import Version

    version = Version(__version__)
    if version < Version("2.8"):  # Airflow < 2.8 does so with every rule, 2.8 to 2.10.4 with none
        return True
    return version >= Version("2.10.5") and trigger_rule in {"one_success", "one_failed", "one_done"}


@functools.cache
def every_dag_needs_a_start() -> bool:
    """Tell whether a DAG without a schedule needs a start date too."""
    from airflow import __version__
    from packaging.version import Version

    return Version(__version__) < Version("2.8")  # Airflow < 2.8 refuses each task without one


def decode_timetable(serialized: dict[str, Any]) -> Timetable:
    """Return a timetable from its form in a serialized DAG; raise what its own code raises."""
    from airflow.serialization import serialized_objects

    # Airflow < 2.9 has it under a private name
    name = "decode_timetable" if hasattr(serialized_objects, "decode_timetable") else "_decode_timetable"
    timetable: Timetable = getattr(serialized_objects, name)(serialized)
    return timetable
