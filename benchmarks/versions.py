"""What its version costs a deploy: at most one SQL statement, and 15 % of the time.

    python benchmarks/versions.py [PAIRS]

Deploys workflows of 20 tasks in this process, into a SQLite Airflow database of its own, in turns: one that makes a
version, and one for which the table of versions is neither asked nor written. Prints the medians and the ratio; ends
with 1 where it is above 1.15.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from deploy_memory import airflow_of_its_own, workflow
from figures import note

from support.statements import counted

_WARM_UP = 5
_ALLOWED = 1.15


def main(pairs: int) -> int:
    """Deploy, print, and return the exit code."""
    from airflow.settings import Session
    from sqlalchemy import null

    from openmetadata_airflow_apis.deploy import deploy
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores import version_rows

    settings = Settings.load()

    def cost(dag_id: str, number: int) -> tuple[float, int]:
        begun = time.perf_counter()
        with counted(Session()) as statements:
            deploy(workflow(dag_id, number), user="benchmark", settings=settings, session=Session())
        Session.remove()
        return time.perf_counter() - begun, len(statements)

    def cost_without(number: int) -> tuple[float, int]:
        with mock.patch.multiple(
            version_rows, newest_columns=lambda _: (null(),) * 3, to_record=lambda *_: ([], number)
        ):
            return cost("without", number)

    with_version, without = [], []
    for number in range(_WARM_UP + pairs):
        turns = [(with_version, lambda number: cost("with", number)), (without, cost_without)]
        for costs, measure in turns if number % 2 else reversed(turns):
            costs.append(measure(number))
    seconds = [statistics.median(one for one, _ in costs[_WARM_UP:]) for costs in (with_version, without)]
    statements = [statistics.median(number for _, number in costs[_WARM_UP:]) for costs in (with_version, without)]
    ratio = seconds[0] / seconds[1]
    print(f"a deploy with its version: {seconds[0] * 1000:.1f} ms, {statements[0]:.0f} statements (medians of {pairs})")
    print(f"without one:               {seconds[1] * 1000:.1f} ms, {statements[1]:.0f} statements")
    print(f"ratio: {ratio:.2f} (at most {_ALLOWED})")
    missed = note("a deploy with its version, of one without", ratio, _ALLOWED)
    return 0 if not missed and statements[0] - statements[1] <= 1 else 1


if __name__ == "__main__":
    with airflow_of_its_own():
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
