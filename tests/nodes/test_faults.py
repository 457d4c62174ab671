"""Nodes that go away and come back: what is answered meanwhile, and what is true afterwards."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from support.node_runs import DAGS, await_run, deploy, trigger
from support.workflows import bash, request

if TYPE_CHECKING:
    from support.client import Client
    from support.nodes import LargeInstallation


class Caller(threading.Thread):
    """Deploys a DAG again and again, and starts a run of each version; `answers` are all that it was told.

    Each is (what was asked, the number of the version, the status, the body).
    """

    def __init__(self, client: Client, name: str) -> None:
        super().__init__(daemon=True)
        self.name = name
        self.answers: list[tuple[str, int, int, Any]] = []
        self.failure: BaseException | None = None
        self._client, self._stopping = client, threading.Event()

    def run(self) -> None:
        try:
            number = 0
            while not self._stopping.wait(0.2):
                number += 1
                body = request(self.name, tasks={"one": bash(f"echo {number}")})
                body["workflow"] |= {"unpause": True, "force": True}
                self._call("deploy", number, DAGS, body)
                if number % 10 == 1:
                    self._call("trigger", number, f"{DAGS}/{self.name}/dagRuns", {"run_id": f"r{number}"})
        except BaseException as error:  # noqa: BLE001 - raised again by end()
            self.failure = error

    def end(self) -> None:
        self._stopping.set()
        self.join()
        if self.failure:
            raise self.failure

    def told(self, what: str, *statuses: int) -> list[int]:
        """Return the numbers of the versions for which this was answered."""
        return [number for asked, number, status, _ in self.answers if asked == what and status in statuses]

    def _call(self, what: str, number: int, path: str, body: dict[str, Any]) -> None:
        answer = self._client.post(path, json=body)
        self.answers.append((what, number, answer.status_code, answer.json()))


def test_a_database_that_is_away_for_20_seconds(airflow, first, second):
    """What was answered as done is there, what was refused is not, and then all goes on by itself.

    Tasks that were running fail in Airflow without their database; their runs end, and the explanation names it.
    """
    names = {"a_1": first, "a_2": first, "b_1": second, "b_2": second}
    callers = [Caller(client, name) for name, client in names.items()]
    for caller in callers:
        caller.start()
    airflow.wait_for(lambda: all(len(caller.told("deploy", 200, 201)) > 5 for caller in callers), "some deploys")
    airflow.database.pause()
    time.sleep(20)
    airflow.database.resume()
    airflow.start_ended()
    counts = [len(caller.answers) for caller in callers]

    def goes_on() -> bool:
        fresh = [caller.answers[count:] for caller, count in zip(callers, counts)]
        return all([status in {200, 201} for _, _, status, _ in answers[-5:]] == [True] * 5 for answers in fresh)

    airflow.wait_for(goes_on, "answers as before")
    for caller in callers:
        caller.end()

    for caller in callers:
        assert {status for _, _, status, _ in caller.answers} == {200, 201, 503}
        assert {body["type"] for _, _, status, body in caller.answers if status == 503} == {
            "/rest_api/api/problems/unavailable"
        }
        stored = second.get(f"{DAGS}/{caller.name}").json()["definition"]["dag_config"][caller.name]
        assert stored["tasks"]["one"]["bash_command"] == f"echo {caller.told('deploy', 200, 201)[-1]}"
        started = {f"r{number}" for number in caller.told("trigger", 201)}
        assert set(run_ids(airflow, caller.name)) == started
        for run_id in started:
            assert_ended(airflow, first, caller.name, run_id)


def assert_ended(airflow: LargeInstallation, client: Client, dag_id: str, run_id: str) -> None:
    """Wait until a run has ended, well or because the database was away."""
    ended = {"success", "failed"}
    airflow.wait_for(lambda: airflow.run_state(dag_id, run_id) in ended, f"the end of {dag_id} {run_id}", seconds=120)
    if airflow.run_state(dag_id, run_id) == "failed":
        (failure,) = client.get(f"{DAGS}/{dag_id}/dagRuns/{run_id}/explanation").json()["failures"]
        assert failure["kind"] in {"exception", "lost_heartbeat", "not_started"}, failure
        # The driver's error, or the one that SQLAlchemy raises for the next statement on the same connection.
        is_databases = "psycopg2" in failure["reason"] or failure["reason"].startswith(
            "sqlalchemy.exc.PendingRollbackError: Can't reconnect"
        )
        assert is_databases or failure["kind"] != "exception", failure


def run_ids(airflow: LargeInstallation, dag_id: str) -> list[str]:
    """Return the names of a DAG's runs."""
    with airflow.engine.connect() as connection:
        return list(
            connection.execute(text("SELECT run_id FROM dag_run WHERE dag_id = :dag_id"), {"dag_id": dag_id}).scalars()
        )


