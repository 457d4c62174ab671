"""The connection to the database breaks while an operation is committed: it is done once, and the answer is true.

A webserver reaches a real PostgreSQL by way of a proxy that spoils one COMMIT (see support.postgres_proxy). Each
operation is done twice, once undisturbed: answer, rows and files must be the same in the end.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from openmetadata_airflow_apis.transactions import in_one_transaction
from support import airflow_home, dag_runs
from support.live import LiveAirflow
from support.postgres_proxy import PostgresProxy
from support.stores import STORE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests
    from sqlalchemy.engine import Engine

    from support.client import Client
    from support.postgres import Cluster

_numbers = itertools.count(1)
_DEFINITION = "SELECT count(*) FROM openmetadata_airflow_apis_deployed_dag WHERE dag_id = :dag_id"
DAGS = "/rest_api/api/dags"
LITTLE_PATIENCE = "from openmetadata_airflow_apis import transactions\n\ntransactions.COMMIT_PATIENCE_SECONDS = 4\n"


@dataclass
class Ground:
    """A webserver, the proxy to its database, and the way to the database that goes by no proxy."""

    client: Client
    home: Path
    proxy: PostgresProxy
    engine: Engine

    def rows(self, query: str, dag_id: str) -> list[list[Any]]:
        """Return what a query with the parameter :dag_id finds."""
        with self.engine.connect() as connection:
            return [list(row) for row in connection.execute(text(query), {"dag_id": dag_id})]

    def all_about(self, dag_id: str) -> str:
        """Return everything that a DAG has left in the database and on disk, without its name and without times."""
        folders = (self.home / "dags", self.home / "dag_generated_configs")
        found = {
            "runs": self.rows(
                "SELECT run_id, state, content FROM dag_run LEFT JOIN dag_run_note ON dag_run_id = id "
                "WHERE dag_id = :dag_id ORDER BY id",
                dag_id,
            ),
            "task instances": self.rows(
                "SELECT run_id, task_id, map_index, state, try_number, max_tries FROM task_instance "
                "WHERE dag_id = :dag_id ORDER BY run_id, task_id, map_index",
                dag_id,
            ),
            "audit": self.rows("SELECT event, owner, extra FROM log WHERE dag_id = :dag_id ORDER BY id", dag_id),
            "dag": self.rows("SELECT is_active, is_paused FROM dag WHERE dag_id = :dag_id", dag_id),
            "serialized": self.rows("SELECT count(*) FROM serialized_dag WHERE dag_id = :dag_id", dag_id),
            "definition": self.rows(_DEFINITION, dag_id) if STORE == "database" else [],
            "files": sorted(path.name for folder in folders for path in folder.glob(f"*{dag_id}*[nyg]")),
        }
        return normal(json.dumps(found, indent=1), dag_id)


def normal(answer: str, dag_id: str) -> str:
    """Return a text without what differs from one DAG, and from one moment, to another."""
    for pattern, name in (
        (re.escape(dag_id), "DAG"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:?00)?", "TIME"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "REQUEST"),
        (r"\b[0-9a-f]{64}\b", "SHA256"),
        (r"loader_\d+_of_\d+", "LOADER"),
    ):
        answer = re.sub(pattern, name, answer)
    return answer


@pytest.fixture(scope="module")
def ground(cluster: Cluster) -> Iterator[Ground]:
    """A webserver that reaches its database by way of a proxy."""
    url = cluster.create_database("lost_commits", "airflow")
    engine = create_engine(url)
    home = airflow_home.make_home()
    (home / "config").mkdir()
    (home / "config" / "airflow_local_settings.py").write_text(LITTLE_PATIENCE)
    with PostgresProxy(cluster.socket) as proxy, LiveAirflow(home, proxy.url("lost_commits")) as airflow:
        airflow.start("webserver")
        yield Ground(airflow.client("admin"), home, proxy, engine)
        airflow.engine.dispose()
    engine.dispose()
    cluster.drop_database("lost_commits")


@pytest.fixture(autouse=True)
def nothing_spoilt_before(ground: Ground) -> None:
    """The proxy passes everything on."""
    ground.proxy.come_back()


@dataclass(frozen=True)
class Operation:
    """One that changes something. prepare: makes a DAG for it. typed, old: the call at one of the doors it has."""

    operation_id: str
    prepare: Callable[[Ground, str], None]
    typed: Callable[[Client, str], requests.Response]
    old: Callable[[Client, str], requests.Response] | None = None


def _with_run(states: dict[str, str | None], run_state: str) -> Callable[[Ground, str], None]:
    def prepare(ground: Ground, dag_id: str) -> None:
        from airflow.operators.bash import BashOperator

        with dag_runs.new_dag(dag_id) as dag:
            first, second, third = (BashOperator(task_id=name, bash_command="true") for name in ("a", "b", "c"))
            first >> second >> third
        with Session(ground.engine) as session:
            dag_runs.store(dag, session)
            if states:
                dag_runs.new_run(dag, session, states, run_state=run_state)

    return prepare


def _workflow(dag_id: str, **more: Any) -> dict[str, Any]:
    tasks = {"first": {"operator": "airflow.operators.empty.EmptyOperator"}}
    dag = {"default_args": {"owner": "ann", "start_date": "2024-01-01"}, "tasks": tasks}
    return {"workflow": {"name": dag_id, "dag_config": {dag_id: dag}, **more}}


def _nothing(_ground: Ground, _dag_id: str) -> None:
    """Deploying needs nothing."""


def _deployed(ground: Ground, dag_id: str) -> None:
    answer = ground.client.post(DAGS, json=_workflow(dag_id))
    assert answer.status_code == 201, answer.text


def _deployed_with_a_run(ground: Ground, dag_id: str) -> None:
    _deployed(ground, dag_id)
    answer = ground.client.post(f"{DAGS}/{dag_id}/dagRuns", json={"run_id": "r"})
    assert answer.status_code == 201, answer.text


def _deployed_without_rows(ground: Ground, dag_id: str) -> None:
    _deployed(ground, dag_id)
    with ground.engine.begin() as connection:
        for table in ("serialized_dag", "dag"):
            connection.execute(text(f"DELETE FROM {table} WHERE dag_id = :dag_id"), {"dag_id": dag_id})  # noqa: S608


RUN = "manual__1"
FAILED = _with_run({"a": "success", "b": "failed", "c": "upstream_failed"}, "failed")
RUNNING = _with_run({"a": "success", "b": "queued"}, "running")
OPERATIONS = {
    "trigger": Operation(
        "trigger_dag",
        _with_run({}, ""),
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns", json={}),
        lambda client, dag_id: client.old_door("trigger_dag", "POST", json={"workflow_name": dag_id}),
    ),
    "trigger with a run_id": Operation(
        "trigger_dag",
        _with_run({}, ""),
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns", json={"run_id": "r", "note": "by hand"}),
        lambda client, dag_id: client.old_door("trigger_dag", "POST", json={"workflow_name": dag_id, "run_id": "r"}),
    ),
    "partial run": Operation(
        "run_task_instance",
        _with_run({}, ""),
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/partial", json={"task_ids": ["b"]}),
        lambda client, dag_id: client.old_door("run_task_instance", "POST", dag_id=dag_id, run_id="r", tasks="b"),
    ),
    "restart": Operation(
        "restart_failed_task",
        FAILED,
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/{RUN}/restart"),
        lambda client, dag_id: client.old_door("restart_failed_task", dag_id=dag_id, run_id=RUN),
    ),
    "kill": Operation(
        "kill_running_tasks",
        RUNNING,
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/{RUN}/kill"),
        lambda client, dag_id: client.old_door("kill_running_tasks", dag_id=dag_id, run_id=RUN),
    ),
    "restart of many": Operation(
        "restart_dag_runs",
        FAILED,
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/restart", json={"states": ["failed"]}),
        lambda client, dag_id: client.old_door("restart_dag_runs", "POST", dag_id=dag_id, run_ids=RUN),
    ),
    "kill of many": Operation(
        "kill_dag_runs",
        RUNNING,
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/kill", json={"run_ids": [RUN]}),
        lambda client, dag_id: client.old_door("kill_dag_runs", "POST", dag_id=dag_id, states="running"),
    ),
    "skip": Operation(
        "skip_task_instance",
        RUNNING,
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/{RUN}/taskInstances/b/skip"),
        lambda client, dag_id: client.old_door("skip_task_instance", dag_id=dag_id, run_id=RUN, task_id="b"),
    ),
    "succeed": Operation(
        "succeed_task_instance",
        FAILED,
        lambda client, dag_id: client.post(f"{DAGS}/{dag_id}/dagRuns/{RUN}/taskInstances/b/succeed"),
        lambda client, dag_id: client.old_door("succeed_task_instance", dag_id=dag_id, run_id=RUN, task_id="b"),
    ),
    "deploy": Operation(
        "deploy_dag",
        _nothing,
        lambda client, dag_id: client.post(DAGS, json=_workflow(dag_id)),
        lambda client, dag_id: client.old_door("deploy_dag", "POST", json=_workflow(dag_id)),
    ),
    "redeploy": Operation(
        "deploy_dag",
        _deployed,
        lambda client, dag_id: client.post(DAGS, json=_workflow(dag_id, force=True)),
        lambda client, dag_id: client.old_door("deploy_dag", "POST", json=_workflow(dag_id, force=True)),
    ),
    "delete": Operation(
        "delete_dag",
        _deployed_with_a_run,
        lambda client, dag_id: client.delete(f"{DAGS}/{dag_id}"),
        lambda client, dag_id: client.old_door("delete_dag", dag_id=dag_id),
    ),
    "pause": Operation(
        "patch_dag",
        _deployed,
        lambda client, dag_id: client.patch(f"{DAGS}/{dag_id}", json={"is_paused": False}),
    ),
    "refresh": Operation(
        "refresh_all_dags",
        _deployed_without_rows,
        lambda client, _: client.post(f"{DAGS}/refresh"),
        lambda client, _: client.old_door("refresh_all_dags"),
    ),
}


def _new(ground: Ground, operation: Operation) -> str:
    dag_id = f"lost_{next(_numbers):03}"
    operation.prepare(ground, dag_id)
    return dag_id


def _answer(answer: requests.Response, dag_id: str) -> tuple[int, str]:
    text = normal(re.sub(r'"(requested|refreshed)": \d+', "", answer.text), dag_id)
    return answer.status_code, re.sub(r'"lost_\d+",\s*', "", text)  # a refresh repairs those of earlier tries too


LOSSES = [("typed", lost) for lost in ("answer", "request", "late", "unnoticed")]
LOSSES += [("old", lost) for lost in ("answer", "request")]


@pytest.mark.parametrize(
    ("name", "door", "lost"),
    [(name, *loss) for name in OPERATIONS for loss in LOSSES if getattr(OPERATIONS[name], loss[0])],
)
def test_an_operation_is_done_once_and_answered_as_done(ground: Ground, name: str, lost: str, door: str) -> None:
    """Whatever is lost of its COMMIT, an operation answers and leaves behind what it does when nothing is lost."""
    operation = OPERATIONS[name]
    call = getattr(operation, door)
    undisturbed = _new(ground, operation)
    expected = _answer(call(ground.client, undisturbed), undisturbed)
    assert expected[0] in {200, 201}, expected

    dag_id = _new(ground, operation)
    ground.proxy.lose(lost, after=f"'{operation.operation_id}'")
    answer = _answer(call(ground.client, dag_id), dag_id)

    assert ground.proxy.lost == 1
    assert answer == expected
    assert ground.all_about(dag_id) == ground.all_about(undisturbed)


BROKE_OFF = "Airflow's database broke off while it took the"
UNKNOWN = {
    "trigger_dag": f"{BROKE_OFF} new run and has not answered since, so it isn't known whether it was created; "
    "look for the DagRun `RUN` of the DAG `DAG` before you try again",
    "deploy_dag": "The workflow `DAG` is stored, and it isn't known whether Airflow's database took it; "
    "the DAG processor finds it by itself, or deploy or refresh again",
    "delete_dag": "The definition of the DAG `DAG` is deleted; Airflow's database broke off and has not answered "
    "since, so it isn't known whether the rows are. Delete it again: what is left then goes",
    "kill_running_tasks": f"{BROKE_OFF} change and has not answered since, so it isn't known whether it was made; "
    "look at the DagRun `RUN` of the DAG `DAG` and its note before you try again",
}
if STORE == "database":
    UNKNOWN["deploy_dag"] = "It isn't known whether Airflow's database took the workflow `DAG`; deploy again"
    UNKNOWN["delete_dag"] = (
        "Airflow's database broke off and has not answered since, so it isn't known whether the DAG `DAG` is deleted. "
        "Delete it again, which does no harm"
    )
UNKNOWN["patch_dag"] = (
    f"{BROKE_OFF} change and has not answered since, so it isn't known whether the DAG `DAG` is unpaused; "
    "send it again, which does no harm"
)
UNKNOWN["run_task_instance"] = UNKNOWN["trigger_dag"]
UNKNOWN["succeed_task_instance"] = UNKNOWN["kill_running_tasks"]
UNKNOWN["restart_failed_task"] = UNKNOWN["skip_task_instance"] = UNKNOWN["kill_running_tasks"]
UNKNOWN["restart_dag_runs"] = UNKNOWN["kill_dag_runs"] = UNKNOWN["kill_running_tasks"]
# A refresh tells of each DAG what it couldn't do; two others are a second way to do the same.
NAMES = [name for name in OPERATIONS if name not in {"refresh", "redeploy", "trigger with a run_id"}]


STAYING_AWAY = [("typed", "answer"), ("typed", "request"), ("old", "answer")]


@pytest.mark.parametrize(
    ("name", "door", "lost"),
    [(name, *loss) for name in NAMES for loss in STAYING_AWAY if getattr(OPERATIONS[name], loss[0])],
)
def test_what_is_not_known_is_said(ground: Ground, name: str, lost: str, door: str) -> None:
    """Where the database stays away, nobody is told that it was done or that it wasn't, but what to look at."""
    operation = OPERATIONS[name]
    dag_id = _new(ground, operation)
    before = ground.all_about(dag_id)
    ground.proxy.lose(lost, after=f"'{operation.operation_id}'", and_stay_away=True)
    answer = getattr(operation, door)(ground.client, dag_id)
    ground.proxy.come_back()

    assert (answer.status_code, ground.proxy.lost) == (503, 1)
    body = answer.json()
    if door == "typed":
        assert body["type"].endswith("/problems/outcome-unknown")
    sentence = re.sub("DagRun `[^`]+`", "DagRun `RUN`", body["detail" if door == "typed" else "error"])
    assert sentence.replace(dag_id, "DAG") == UNKNOWN[operation.operation_id]
    if STORE == "database" or name not in {"deploy", "delete"}:  # these have changed files
        assert (ground.all_about(dag_id) == before) == (lost == "request")


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_a_delete_of_which_nothing_is_known_is_ended_by_another(ground: Ground, lost: str) -> None:
    """Deleting again deletes what is left, if anything: neither the files nor the rows come back, or stay."""
    operation = OPERATIONS["delete"]
    dag_id = _new(ground, operation)
    ground.proxy.lose(lost, after="'delete_dag'", and_stay_away=True)
    assert operation.typed(ground.client, dag_id).status_code == 503
    ground.proxy.come_back()

    is_gone = STORE == "database" and lost == "answer"  # where all is one transaction, it was made or it was not
    assert operation.typed(ground.client, dag_id).status_code == (404 if is_gone else 200)
    left = json.loads(ground.all_about(dag_id))
    assert {name: left[name] for name in ("runs", "task instances", "dag", "serialized", "files")} == {
        "runs": [],
        "task instances": [],
        "dag": [],
        "serialized": [[0]],
        "files": [],
    }


