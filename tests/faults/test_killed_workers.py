"""`kill -9` of gunicorn's workers while they change DAGs: a change is done or not, never half; the next call ends it.

Two webservers of one installation: the same folders, the same PostgreSQL; with either store (TESTS_STORE).
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import text

from support import stores
from support.killed_changes import BROKEN_OFF, MOST_KILLS, Changes, killing
from support.live import LiveAirflow, two_webservers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from support.client import Client
    from support.postgres import Cluster

DAGS = "/rest_api/api/dags"
NUMBER = 40
FILES = len(stores.files_of("k"))


class Change(NamedTuple):
    """A change of a DAG `k…` and its one run. done: what there is afterwards, of what `_state` looks at."""

    call: Callable[[Client, str], requests.Response]
    done: dict[str, Any]


def _workflow(name: str) -> dict[str, Any]:
    task = {"operator": "airflow.operators.empty.EmptyOperator"}
    tasks = {"a": task, "b": {**task, "dependencies": ["a"]}}
    return {"workflow": {"name": name, "force": True, "dag_config": {name: {"schedule": None, "tasks": tasks}}}}


CHANGES = {
    "deploy_dag": Change(
        lambda client, dag_id: client.post(DAGS, json=_workflow(dag_id)),
        {"runs": [], "tasks": [], "rows": 2, "files": FILES},
    ),
    "trigger_dag": Change(
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns", json={"run_id": "r"}),
        {"runs": ["queued"], "tasks": [None, None], "rows": 2, "files": FILES},
    ),
    "kill_running_tasks": Change(
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/r/kill"),
        {"runs": ["failed"], "tasks": ["failed", "failed"], "rows": 2, "files": FILES},
    ),
    "restart_failed_task": Change(
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/r/restart"),
        {"runs": ["queued"], "tasks": [None, None], "rows": 2, "files": FILES},
    ),
    "delete_dag": Change(
        lambda client, dag_id: client.delete(f"{DAGS}/{dag_id}"),
        {"runs": [], "tasks": [], "rows": 0, "files": 0},
    ),
}


@pytest.fixture(scope="module")
def webservers(cluster: Cluster) -> Iterator[list[LiveAirflow]]:
    """Two webservers of two workers each, beside one another, which keep every version."""
    with two_webservers(cluster, "killed_workers", keep_versions="1000") as webservers:
        yield webservers


def _state(airflow: LiveAirflow, dag_id: str) -> dict[str, Any]:
    def rows(query: str) -> list[Any]:
        return [row[0] for row in connection.execute(text(query), {"dag_id": dag_id})]

    folders = (airflow.home / "dags", airflow.home / "dag_generated_configs")
    with airflow.engine.connect() as connection:
        return {
            "runs": rows("SELECT state FROM dag_run WHERE dag_id = :dag_id"),
            "tasks": rows("SELECT state FROM task_instance WHERE dag_id = :dag_id"),
            "rows": sum(
                rows(f"SELECT count(*) FROM {table} WHERE dag_id = :dag_id")[0]  # noqa: S608
                for table in ("dag", "serialized_dag")
            ),
            "files": sum(len([*folder.glob(f"{dag_id}.*")]) for folder in folders),
        }


def _answer(change: Change, airflow: LiveAirflow, dag_id: str, moment: float) -> requests.Response | None:
    """Return the answer, None where the workers were killed over it, which they are at that moment."""
    client = airflow.client()
    with killing(airflow, lambda: time.monotonic() > moment), contextlib.suppress(*BROKEN_OFF):
        return change.call(client, dag_id)
    return None


def test_no_change_is_half_done(webservers: list[LiveAirflow]) -> None:
    """What was answered is done; what was not is done or not, and is done when it is asked for until it is answered."""
    luck = random.Random(11)  # noqa: S311 - for no secret
    unanswered = 0
    for number in range(NUMBER):
        for name, change in CHANGES.items():
            before = _state(webservers[0], f"k{number}")
            kills = luck.randint(0, MOST_KILLS)
            while True:
                moment = time.monotonic() + (luck.uniform(0, 0.5) if kills else 1000)
                if (answer := _answer(change, luck.choice(webservers), f"k{number}", moment)) is not None:
                    break
                unanswered += 1
                kills = max(kills - 1, 0)
                state = _state(webservers[0], f"k{number}")
                if name not in {"deploy_dag", "delete_dag"}:  # files and rows: the next call, or a refresh, ends it
                    assert state in (before, change.done)
                if state == change.done:
                    break
            assert answer is None or answer.ok, answer.text
            assert (name, _state(webservers[0], f"k{number}")) == (name, change.done)
    assert unanswered
    left = [
        path.name for folder in ("dags", "dag_generated_configs") for path in (webservers[0].home / folder).iterdir()
    ]
    assert [name for name in left if name.startswith((".k", "k"))] == []


def test_three_hundred_deploys_deletes_restores_and_bundles(webservers: list[LiveAirflow]) -> None:
    """Each DAG is old or new, its versions have no hole, and a repetition with the same key has one effect."""
    changes = Changes(webservers, seed=13)
    changes.kill(300)
    changes.check()
    print("", changes.figures(), sep="\n")  # noqa: T201 - benchmarks/README.md has them
