"""A worker without the callable file of a task names itself and the file, to whoever asks for the reason."""

from __future__ import annotations

from support.node_runs import DAGS, await_run, deploy, returned, trigger
from support.workflows import python

CALLABLES = "def answer():\n    return 42\n"


def test_a_worker_without_the_callable_file(airflow, first, second):
    """doctor says it there beforehand; the audit log before the task fails, and the explanation from any webserver.

    Once the file is there, a restart is enough.
    """
    airflow.write_file("dag_managed_operators/answers.py", CALLABLES)
    deploy(first, "lacking", {"one": python("answer", "answers.py", queue="worker-2")})
    folder = airflow.home / "dag_managed_operators"
    with airflow.empty_folder("worker-2", "dag_managed_operators"):
        trigger(first, "lacking", "r")
        await_run(airflow, "lacking", "r", "failed")
        doctor = airflow.command("worker-2", "openmetadata-airflow-apis", "doctor")
        explanation = second.get(f"{DAGS}/lacking/dagRuns/r/explanation").json()
    assert doctor.returncode == 1, doctor.stdout + doctor.stderr
    assert (
        f"{folder / 'answers.py'} is missing, without which the DAG `lacking` can't be imported here" in doctor.stdout
    )
    reason = (
        "It never began: the DAG can't be imported on its worker, the host worker-2: task `one`: the file 'answers.py' "
        f"in {folder} can't be read: [Errno 2] No such file or directory: 'answers.py'"
    )
    (failure,) = explanation["failures"]
    assert (failure["task_id"], failure["kind"], failure["reason"]) == ("one", "not_started", reason)
    assert explanation["summary"] == f"The run failed. `one` failed: {reason}."
    noted = airflow._scalar("SELECT min(dttm) FROM log WHERE event = 'dag_not_built' AND dag_id = 'lacking'")
    assert noted <= airflow._scalar("SELECT end_date FROM task_instance WHERE dag_id = 'lacking'")

    answer = second.post(f"{DAGS}/lacking/dagRuns/r/restart")
    assert answer.status_code == 200, answer.text
    await_run(airflow, "lacking", "r")
    assert returned(airflow, "lacking", "r") == {"one": 42}