def test_a_worker_that_is_cut_off(airflow, first, second):
    """A kill says that a task's process on a worker which nobody reaches is still running; it ends there by itself.

    Nothing that the worker says when it is back changes what was killed, and it works again.
    """
    worker = airflow.machines["worker-1"]
    deploy(first, "remote", {"one": bash("exec sleep 5432", queue="worker-1")})
    trigger(first, "remote", "r")
    airflow.wait_for(lambda: worker.processes("sleep 5432"), "the task")
    worker.unplug()
    try:
        cut_off = time.monotonic()
        killed = second.post(f"{DAGS}/remote/dagRuns/r/kill?wait=5")
        there = worker.processes("sleep 5432")
        meanwhile = first.get(f"{DAGS}/remote/dagRuns/r/explanation").json()
        time.sleep(60 - (time.monotonic() - cut_off))
    finally:
        worker.plug_in()
    assert (killed.status_code, len(there)) == (200, 1)
    (touched,) = killed.json()["still_running"]
    assert (touched["task_id"], touched["hostname"], touched["state_after"]) == ("one", "worker-1", "failed")
    words = r"It was killed through this API \(kill_running_tasks\) at [^`]+ UTC\."
    assert re.fullmatch(f"The run failed. {words} `one` failed: {words}", meanwhile["summary"])

    airflow.wait_for(lambda: not worker.processes("sleep 5432"), "the end of the process", seconds=120)
    deploy(first, "remote", {"one": bash("true", queue="worker-1")})
    trigger(first, "remote", "again")
    await_run(airflow, "remote", "again")
    assert (airflow.run_state("remote", "r"), airflow.task_states("remote", "r")) == ("failed", {"one": "failed"})
    later = first.get(f"{DAGS}/remote/dagRuns/r/explanation").json()
    assert later["summary"] == meanwhile["summary"], later


@pytest.mark.file_store("test_dag_processors.py has the same of nodes that share no folder")
def test_a_dag_processor_that_is_killed_in_the_middle_of_a_pass(airflow, first, second):
    """Deploys go on without it, and are parsed by the next one; what it had parsed before stays as it was."""
    deploy(first, "parsed_before", {"one": bash("true")})
    airflow.wait_for(lambda: second.get(f"{DAGS}/parsed_before").json()["state"] == "parsed", "the first parse")
    # A file of somebody else's, whose parsing takes so long that the pass is in its middle.
    airflow.write_file("dags/slow.py", "# airflow DAG\nimport time\n\ntime.sleep(20)\n")
    airflow.request_parse(airflow.home / "dags" / "slow.py")
    processor = airflow.machines["dag-processor"]
    airflow.wait_for(lambda: processor.processes("slow.py"), "the parsing of the slow file")
    airflow.kill("dag-processor")
    try:
        answer = first.post(f"{DAGS}?wait=2", json=request("parsed_after", tasks={"one": bash("true")}))
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        deploy(second, "parsed_before", {"one": bash("echo again")})
        trigger(second, "parsed_before", "r")
        await_run(airflow, "parsed_before", "r")  # the scheduler does not need it
    finally:
        airflow.remove_file("dags/slow.py")
        airflow.start("dag-processor")
    for name in ("parsed_before", "parsed_after"):
        airflow.wait_for(lambda name=name: first.get(f"{DAGS}/{name}").json()["state"] == "parsed", f"{name} parsed")
    assert first.get(f"{DAGS}?limit=100").json()["damaged"] == []
