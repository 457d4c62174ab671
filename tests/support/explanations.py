"""DAGs whose runs fail or wait in every way that explain_dag_run knows, and their explanations as they must be."""

from __future__ import annotations

import re
from typing import Any

DAGS = '''
import os
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.models.baseoperator import BaseOperator
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.triggers.temporal import TimeDeltaTrigger

OUT = Path(os.environ["AIRFLOW_HOME"]) / "out"


def raises():
    print("reading rows")
    raise ValueError("no rows for 2026-01-01")


def raises_from():
    try:
        {}["table"]
    except KeyError as error:
        raise RuntimeError("could not load") from error


def kills_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def loses_its_worker():
    os.kill(os.getppid(), signal.SIGKILL)  # the process that sends its heartbeats
    os.kill(os.getpid(), signal.SIGKILL)


def falls_asleep():
    (OUT / "asleep").write_text(f"{os.getpid()} {os.getppid()}")
    os.kill(os.getppid(), signal.SIGSTOP)  # the process that sends its heartbeats
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(600)


class Defers(BaseOperator):
    """Waits for an hour in the triggerer."""

    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="resume")


def dag(dag_id, **arguments):
    return DAG(
        dag_id, start_date=datetime(2026, 1, 1), schedule=None, catchup=False,
        is_paused_upon_creation=dag_id in {"why_paused", "why_many"}, **arguments,
    )


for function in (raises, raises_from, kills_itself, loses_its_worker, falls_asleep):
    with dag("why_" + function.__name__):
        PythonOperator(task_id="work", python_callable=function) >> EmptyOperator(task_id="after")

with dag("why_exits"):
    BashOperator(task_id="work", bash_command="echo fine; echo broken >&2; exit 3") >> EmptyOperator(task_id="after")

# Not in its first second: on a busy machine the alarm came in the middle of a fork, where Python ignores exceptions.
with dag("why_times_out"):
    BashOperator(task_id="work", bash_command="sleep 60", execution_timeout=timedelta(seconds=5)) >> EmptyOperator(
        task_id="after"
    )

if os.environ.get("_AIRFLOW_PARSING_CONTEXT_DAG_ID") != "why_not_there":  # as where a worker has not got the file
    with dag("why_not_there"):
        EmptyOperator(task_id="work", on_success_callback=lambda context: None) >> EmptyOperator(task_id="after")

with dag("why_narrow"):
    BashOperator(task_id="work", bash_command="true", pool="no_slots") >> EmptyOperator(task_id="after")

with dag("why_paused"):
    EmptyOperator(task_id="work")

with dag("why_past"):
    BashOperator(task_id="work", bash_command="exit 1", depends_on_past=True)

with dag("why_crowded", max_active_tasks=1):
    for name in ("one", "two"):
        BashOperator(task_id=name, bash_command=f"touch {OUT}/running; sleep 600")

with dag("why_many"):
    BashOperator.partial(task_id="work").expand(bash_command=[f"exit {number}" for number in range(500)])

with dag("why_deferred"):
    Defers(task_id="work") >> EmptyOperator(task_id="after")
'''
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)")
# Columns of a failure that are another's business, and its lines, which log_lines gives.
_OF_RUN = ("start_date", "end_date", "duration", "log_lines")


def line_of(beginning: str) -> int:
    """The number of the line of the DAG file that begins so."""
    return next(number for number, line in enumerate(DAGS.split("\n"), start=1) if line.strip().startswith(beginning))


def log_lines(body: dict[str, Any]) -> list[str]:
    """The log lines of the first failure, without times and line numbers of Airflow's code."""
    if not body["failures"]:
        return []
    lines = body["failures"][0]["log_lines"] or []
    return [re.sub(r"^\[[^]]+\] \{([\w.]+):\d+\} ", r"\1 ", line) for line in lines]


