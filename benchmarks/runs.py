"""Restart, kill, skip and succeed many task instances, beside Airflow's own endpoints for the same effect.

    python benchmarks/runs.py              100 and 1,000 task instances
    python benchmarks/runs.py --large      10,000 too, which takes Airflow's own endpoints minutes
    python benchmarks/runs.py --many-runs  200 runs of 50 tasks at once instead, which takes them minutes too

Both are called over HTTP inside one process, on one PostgreSQL database of its own, in turns, without the
cost of a login: ours with a token, Airflow's with a public role that may do everything. Airflow can skip or
succeed a mapped task only one index a call: a few calls are made, and their cost is multiplied. Printed are the medians
of three (Airflow's own at 10,000: of one): seconds, SQL statements, and how much the process grew meanwhile;
the ratio is ours to Airflow's.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import shutil
import statistics
import sys
import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from figures import note

from support import airflow_home
from support.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE = Path(__file__).resolve().parent.parent / ".pytest_cache" / "d" / "airflow-databases"
TASKS = 20
# Ours to Airflow's own time, at most, by the number of task instances; and statements, whatever the number.
TARGETS = {100: 0.25, 1_000: 0.05, 10_000: 0.02}
STATEMENTS = 25
# Many runs at once: how many, of how many tasks each.
MANY = (200, 50)
# How many of Airflow's calls are made for one index each.
INDEXES = 3

_numbers = itertools.count(1)


@dataclass
class Cost:
    """What one request took: seconds, SQL statements, MiB that the process grew at its peak."""

    seconds: float
    statements: int
    mebibytes: float


def main() -> int:
    """Measure, print a table, return 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="measure 10,000 task instances too")
    parser.add_argument("--many-runs", action="store_true", help="measure 200 runs of 50 tasks at once instead")
    arguments = parser.parse_args()
    sizes = [100, 1_000, *([10_000] if arguments.large else [])]
    home = airflow_home.make_home()
    try:
        with Cluster() as cluster:
            CACHE.mkdir(parents=True, exist_ok=True)
            airflow_home.create_postgres_database(cluster, "airflow", CACHE)
            os.environ.update(airflow_home.environment(home, cluster.url("airflow")))
            os.environ["AIRFLOW__API__AUTH_BACKENDS"] = "airflow.api.auth.backend.default"
            (home / "webserver_config.py").write_text('AUTH_ROLE_PUBLIC = "Admin"\nWTF_CSRF_ENABLED = False\n')
            warnings.simplefilter("ignore")
            return _measure_many_runs() if arguments.many_runs else _measure_all(sizes)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _sign_in() -> tuple[Any, dict[str, str]]:
    """Return a client of the web application, and the header of our token."""
    from airflow.www.app import create_app

    # As in production: with testing=True our answers would be validated against the specification.
    browser = create_app(testing=False).test_client()
    login = {"username": "admin", "password": airflow_home.USERS["admin"][1], "refresh": False, "provider": "db"}
    token = browser.post("/api/v1/security/login", json=login).get_json()["access_token"]
    browser.get("/rest_api/api/health")  # what is imported by a first request is not measured
    browser.get("/api/v1/dags/bench/dagRuns")
    return browser, {"Authorization": f"Bearer {token}"}


def _print_head() -> None:
    print(f"{'':22}{'ours':>28}{'Airflow':>32}")
    print(f"{'operation':12}{'number':>10}{'s':>10}{'SQL':>8}{'MiB':>10}{'s':>12}{'SQL':>10}{'MiB':>10}{'ratio':>10}")


def _compare(name: str, size: int, mine: Cost, theirs: Cost, target: float) -> bool:
    """Print a row; return whether the targets are met."""
    ratio = mine.seconds / theirs.seconds
    good = not note(f"{name} of {size:,} task instances, of Airflow's own", ratio, target)
    good &= mine.statements <= STATEMENTS
    print(
        f"{name:12}{size:10,}{mine.seconds:10.3f}{mine.statements:8,}{mine.mebibytes:10.1f}"
        f"{theirs.seconds:12.3f}{theirs.statements:10,}{theirs.mebibytes:10.1f}{ratio:10.3f}"
        f"{'' if good else f'   MISSED: {target}, {STATEMENTS} statements'}",
        flush=True,
    )
    return good


