"""What the plugin costs a process that serves no HTTP: `python -X importtime`, in milliseconds.

Beside it, in the same run, what such a process imports anyway. Each figure is the median of RUNS processes.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys

from figures import note

RUNS = 7
# airflow.plugins_manager and Flask are in every such process already; what comes after them is the plugin's.
PROGRAM = "import airflow.plugins_manager, flask, openmetadata_airflow_apis.plugin"


def import_times() -> dict[str, int]:
    """Return the cumulative import time of each module of one process, in microseconds."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    rows = re.findall(r"^import time:\s+\d+ \|\s+(\d+) \|\s+(\S+)$", done.stderr, re.MULTILINE)
    return {name: int(microseconds) for microseconds, name in rows}


def main() -> None:
    """Print the medians and their ratio."""
    runs = [import_times() for _ in range(RUNS)]

    def median(module: str) -> float:
        return statistics.median(run[module] for run in runs) / 1000

    airflow, plugin = median("airflow.plugins_manager"), median("openmetadata_airflow_apis.plugin")
    print(f"airflow.plugins_manager           {airflow:8.2f} ms")
    print(f"openmetadata_airflow_apis.plugin  {plugin:8.2f} ms  ({plugin / airflow:.4f} of it; budget 20 ms)")
    note("import of the plugin", plugin, 20, "ms")


if __name__ == "__main__":
    main()