def plain(value: Any, *hosts: str) -> Any:
    """Return an explanation, or a part of it, without what differs from run to run: times, and the names of hosts."""
    if isinstance(value, dict):
        return {key: plain(item, *hosts) for key, item in value.items() if key not in {*_OF_RUN, "as_of"}}
    if isinstance(value, list):
        return [plain(item, *hosts) for item in value]
    if isinstance(value, str):
        return re.sub("|".join(map(re.escape, hosts)), "HOST", _DATE.sub("DATE", value))
    return value


def failure(**more: Any) -> dict[str, Any]:
    """The failure of the task `work`."""
    body = {
        "task_id": "work",
        "map_index": -1,
        "state": "failed",
        "try_number": 1,
        "max_tries": 0,
        "operator": "PythonOperator",
        "hostname": "HOST",
        "exception": None,
        "causes": [],
        "place": None,
        "exit_code": None,
        "after_failure_of": [],
        "log_problem": None,
    }
    return {**body, **more}


def call(operation_id: str, method: str, path: str, reason: str, body: Any = None) -> dict[str, Any]:
    """A call that would help."""
    return {"operation_id": operation_id, "method": method, "path": path, "body": body, "reason": reason}


def after_failure(dag_id: str, index: str = "") -> list[dict[str, Any]]:
    """The calls that help a run whose task `work` failed."""
    run = f"/rest_api/api/dags/{dag_id}/dagRuns/r"
    logs = f"{run}/taskInstances/work/logs?{index and f'{index}&'}try_number=1"
    return [
        call("task_log", "GET", logs, "Shows all of the log of `work`."),
        call(
            "restart_failed_task",
            "POST",
            f"{run}/restart",
            "Runs again what failed, with everything downstream, once the cause is mended.",
        ),
        call(
            "skip_task_instance",
            "POST",
            f"{run}/taskInstances/work/skip{index and f'?{index}'}",
            "Goes on without `work`, where that will do.",
        ),
        call(
            "succeed_task_instance",
            "POST",
            f"{run}/taskInstances/work/succeed{index and f'?{index}'}",
            "Goes on as if `work` had succeeded, where its work is done.",
        ),
    ]


def failed(dag_id: str, summary: str, **more: Any) -> dict[str, Any]:
    """The explanation of a run that failed by its task `work`."""
    because = "Because of that 1 task instance did not run (upstream_failed)."
    return {
        "dag_id": dag_id,
        "run_id": "r",
        "state": "failed",
        "summary": f"The run failed. `work` failed: {summary} {because}",
        "task_instance_counts": {"failed": 1, "upstream_failed": 1},
        "run_reasons": [],
        "failures": [failure(**more)],
        "total_failures": 1,
        "waiting": [],
        "total_waiting": 0,
        "import_error": None,
        "logs_withheld": None,
        "calls": after_failure(dag_id),
    }


def waits(
    dag_id: str, summary: str, counts: dict[str, int], groups: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """The explanation of a run that is under way."""
    body = {
        "dag_id": dag_id,
        "run_id": "r",
        "state": "running",
        "summary": summary,
        "task_instance_counts": counts,
        "run_reasons": [],
        "failures": [],
        "total_failures": 0,
        "waiting": groups,
        "total_waiting": len(groups),
        "import_error": None,
        "logs_withheld": None,
        "calls": [],
    }
    return {**body, **more}


def group(task_id: str, state: str | None, *reasons: dict[str, Any], since: str | None = None) -> dict[str, Any]:
    """A task that waits."""
    return {
        "task_id": task_id,
        "map_index": -1,
        "count": 1,
        "state": state,
        "since": since,
        "reasons": list(reasons),
    }


def reason(name: str, words: str, until: str | None = None) -> dict[str, Any]:
    """A reason to wait."""
    return {"name": name, "reason": words, "until": until}


def behind(state: str) -> dict[str, Any]:
    """The reason of the task `after`."""
    return reason(
        "Trigger Rule",
        "Its trigger rule all_success wants the one upstream to succeed; so far: 1 not done. "
        f"It waits for `work` ({state}).",
    )