def _measure_all(sizes: list[int]) -> int:
    from airflow import settings

    operations = _operations(*_sign_in())
    missed = 0
    _print_head()
    for size in sizes:
        _store(size)
        for name, dag_id, states, run_state, own, other in operations:
            times = size / INDEXES if dag_id == "bench_mapped" else 1
            new_run = partial(_new_run, dag_id, states, run_state)
            mine = _measure(own, new_run, settings.engine, repeats=3)
            theirs = _measure(other, new_run, settings.engine, repeats=1 if size >= 10_000 else 3, times=times)
            missed += not _compare(name, size, mine, theirs, TARGETS[size])
    return 1 if missed else 0


def _measure_many_runs() -> int:
    """Measure 200 runs at once: failed as a whole, each at a task of its own, and under way."""
    from airflow import settings

    browser, bearer = _sign_in()
    dates = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2100-01-01T00:00:00Z"}

    def restart(_: str) -> Any:
        return browser.post("/rest_api/api/dags/many/dagRuns/restart", json={"states": ["failed"]}, headers=bearer)

    def clear(_: str) -> Any:
        body = {"dry_run": False, "only_failed": True, "reset_dag_runs": True, **dates}
        return browser.post("/api/v1/dags/many/clearTaskInstances", json=body)

    def kill(_: str) -> Any:
        return browser.post("/rest_api/api/dags/many/dagRuns/kill", json={"states": ["running"]}, headers=bearer)

    def fail(_: str) -> Any:
        for number in range(MANY[0] - 1):
            assert fail_one(number).status_code == 200
        return fail_one(MANY[0] - 1)

    def fail_one(number: int) -> Any:
        return browser.patch(f"/api/v1/dags/many/dagRuns/r{number:03}", json={"state": "failed"})

    missed = 0
    _print_head()
    all_tasks = MANY[0] * MANY[1]
    for name, size, new_runs, own, other, target in (
        ("restart", all_tasks, partial(_new_runs, "failed", "failed", every=1), restart, clear, TARGETS[10_000]),
        ("restart", MANY[0], partial(_new_runs, "failed", "failed", every=MANY[1]), restart, clear, TARGETS[100]),
        ("kill", all_tasks, partial(_new_runs, "running", "running", every=4), kill, fail, TARGETS[10_000]),
    ):
        mine = _measure(own, new_runs, settings.engine, repeats=3)
        theirs = _measure(other, new_runs, settings.engine, repeats=1)
        missed += not _compare(name, size, mine, theirs, target)
    return 1 if missed else 0


def _new_runs(state: str, run_state: str, *, every: int) -> str:
    """Put the DAG `many` and its runs there anew; of every so many tasks one is in that state, another in each run.

    The others have succeeded in a failed run, and have not begun in one that is under way.
    """
    from airflow import settings as airflow_settings
    from airflow.models.taskinstance import TaskInstance
    from airflow.operators.bash import BashOperator
    from airflow.settings import Session
    from sqlalchemy import update

    from support.dag_runs import new_dag, new_run, store

    runs, tasks = MANY
    with new_dag("many") as dag:
        for number in range(tasks):
            BashOperator(task_id=f"task_{number:02}", bash_command="true", retries=1)
    session = Session()
    store(dag, session)
    of_dag = TaskInstance.dag_id == "many"
    for number in range(runs):
        new_run(dag, session, run_id=f"r{number:03}", run_state=run_state)
        chosen = [f"task_{task:02}" for task in range(tasks) if (task + number) % every == 0]
        of_run = of_dag & (TaskInstance.run_id == f"r{number:03}")
        if run_state == "failed":
            session.execute(update(TaskInstance.__table__).where(of_run).values(state="success", try_number=1))
        of_chosen = of_run & TaskInstance.task_id.in_(chosen)
        session.execute(update(TaskInstance.__table__).where(of_chosen).values(state=state, try_number=1))
    session.commit()
    session.close()
    # What autovacuum has done in an installation: without it PostgreSQL takes the table for empty, and looks for 200
    # task instances in all 10,000.
    with airflow_settings.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE task_instance")
    return ""