def test_a_kill_that_can_no_longer_be_watched_says_that_it_is_done(ground: Ground) -> None:
    """Where the database goes away after the kill of a task that has just begun, the answer is that it was killed."""
    dag_id = f"lost_{next(_numbers):03}"
    _with_run({"a": "running"}, "running")(ground, dag_id)
    with ground.engine.begin() as connection:
        job = (
            "INSERT INTO job (job_type, state, latest_heartbeat) VALUES ('LocalTaskJob', 'running', now()) RETURNING id"
        )
        begun = "UPDATE task_instance SET job_id = :job_id, pid = NULL WHERE dag_id = :dag_id AND task_id = 'a'"
        connection.execute(text(begun), {"job_id": connection.execute(text(job)).scalar_one(), "dag_id": dag_id})
    ground.proxy.lose("nothing", after="'kill_running_tasks'", and_stay_away=True)
    answer = ground.client.post(f"{DAGS}/{dag_id}/dagRuns/{RUN}/kill")
    ground.proxy.come_back()

    assert answer.status_code == 503
    assert answer.json()["detail"] == (
        f"The DagRun `{RUN}` of the DAG `{dag_id}` was changed as asked, but Airflow's database does not answer any "
        "more; look at its task instances, a process may have written over their states"
    )
    assert [state for _, state, _ in json.loads(ground.all_about(dag_id))["runs"]] == ["failed"]


