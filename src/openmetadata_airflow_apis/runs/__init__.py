"""What happens to DagRuns and their task instances: read, trigger, restart, kill, skip, run in part.

Each verb takes a SQLAlchemy session of Airflow's with nothing pending. One that changes something makes a plan,
applies it and commits exactly once, or rolls back and raises; one that reads leaves the session as it is.
A verb costs a fixed number of SQL statements, whatever the number of runs and of task instances.
"""

from openmetadata_airflow_apis.runs.chosen_runs import ChosenRuns
from openmetadata_airflow_apis.runs.explanation import explain_dag_run
from openmetadata_airflow_apis.runs.explanation_results import DagRunExplanation, HelpfulCall
from openmetadata_airflow_apis.runs.kill import kill_dag_runs, kill_running, killed_runs
from openmetadata_airflow_apis.runs.overwritten_states import await_all_stopped, await_stopped
from openmetadata_airflow_apis.runs.partial import run_partial
from openmetadata_airflow_apis.runs.restart import restart_dag_runs, restart_failed, restarted_runs
from openmetadata_airflow_apis.runs.restart_choice import RestartChoice
from openmetadata_airflow_apis.runs.results import (
    KilledRun,
    KilledRuns,
    PartialRun,
    RestartedRun,
    RestartedRuns,
    RunState,
    SkippedTask,
    SucceededTask,
    TaskInstanceDetail,
    TouchedTaskInstance,
    TriggeredRun,
    UntouchedRun,
)
from openmetadata_airflow_apis.runs.run_lists import list_dag_runs, list_task_instances
from openmetadata_airflow_apis.runs.run_state import dag_state, task_instance_detail
from openmetadata_airflow_apis.runs.run_wait import await_end
from openmetadata_airflow_apis.runs.skip import skip_task_instance
from openmetadata_airflow_apis.runs.succeed import succeed_task_instance
from openmetadata_airflow_apis.runs.task_logs import open_task_log
from openmetadata_airflow_apis.runs.task_summaries import list_task_summaries
from openmetadata_airflow_apis.runs.trigger import trigger_dag

__all__ = [
    "ChosenRuns",
    "DagRunExplanation",
    "HelpfulCall",
    "KilledRun",
    "KilledRuns",
    "PartialRun",
    "RestartChoice",
    "RestartedRun",
    "RestartedRuns",
    "RunState",
    "SkippedTask",
    "SucceededTask",
    "TaskInstanceDetail",
    "TouchedTaskInstance",
    "TriggeredRun",
    "UntouchedRun",
    "await_all_stopped",
    "await_end",
    "await_stopped",
    "dag_state",
    "explain_dag_run",
    "kill_dag_runs",
    "kill_running",
    "killed_runs",
    "list_dag_runs",
    "list_task_instances",
    "list_task_summaries",
    "open_task_log",
    "restart_dag_runs",
    "restart_failed",
    "restarted_runs",
    "run_partial",
    "skip_task_instance",
    "succeed_task_instance",
    "task_instance_detail",
    "trigger_dag",
]