def _operations(browser: Any, bearer: dict[str, str]) -> list[tuple[Any, ...]]:
    """Return name, DAG, states of the tasks and of the run before, our request and Airflow's, by run_id."""
    ours = "/rest_api/api/dags/bench/dagRuns"
    airflows = "/api/v1/dags/bench"

    def restart(run_id: str) -> Any:
        return browser.post(f"{ours}/{run_id}/restart", headers=bearer)

    def clear(run_id: str) -> Any:
        body = {"dry_run": False, "only_failed": True, "reset_dag_runs": True, "dag_run_id": run_id}
        return browser.post(f"{airflows}/clearTaskInstances", json=body)

    def kill(run_id: str) -> Any:
        return browser.post(f"{ours}/{run_id}/kill", headers=bearer)

    def fail(run_id: str) -> Any:
        return browser.patch(f"{airflows}/dagRuns/{run_id}", json={"state": "failed"})

    def mark(verb: str, run_id: str) -> Any:
        path = f"/rest_api/api/dags/bench_mapped/dagRuns/{run_id}/taskInstances/mapped/{verb}"
        return browser.post(path, headers=bearer)

    def mark_some(state: str, run_id: str) -> Any:
        for index in range(INDEXES - 1):
            mark_index(state, run_id, index)
        return mark_index(state, run_id, INDEXES - 1)

    def mark_index(state: str, run_id: str, index: int) -> Any:
        path = f"/api/v1/dags/bench_mapped/dagRuns/{run_id}/taskInstances/mapped/{index}"
        return browser.patch(path, json={"dry_run": False, "new_state": state})

    return [
        ("restart", "bench", ["failed"], "failed", restart, clear),
        ("kill", "bench", ["running", None, None, None], "running", kill, fail),
        ("skip", "bench_mapped", [None], "running", partial(mark, "skip"), partial(mark_some, "skipped")),
        ("succeed", "bench_mapped", ["failed"], "failed", partial(mark, "succeed"), partial(mark_some, "success")),
    ]


def _store(size: int) -> None:
    from airflow.operators.bash import BashOperator
    from airflow.settings import Session

    from support.dag_runs import new_dag, store

    with new_dag("bench") as many:
        for number in range(TASKS):
            BashOperator.partial(task_id=f"part_{number:02}", retries=1).expand(bash_command=["true"] * (size // TASKS))
    with new_dag("bench_mapped") as one:
        BashOperator.partial(task_id="mapped").expand(bash_command=["true"] * size)
    session = Session()
    for dag in (many, one):
        store(dag, session)
    session.close()


def _new_run(dag_id: str, states: list[str | None], run_state: str) -> str:
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.settings import Session

    from support.dag_runs import new_run

    session = Session()
    dag = SerializedDagModel.get(dag_id, session=session).dag
    run_id = f"run_{next(_numbers)}"
    of_tasks = dict(zip(dag.task_ids, itertools.cycle(states)))
    new_run(dag, session, of_tasks, run_id=run_id, run_state=run_state)
    session.close()
    return run_id


def _measure(
    request: Callable[[str], Any], new_run: Callable[[], str], engine: Any, *, repeats: int, times: float = 1
) -> Cost:
    """Return the medians of so many requests, each for a new run; times: how many of them would do the whole."""
    costs = [_measure_once(request, new_run(), engine) for _ in range(repeats)]
    return Cost(
        seconds=times * statistics.median(cost.seconds for cost in costs),
        statements=round(times * statistics.median(cost.statements for cost in costs)),
        mebibytes=statistics.median(cost.mebibytes for cost in costs),
    )


def _measure_once(request: Callable[[str], Any], run_id: str, engine: Any) -> Cost:
    with _counted(engine) as statements:
        before = _peak_memory(reset=True)
        began = time.perf_counter()
        answer = request(run_id)
        seconds = time.perf_counter() - began
        after = _peak_memory()
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return Cost(seconds, len(statements), (after - before) / 1024)


@contextlib.contextmanager
def _counted(engine: Any) -> Iterator[list[str]]:
    from sqlalchemy import event

    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _peak_memory(*, reset: bool = False) -> int:
    """Return the peak of this process's resident memory in KiB, since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    sys.exit(main())
