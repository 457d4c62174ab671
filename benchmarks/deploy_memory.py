"""How much memory the webserver keeps of each deploy: none, after the first few have filled the caches.

    python benchmarks/deploy_memory.py [DEPLOYS]

Deploys workflows of 20 tasks in this process, over 10 names in turn, into a SQLite Airflow database of its own,
and prints the resident memory. Ends with 1 where it has grown by more than 2 MiB from one half to the other.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from figures import note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.definition import Workflow

_WARM_UP = 20
_NAMES = 10
_TASKS = 20
_ALLOWED_MIB = 2.0


def resident_mib() -> float:
    """Return the resident memory of this process in MiB, garbage collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def workflow(dag_id: str, number: int) -> Workflow:
    """Return a workflow of twenty tasks, another one for each number."""
    from openmetadata_airflow_apis.definition import Workflow

    definition = {
        "dag_id": dag_id,
        "dag": {"schedule": "@daily", "start_date": {"$datetime": "2024-01-01T00:00:00+00:00"}},
        "task_groups": [],
        "tasks": [
            {
                "task_id": f"task{index}",
                "label": f"task{index}",
                "group": None,
                "operator": "airflow.operators.bash.BashOperator",
                "upstream": [f"task{index - 1}"] if index else [],
                "arguments": {"bash_command": f"echo {number}"},
            }
            for index in range(_TASKS)
        ],
    }
    return Workflow(dag_id, force=True, is_paused=None, definition=definition, source={"name": dag_id})


@contextmanager
def airflow_of_its_own() -> Iterator[None]:
    """Have Airflow in this process use a new home, and a SQLite database in it."""
    with tempfile.TemporaryDirectory(prefix="omaa-benchmark-") as home:
        os.environ.update(
            AIRFLOW_HOME=home,
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
            AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
        )
        warnings.simplefilter("ignore")
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "airflow", "db", "migrate"], check=True, capture_output=True
        )
        yield


def main(deploys: int) -> int:
    """Deploy, print, and return the exit code."""
    from airflow.settings import Session

    from openmetadata_airflow_apis.deploy import deploy
    from openmetadata_airflow_apis.settings import Settings

    settings = Settings.load()

    def run(number: int) -> None:
        deploy(workflow(f"dag{number % _NAMES}", number), user="benchmark", settings=settings, session=Session())
        Session.remove()

    started = resident_mib()
    for number in range(_WARM_UP):
        run(number)
    warm = resident_mib()
    print(f"resident: {started:.1f} MiB at the start, {warm:.1f} MiB after {_WARM_UP} deploys (imports, caches)")
    seconds, half = [], warm
    for number in range(1, deploys + 1):
        begun = time.perf_counter()
        run(number)
        seconds.append(time.perf_counter() - begun)
        if number == deploys // 2:
            half = resident_mib()
            print(f"resident: {half:.1f} MiB after {number} more")
    end = resident_mib()
    print(f"resident: {end:.1f} MiB after {deploys} more")
    print(f"kept of each of the last {deploys - deploys // 2} deploys: {(end - half) * 1024 / (deploys / 2):.1f} KiB")
    print(f"a redeploy of {_TASKS} tasks: {statistics.median(seconds) * 1000:.0f} ms (median)")
    return 1 if note(f"memory that {deploys - deploys // 2} deploys leave", end - half, _ALLOWED_MIB, "MiB") else 0


if __name__ == "__main__":
    with airflow_of_its_own():
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
