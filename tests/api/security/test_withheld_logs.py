"""What is in logs is told to nobody who may not read logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import dag_runs
from support.callers import bearer

RUN = "/rest_api/api/dags/secretive/dagRuns/one"
LOG = """\
[2026-01-02T00:00:02.000+0000] {taskinstance.py:3337} ERROR - Task failed with exception
Traceback (most recent call last):
  File "/opt/airflow/dags/secretive.py", line 9, in work
ValueError: the secret is out
"""
NEEDED = "'can read on DAG:secretive' (or on DAGs) and 'can read on Task Logs'"


@pytest.fixture
def run(app, session, tmp_path):
    """A failed run whose log has something secret in it."""
    from airflow.configuration import conf
    from airflow.operators.empty import EmptyOperator

    with dag_runs.new_dag("secretive") as dag:
        EmptyOperator(task_id="work")
    dag_runs.store(dag, session)
    dag_runs.new_run(dag, session, {"work": "failed"}, run_id="one", run_state="failed", hostname="worker-1")
    path = Path(conf.get("logging", "base_log_folder")) / "dag_id=secretive/run_id=one/task_id=work/attempt=1.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LOG)
    yield
    path.unlink()


@pytest.fixture
def reader(make_role, make_user, sign_in):
    """The headers of a user who may read runs and task instances, and no logs."""
    resources = ("DAGs", "DAG Runs", "Task Instances")
    user = make_user(make_role("Reader of runs", *(("can_read", resource) for resource in resources)))
    return bearer(sign_in(user.username, "a-password")["access_token"])


def test_an_explanation_without_logs(client, run, reader, sign_in):
    """Whoever may read the run but not its logs gets an explanation without a word of them, which says so."""
    answer = client.get(f"{RUN}/explanation", headers=reader)
    assert answer.status_code == 200
    withheld = f"Logs are not shown: task_log needs the permission {NEEDED}."
    assert answer.json["logs_withheld"] == withheld
    (failure,) = answer.json["failures"]
    told = {name: failure[name] for name in ("kind", "reason", "exception", "causes", "place", "log_lines")}
    assert told == {
        "kind": "unknown",
        "reason": f"Airflow's database does not say why it failed, and its log can't be read. {withheld}",
        "exception": None,
        "causes": [],
        "place": None,
        "log_lines": None,
    }
    assert failure["log_problem"] == withheld
    assert "secret is out" not in json.dumps(answer.json)
    viewer = client.get(f"{RUN}/explanation", headers=bearer(sign_in("viewer")["access_token"]))
    assert viewer.json["failures"][0]["exception"] == "ValueError: the secret is out"


def test_no_log_without_the_permission(client, run, reader):
    """The log itself is refused, with the permission's name."""
    answer = client.get(f"{RUN}/taskInstances/work/logs", headers=reader)
    assert (answer.status_code, answer.json["detail"]) == (403, f"task_log needs the permission {NEEDED}")


def test_no_explanation_without_the_permission_to_read_task_instances(client, run, make_role, make_user, sign_in):
    """Whoever may not read task instances, of which an explanation tells, is refused it."""
    user = make_user(make_role("Reader of DAGs", ("can_read", "DAGs"), ("can_read", "DAG Runs")))
    answer = client.get(f"{RUN}/explanation", headers=bearer(sign_in(user.username, "a-password")["access_token"]))
    assert (answer.status_code, answer.json["detail"]) == (
        403,
        (
            "explain_dag_run needs the permission 'can read on DAG:secretive' (or on DAGs) and 'can read on DAG Runs' "
            "and 'can read on Task Instances'"
        ),
    )
