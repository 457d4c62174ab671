"""Where the schedulers of Airflow's versions decide differently."""

from __future__ import annotations

import functools


@functools.cache
def looks_at_all_indexes(trigger_rule: str) -> bool:
    """Tell whether a task in a mapped task group waits for all indexes of what is upstream, not its own alone."""
    from airflow import __version__
    from packaging.version import Version

    if Version(__version__) < Version("2.10.5"):  # Airflow < 2.10.5 waits so with every rule
        return True
    return trigger_rule in {"one_success", "one_failed", "one_done"}
