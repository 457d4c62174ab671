"""The figures that `tox run -e bench` gathers of all benchmarks."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# Where they are gathered; unset, a benchmark prints what it has to say and nothing else.
FILE = "BENCH_FIGURES"


def note(name: str, value: float, goal: float | None = None, unit: str = "", *, at_least: bool = False) -> bool:
    """Note a figure beside its goal; return whether it misses that.

    name: what was measured, and of what it is a part. unit: empty for a ratio. at_least: more is better.
    """
    missed = goal is not None and (value < goal if at_least else value > goal)
    file = os.environ.get(FILE)
    if file:
        row = {
            "benchmark": Path(sys.argv[0]).stem,
            "name": name,
            "value": value,
            "unit": unit,
            "goal": goal,
            "at_least": at_least,
            "missed": missed,
        }
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
    return missed
