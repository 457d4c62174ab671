"""What callers of a running Airflow wait for, beside Airflow's stable API: reads, and a run's first task.

    python benchmarks/live.py [--seconds 8] [--turns 7]

Gunicorn with two workers, a scheduler with LocalExecutor, PostgreSQL. Printed are the requests a second of one client
and of eight that list a DAG's runs with one token, ours of the stable API's; and the time from the first request until
the first task runs: of a workflow that is deployed and triggered, and of a DAG that Airflow knew before, triggered by
the stable API. In turns; medians. The exit code is 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from figures import note

from support import airflow_home
from support.live import LiveAirflow
from support.postgres import Cluster

if TYPE_CHECKING:
    from support.client import Client

CACHE = Path(__file__).resolve().parent.parent / ".pytest_cache" / "d" / "airflow-databases"
SETTINGS = {"AIRFLOW__API__AUTH_BACKENDS": "openmetadata_airflow_apis.security.auth_backend"}
OURS, AIRFLOWS = "/rest_api/api/dags/known/dagRuns", "/api/v1/dags/known/dagRuns"
CLIENTS = {1: 1.0, 8: 1.4}  # how many, and the goal of the ratio
RUNNING_GOAL = 1.3
MORE_RUNS = 5


def main() -> int:
    """Start Airflow, measure, and return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="how long each turn of reads takes")
    parser.add_argument("--turns", type=int, default=7, help="how many runs are waited for")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    with Cluster() as cluster:
        airflow_home.create_postgres_database(cluster, "airflow", CACHE)
        url = cluster.create_database("live", "airflow")
        with LiveAirflow(airflow_home.make_home(), url, settings=SETTINGS) as airflow:
            airflow.start("scheduler", "webserver")
            client = airflow.client("admin")
            missed = measure_runs(airflow, client, options.turns)
            return 1 if measure_reads(client, options.seconds) or missed else 0


def measure_runs(airflow: LiveAirflow, client: Client, turns: int) -> bool:
    """Print how long a deploy with a trigger takes until its first task runs, beside a trigger of a known DAG."""
    client.post("/rest_api/api/dags", json=workflow("known")).raise_for_status()
    seconds: dict[str, list[float]] = {"new": [], "known": []}
    for turn in range(turns + 1):
        for kind, values in seconds.items():
            dag_id = "known" if kind == "known" else f"new_{turn}"
            begun = time.perf_counter()
            if kind == "new":
                client.post("/rest_api/api/dags", json=workflow(dag_id)).raise_for_status()
                answer = client.post(f"/rest_api/api/dags/{dag_id}/dagRuns", json={"run_id": f"r{turn}"})
            else:
                answer = client.post(AIRFLOWS, json={"dag_run_id": f"r{turn}"})
            answer.raise_for_status()
            while airflow.task_states(dag_id, f"r{turn}").get("first") not in {"running", "success"}:
                time.sleep(0.02)
            values.append(time.perf_counter() - begun)
    new, known = (statistics.median(values[1:]) for values in seconds.values())
    print(
        f"deploy, trigger, until it runs {new:.2f} s; a trigger of a known DAG {known:.2f} s; ratio {new / known:.2f}"
    )
    return note("deploy and trigger until the first task runs, of a known DAG's trigger", new / known, RUNNING_GOAL)


def measure_reads(client: Client, seconds: float) -> bool:
    """Print the requests a second of so many clients, ours of the stable API's."""
    missed = False
    for number, goal in CLIENTS.items():
        rates: dict[str, list[float]] = {OURS: [], AIRFLOWS: []}
        for turn in range(4):
            for path, values in rates.items():
                rate = requests_a_second(client, path, number, seconds if turn else 1)
                values.append(rate)
        ours, airflows = (statistics.median(values[1:]) for values in rates.values())
        ratio = ours / airflows
        print(f"{number} clients: ours {ours:.0f} requests a second, Airflow's {airflows:.0f}; ratio {ratio:.2f}")
        missed |= note(f"requests a second of {number} clients, of the stable API's", ratio, goal, at_least=True)
    return missed


def requests_a_second(client: Client, path: str, number: int, seconds: float) -> float:
    """Ask with so many clients at once for so long."""
    until = time.perf_counter() + seconds

    def ask(_: int) -> int:
        answered = 0
        while time.perf_counter() < until:
            assert client.get(path).status_code == 200
            answered += 1
        return answered

    begun = time.perf_counter()
    with ThreadPoolExecutor(number) as pool:
        return sum(pool.map(ask, range(number))) / (time.perf_counter() - begun)


def workflow(name: str) -> dict[str, Any]:
    """Return the body of a deploy of two tasks."""
    task = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"}
    tasks = {"first": task, "second": {**task, "dependencies": ["first"]}}
    config = {"schedule": None, "start_date": "2024-01-01", "tasks": tasks}
    return {"workflow": {"name": name, "unpause": True, "dag_config": {name: config}}}


if __name__ == "__main__":
    sys.exit(main())
