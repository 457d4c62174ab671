"""How many documents a property test makes: the same few in every run, or many that no run has seen before."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("FUZZ_TIMES", "0"))  # set by the tox environment fuzz


def examples(number: int) -> settings:
    """Return settings for `number` examples that never differ, or for FUZZ_TIMES as many random ones."""
    return settings(
        max_examples=number * max(TIMES, 1),
        derandomize=not TIMES,  # what fails here fails there, and what passed yesterday passes today
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
