"""Hundreds of changes, of one run and of several, beside a scheduler that works on the same runs."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from support.deleting import deadlocks
from support.live import LiveAirflow, busy_airflow
from support.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres import Cluster

CALLERS = 4
CHANGES = 400
TASKS = 8


@pytest.fixture(scope="module")
def busy(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A scheduler, and a webserver with two workers."""
    with busy_airflow(cluster, "many_changes") as airflow:
        yield airflow


def _deploy(airflow: LiveAirflow) -> None:
    tasks: dict[str, Any] = {
        f"t{number}": {
            "operator": "airflow.operators.empty.EmptyOperator",
            "dependencies": [f"t{number - 2}"] if number > 1 else [],
        }
        for number in range(TASKS)
    }
    tasks["ends"] = {
        "operator": "airflow.operators.bash.BashOperator",
        "bash_command": "exit 1",
        "dependencies": ["t4"],
    }
    tasks["after"] = {"operator": "airflow.operators.empty.EmptyOperator", "dependencies": ["ends"]}
    definition = {
        "default_args": {"start_date": (datetime.now(timezone.utc) - timedelta(hours=3)).isoformat(), "retries": 0},
        "schedule": "* * * * *",
        "catchup": True,
        "max_active_runs": 16,
        "tasks": tasks,
    }
    workflow = {"name": "changed", "unpause": True, "dag_config": {"changed": definition}}
    answer = airflow.client().post("/rest_api/api/dags", json={"workflow": workflow})
    assert answer.status_code == 201, answer.text


def _run_ids(airflow: LiveAirflow) -> list[str]:
    with airflow.engine.connect() as connection:
        return list(
            connection.execute(sqlalchemy.text("SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 12")).scalars()
        )


def _change(client: Any, chance: random.Random, run_ids: list[str]) -> Any:
    runs = "/rest_api/api/dags/changed/dagRuns"
    task_id = f"t{chance.randrange(TASKS)}"
    run_id = chance.choice(run_ids)
    several = {"run_ids": chance.sample(run_ids, 4)}
    run = f"{runs}/{run_id.replace('+', '%2B')}"
    return chance.choice(
        [
            lambda: client.post(f"{run}/kill"),
            lambda: client.post(f"{run}/kill?task_id={task_id}"),
            lambda: client.post(f"{run}/restart"),
            lambda: client.post(f"{runs}/kill", json=several),
            lambda: client.post(f"{runs}/restart", json=several),
            lambda: client.post(f"{run}/taskInstances/{task_id}/skip"),
            lambda: client.post(f"{runs}/partial", json={"task_ids": [task_id]}),
            lambda: client.post(runs, json={}),
        ]
    )()


def test_hundreds_of_changes_beside_a_busy_scheduler(busy: LiveAirflow) -> None:
    """Each is done, or refused for the state of the run; there is no deadlock, and the scheduler goes on."""
    _deploy(busy)
    busy.wait_for(lambda: len(_run_ids(busy)) >= 8, "eight runs")
    answers: Counter[str] = Counter()
    left = iter(range(CHANGES))
    lock = threading.Lock()

    def work(caller: int) -> None:
        chance = random.Random(caller)  # noqa: S311 - not a secret
        client = busy.client()
        while True:
            with lock:
                if next(left, None) is None:
                    return
            answer = _change(client, chance, _run_ids(busy))
            with lock:
                answers[str(answer.status_code) if answer.status_code < 500 else answer.text] += 1

    at_once(work, CALLERS)
    assert set(answers) == {"200", "201", "409"}
    assert answers["200"] + answers["201"] > CHANGES / 4
    assert deadlocks(busy) == 0
    busy.wait_for(lambda: busy.client().get("/health").json()["scheduler"]["status"] == "healthy", "the scheduler")
