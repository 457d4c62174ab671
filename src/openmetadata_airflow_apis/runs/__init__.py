"""What happens to DagRuns and their task instances: read, trigger, restart, kill, skip, run in part.

Each verb takes a SQLAlchemy session of Airflow's with nothing pending. One that changes something makes a plan,
applies it and commits exactly once, or rolls back and raises; one that reads leaves the session as it is.
A verb costs a fixed number of SQL statements, whatever the number of runs and of task instances.

Verbs:

    trigger.py          trigger: a manual run, its dates, conf, run_id, first task instances; import errors refuse it
    partial_run.py      a run in which only some tasks run; a chosen task that could never start is refused
    restart.py          restart of one run or many; waits for processes that still end, or refuses
    restart_choice.py   what a restart runs again: what failed or was chosen, downstream, setups, by map index
    kill.py             kill: fails what is unfinished
    skip_or_succeed.py  skip a task, or mark it as successful; a failed run is queued again and goes on

Upstream and downstream:

    downstream_of_skip_or_success.py  which tasks downstream are skipped as well, or wait again
    trigger_rules.py                  what the scheduler decides from the states upstream: by rule, setups, expansion
    task_dependencies.py              what depends on what, down to map indexes; what a task is expanded over

What the verbs share:

    results.py          what the verbs answer; which touched task instances had a process; which states end a run
    run_change_plan.py  a plan of changes to runs, what a dry run answers, and how it is applied
    clearing.py         clears task instances, with the effect of Airflow's own clearing
    run_notes.py        the note of a run: the user's own words, and a line for each change; oldest lines go first

    marked_task_instances.py      sets a state from outside: dates, the trigger let go
    tries_after_kill_or_clear.py  the tries that are left: none after a kill, all after a restart

    run_rows.py            the SQL of runs: read, locked in the order of their creation, queued again
    task_instance_rows.py  the SQL of task instances: found, locked, changed

Which runs and tasks:

    dag_run_and_task_lookup.py    finds the DAG, its run and tasks by their names, or says which is missing
    dag_import_errors.py          whether the DAG's file can be imported; if not, no run is made of it
    chosen_runs.py                the runs that one call changes together; too many are refused; which stay `untouched`
    near_dag_run_and_task_ids.py  "did you mean": the ids that are like one that was not found

Processes:

    processes_after_stop.py  the wait for their end, or first for their pid; a stop stays, though they write over it
    work_with_deadline.py    work that may take for ever, given up at a deadline

Reading:

    run_state.py                    the state of a run
    run_wait.py                     waits until a run has ended
    run_and_task_instance_lists.py  pages of runs and of task instances: filters, order
    task_instance_details.py        one task instance, or a mapped task as one
    task_summaries.py               how tasks went in several runs; a mapped one's state as in the grid, what is null

Explaining a run:

    explanation.py           explain_dag_run: why it failed, why it isn't running, what would help
    explanation_results.py   what explain_dag_run answers
    explanation_summary.py   the explanation in a few sentences
    run_reasons.py           why the run as a whole does not go on, or failed
    waiting_task_reasons.py  what each unfinished task instance waits for
    upstream_reasons.py      why a task waits for the tasks upstream
    depends_on_past.py       why a task waits for the run before: depends_on_past, wait_for_downstream
    queued_task_reasons.py   who has to take a queued task instance
    celery_workers.py        which queues the Celery workers serve
    scheduling_facts.py      pools, limits, schedulers: what decides when tasks start
    failures.py              the failures of a run, which came first, and why
    audit_log_evidence.py    what the audit log says of a run: the scheduler's notes, states set by hand
    helpful_calls.py         the calls that would help
    wording.py               how numbers, times and long texts are written

Logs:

    task_logs.py           the log of one try, as it is asked for: a part, the last lines, or all of it
    log_sources.py         from where a log is read: a remote store, files here, the executor, a worker's log server
    log_readers.py         reads the text from each of these, in bounded memory
    merged_logs.py         the logs of one try, of a worker and a triggerer, in the order of their times
    logged_failures.py     what the ends of logs say of failures; how much of the logs is read for that
    printed_exceptions.py  exceptions in a log, as Python prints them
"""

from openmetadata_airflow_apis.runs.chosen_runs import ChosenRuns
from openmetadata_airflow_apis.runs.explanation import explain_dag_run
from openmetadata_airflow_apis.runs.explanation_results import DagRunExplanation, HelpfulCall
from openmetadata_airflow_apis.runs.kill import kill_dag_runs, kill_running, killed_runs
from openmetadata_airflow_apis.runs.partial_run import run_partial
from openmetadata_airflow_apis.runs.processes_after_stop import await_all_stopped, await_stopped
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
from openmetadata_airflow_apis.runs.run_and_task_instance_lists import list_dag_runs, list_task_instances
from openmetadata_airflow_apis.runs.run_state import dag_state
from openmetadata_airflow_apis.runs.run_wait import await_end
from openmetadata_airflow_apis.runs.skip_or_succeed import skip_task_instance, succeed_task_instance
from openmetadata_airflow_apis.runs.task_instance_details import task_instance_detail
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
