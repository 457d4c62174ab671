"""Which Airflow the tests run on, where what they expect depends on it."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version


def _numbers(distribution: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version(distribution).split("."))


AIRFLOW = _numbers("apache-airflow")

# A deploy and a refresh ask the DAG processor for files; before, its next listing of the dags folder finds them.
TAKES_PARSING_REQUESTS = AIRFLOW >= (2, 10)

# dag_run.clear_number counts how often a run was cleared.
CLEARS_COUNTED = AIRFLOW >= (2, 8)

# A DAG that is started by hand needs a start_date as every other, or each of its tasks one.
EVERY_DAG_NEEDS_A_START = AIRFLOW < (2, 8)

# In a mapped task group a task waits for all indexes of what is upstream, whatever its trigger rule.
ALL_INDEXES_COUNT = AIRFLOW < (2, 8)


def provider(name: str) -> tuple[int, ...]:
    """Return the version of a provider package, such as `postgres`."""
    return _numbers(f"apache-airflow-providers-{name}")


def called(name: str) -> str:
    """Return what Python calls a method, such as `Resources.__init__`, where an argument is unexpected."""
    return name if sys.version_info >= (3, 10) else name.rpartition(".")[2]  # Python 3.9: `__init__`


def clears(dag_run_row) -> int | bool:
    """Return how often a run was cleared; False where Airflow doesn't count it."""
    return CLEARS_COUNTED and dag_run_row.clear_number


def logged_run_id(log_row) -> str | None:
    """Return the run_id of a row in the audit log, from its extra where Airflow has no column for it (< 2.10)."""
    return log_row.run_id if AIRFLOW >= (2, 10) else json.loads(log_row.extra).get("run_id")


def asked_for(session) -> list[str]:
    """Return the files that the DAG processor is asked to parse first, sorted; none where it takes no requests."""
    from openmetadata_airflow_apis.airflow_versions.dag_parsing import parsing_requests

    table = parsing_requests()
    return sorted(fileloc for (fileloc,) in session.query(table.c.fileloc)) if table is not None else []


def forget_requests(session) -> None:
    """Forget what the DAG processor is asked for."""
    from openmetadata_airflow_apis.airflow_versions.dag_parsing import parsing_requests

    table = parsing_requests()
    if table is not None:
        session.execute(table.delete())