@pytest.mark.parametrize("lost", ["answer", "request"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_whichever_commit_is_lost_the_answer_is_true(ground: Ground, name: str, lost: str) -> None:
    """Where another COMMIT is lost, such as that of a look-up, an operation is done and says so, or neither."""
    operation = OPERATIONS[name]
    undisturbed = _new(ground, operation)
    expected = _answer(operation.typed(ground.client, undisturbed), undisturbed)
    done = (expected, ground.all_about(undisturbed))
    for number in itertools.count(1):
        dag_id = _new(ground, operation)
        before = ground.all_about(dag_id)
        ground.proxy.lose(lost, number=number)
        answer = _answer(operation.typed(ground.client, dag_id), dag_id)
        if not ground.proxy.lost:
            break
        left = ground.all_about(dag_id)
        if answer[0] == 503:
            assert "/problems/unavailable" in answer[1]
            assert left == before
        else:
            assert (answer, left) == done
    assert number > 1


def test_an_error_that_the_server_answers_to_a_commit_is_no_doubt(ground: Ground) -> None:
    """What the database itself refuses at the COMMIT is raised at once, and not made again."""
    changes = []

    def change() -> None:
        changes.append(1)
        session.execute(text("INSERT INTO refusing VALUES (1), (1)"))

    with Session(ground.engine) as session:
        session.execute(text("CREATE TABLE refusing (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
        session.commit()
        with pytest.raises(IntegrityError):
            in_one_transaction(change, session=session, was_committed=lambda: True)
        session.execute(text("DROP TABLE refusing"))
        session.commit()
    assert changes == [1]
