"""Nodes that go away and come back: what is answered meanwhile, and what is true afterwards."""

from __future__ import annotations

import re
import time

from support.node_runs import DAGS, await_run, deploy, trigger
from support.workflows import bash, request


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


def test_a_dag_processor_that_is_killed_in_the_middle_of_a_pass(airflow, first, second):
    """Deploys go on without it, and are parsed by the next one; what it had parsed before stays as it was."""
    deploy(first, "parsed_before", {"one": bash("true")})
    airflow.wait_for(lambda: second.get(f"{DAGS}/parsed_before").json()["state"] == "parsed", "the first parse")
    # A file of somebody else's, whose parsing takes so long that the pass is in its middle.
    (airflow.folder / "dags" / "slow.py").write_text("# airflow DAG\nimport time\n\ntime.sleep(20)\n")
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
        (airflow.folder / "dags" / "slow.py").unlink()
        airflow.start("dag-processor")
    for name in ("parsed_before", "parsed_after"):
        airflow.wait_for(lambda name=name: first.get(f"{DAGS}/{name}").json()["state"] == "parsed", f"{name} parsed")
    assert first.get(f"{DAGS}?limit=100").json()["damaged"] == []
