"""Twenty runs under a real scheduler: killed in one call, restarted in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from support import airflow_home
from support.live import LiveAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres import Cluster

RUNS = 20
# Each task leaves its process's id in the folder `out` of the AIRFLOW_HOME, in a file of its run's name.
DAG = """
import os
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

OUT = Path(os.environ["AIRFLOW_HOME"]) / "out"

with DAG(
    "live_many", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False,
    max_active_runs=50, max_active_tasks=50,
):
    BashOperator(
        task_id="work", retries=3, retry_delay=timedelta(seconds=1),
        bash_command=f"echo $$ >> {OUT}/$AIRFLOW_CTX_DAG_RUN_ID; test -e {OUT}/mended || exec sleep 600",
    ) >> EmptyOperator(task_id="after")
"""


@pytest.fixture(scope="module")
def airflow(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A webserver, and a scheduler that runs all twenty tasks at the same time."""
    home = airflow_home.make_home()
    (home / "out").mkdir()
    settings = {"AIRFLOW__CORE__PARALLELISM": str(RUNS), "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False"}
    url = cluster.create_database("many_runs", "airflow")
    with LiveAirflow(home, url, settings=settings) as airflow:
        airflow.start("scheduler", "webserver")
        airflow.write_dag("many.py", DAG)
        yield airflow
    cluster.drop_database("many_runs")


def _pids(airflow: LiveAirflow) -> list[int]:
    return [int(pid) for path in (airflow.home / "out").iterdir() for pid in path.read_text().split()]


def test_twenty_runs_are_killed_and_restarted(airflow: LiveAirflow) -> None:
    """A kill ends the processes of all twenty; a restart runs what it failed to success, in each run once."""
    client = airflow.client()
    path = "/rest_api/api/dags/live_many/dagRuns"
    names = [f"run_{number:02}" for number in range(RUNS)]
    for name in names:
        assert client.post(path, json={"run_id": name}).status_code == 201
    airflow.wait_for(lambda: len(_pids(airflow)) == RUNS, "twenty processes", seconds=240)
    pids = _pids(airflow)
    assert all(psutil.pid_exists(pid) for pid in pids)

    killed = client.post(f"{path}/kill?wait=100", json={"states": ["running"]})

    assert killed.status_code == 200, killed.text
    body = killed.json()
    assert [run["run_id"] for run in body["dag_runs"]] == names
    for run in body["dag_runs"]:
        assert run["still_running"] == []
        assert {one["task_id"]: one["state_after"] for one in run["task_instances"]} == {
            "work": "failed",
            "after": "failed",
        }
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    assert {airflow.run_state("live_many", name) for name in names} == {"failed"}

    (airflow.home / "out" / "mended").touch()
    restarted = client.post(f"{path}/restart", json={"states": ["failed"]})

    assert restarted.status_code == 200, restarted.text
    body = restarted.json()
    assert [run["run_id"] for run in body["dag_runs"]] == names
    assert (body["failed_task_count"], body["clear_task_count"], body["untouched"]) == (2 * RUNS, 2 * RUNS, [])
    airflow.wait_for(
        lambda: {airflow.run_state("live_many", name) for name in names} <= {"success", "failed"},
        "twenty ended runs",
        seconds=240,
    )
    assert {airflow.run_state("live_many", name) for name in names} == {"success"}
    for name in names:
        assert airflow.task_states("live_many", name) == {"work": "success", "after": "success"}
    assert len(_pids(airflow)) == 2 * RUNS
    assert client.post(f"{path}/restart", json={"states": ["success"]}).status_code == 409
