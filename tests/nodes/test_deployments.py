"""What is deployed on one webserver is everywhere: on the other one and on each worker. What is deleted is nowhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from support.node_runs import DAGS, await_run, deploy, hosts, returned, trigger
from support.nodes import NODES
from support.workflows import bash, python

WORKERS = ("worker-1", "worker-2")
# A callable that a definition names, on every node.
CALLABLES = "import socket\n\n\ndef where():\n    return socket.gethostname()\n"


def lasting(body: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of a DAG without what DAG processors may change between two answers."""
    return {key: value for key, value in body.items() if key not in {"nodes", "parsed_at"}}


def test_two_webservers_that_start_at_once_on_an_empty_database(airflow):
    """Both are well, and what they make in the database at their start is there once."""
    with airflow.engine.connect() as connection:
        tables = connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'openmetadata%' ORDER BY 1")
        ).scalars()
        assert set(tables) >= {f"openmetadata_airflow_apis_{name}" for name in ("login_try", "revoked_token")}
        twice = connection.execute(
            text(
                "SELECT permission_id, view_menu_id, count(*) FROM ab_permission_view GROUP BY 1, 2 HAVING count(*) > 1"
            )
        ).all()
        assert twice == []
    for node in ("webserver-1", "webserver-2"):
        assert airflow.client(node, None).get("/rest_api/api/health").json()["status"] == "healthy"
        assert "Traceback" not in airflow.log_path(node).read_text()


def test_a_deploy_is_read_at_once_on_the_other_webserver(first, second):
    """What the first webserver has deployed, the second one answers in full at the next call."""
    deployed = deploy(first, "at_once", {"one": bash("true")})
    here, there = (client.get(f"{DAGS}/at_once") for client in (first, second))
    assert (here.status_code, lasting(here.json())) == (there.status_code, lasting(there.json()))
    assert (there.status_code, there.json()["revision"]) == (200, deployed["revision"])
    assert "at_once" in {dag["dag_id"] for dag in second.get(DAGS).json()["dags"]}


def test_tasks_run_on_both_workers(airflow, first, second):
    """Tasks of one run, callable files and all, run on the workers whose queues they name."""
    airflow.write_file("dag_managed_operators/places.py", CALLABLES)
    tasks = {worker: python("where", "places.py", queue=worker) for worker in WORKERS}
    deploy(first, "spread", tasks)
    trigger(second, "spread", "r")
    await_run(airflow, "spread", "r")
    assert hosts(airflow, "spread", "r") == {worker: worker for worker in WORKERS}
    assert returned(airflow, "spread", "r") == {worker: worker for worker in WORKERS}


def test_a_kill_from_the_other_webserver(airflow, first, second):
    """A run that was started on one webserver is killed on the other, and its processes are gone on the workers."""
    deploy(first, "killed", {worker: bash("exec sleep 7654", queue=worker) for worker in WORKERS})
    trigger(first, "killed", "r")

    def sleeping() -> list[int]:
        return [len(airflow.machines[worker].processes("sleep 7654")) for worker in WORKERS]

    airflow.wait_for(lambda: sleeping() == [1, 1], "both tasks")
    answer = second.post(f"{DAGS}/killed/dagRuns/r/kill?wait=60")
    assert (answer.status_code, answer.json()["still_running"]) == (200, []), answer.text
    assert {(task["task_id"], task["hostname"]) for task in answer.json()["task_instances"]} == {
        (worker, worker) for worker in WORKERS
    }
    assert sleeping() == [0, 0]
    assert airflow.run_state("killed", "r") == "failed"
    assert airflow.task_states("killed", "r") == dict.fromkeys(WORKERS, "failed")


def test_a_redeploy_is_what_the_next_run_runs(airflow, first, second):
    """A run that begins after a redeploy on the other webserver runs the new commands on each worker."""
    commands = "echo {}"
    deploy(first, "again", {worker: bash(commands.format("old"), queue=worker) for worker in WORKERS})
    trigger(first, "again", "before")
    await_run(airflow, "again", "before")
    deploy(second, "again", {worker: bash(commands.format("new"), queue=worker) for worker in WORKERS})
    trigger(first, "again", "after")
    await_run(airflow, "again", "after")
    assert returned(airflow, "again", "before") == dict.fromkeys(WORKERS, "old")
    assert returned(airflow, "again", "after") == dict.fromkeys(WORKERS, "new")


def test_a_restored_version_is_what_every_node_has(airflow, first, second):
    """A version that one webserver restores is read on the other, parsed, and run on each worker, as it was before."""
    for word in ("old", "new"):
        tasks = {worker: bash(f"echo {word}", queue=worker) for worker in WORKERS}
        version = deploy(first, "restored", tasks)["version_number"]
    assert version == 2
    answer = second.post(f"{DAGS}/restored/dagVersions/1/restore?wait=90")
    restored = answer.json()
    assert (answer.status_code, restored["state"], restored["version_number"]) == (200, "parsed", 3), answer.text
    here, there = (lasting(client.get(f"{DAGS}/restored").json()) for client in (first, second))
    assert (here, here["version_number"], here["revision"]) == (there, 3, restored["revision"])
    trigger(first, "restored", "r")
    await_run(airflow, "restored", "r")
    assert returned(airflow, "restored", "r") == dict.fromkeys(WORKERS, "old")


def test_a_deleted_dag_is_gone_everywhere(airflow, first, second):
    """After a delete no node has the DAG's files, the other webserver answers 404, and no late parse brings it back."""
    deploy(first, "brief", {"one": bash("true")})
    trigger(first, "brief", "r")
    await_run(airflow, "brief", "r")
    assert second.delete(f"{DAGS}/brief").status_code == 200
    assert first.get(f"{DAGS}/brief").status_code == 404
    folders = [airflow.machines[node].path(airflow.home) for node in NODES]
    assert [str(path) for folder in folders for path in folder.glob("dag*/brief*")] == []

    # A parse that was under way must not bring it back: the next one of another DAG comes after it.
    deploy(second, "next", {"one": bash("true")})
    trigger(second, "next", "r")
    await_run(airflow, "next", "r")
    query = text("SELECT count(*) FROM dag WHERE dag_id = 'brief'")
    with airflow.engine.connect() as connection:
        assert connection.execute(query).scalar() == 0


def test_a_worker_that_starts_after_the_deploy_runs_it(airflow, first, second):
    """A task waits for the one worker that serves its queue, says so, and runs when that one is there."""
    airflow.stop("worker-2")
    try:
        deploy(first, "patient", {"one": bash("true", queue="worker-2")})
        trigger(second, "patient", "r")
        airflow.wait_for(lambda: airflow.task_states("patient", "r") == {"one": "queued"}, "the task to be queued")
        explanation = first.get(f"{DAGS}/patient/dagRuns/r/explanation").json()
    finally:
        airflow.start("worker-2")
    await_run(airflow, "patient", "r")
    assert hosts(airflow, "patient", "r") == {"one": "worker-2"}
    (waiting,) = explanation["waiting"]
    (reason,) = waiting["reasons"]
    assert reason["name"] == "Executor"
    assert "worker-2" in reason["reason"]
