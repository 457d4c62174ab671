"""Explanations from what Airflow's database says: failures without a log, and what runs and tasks wait for."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from openmetadata_airflow_apis.runs import explain_dag_run, kill_running
from support.dag_runs import START, new_dag, new_run, put_states, store
from support.statements import counted
from support.versions import AIRFLOW

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHHELD = "withheld here"
NEVER_BEGAN = (
    "It never began: its worker could not start it, as when the DAG can't be imported there "
    '("Dag … could not be found"); the worker\'s own log says more.'
)


@pytest.fixture(autouse=True)
def jobs(session) -> Iterator:
    """A scheduler and a triggerer whose heartbeats came just now; put(…) adds a job and returns its id."""
    from airflow.jobs.job import Job
    from airflow.models.log import Log

    def put(job_type: str, *, ago: float = 0, state: str = "running", **columns) -> int:
        job = Job(job_type=job_type, state=state, latest_heartbeat=now() - timedelta(seconds=ago), **columns)
        session.add(job)
        session.commit()
        return job.id

    session.query(Log).filter_by(dag_id="explained").delete()
    put("SchedulerJob")
    put("TriggererJob")
    yield put
    session.rollback()
    session.query(Job).delete()
    session.commit()


def now() -> datetime:
    """This moment."""
    return datetime.now(timezone.utc)


def explain(session, run_id: str = "manual__1", dag_id: str = "explained", *, logs_withheld: str | None = WITHHELD):
    """Explain a run, without its logs unless told."""
    return explain_dag_run(dag_id, run_id, logs_withheld=logs_withheld, session=session)


def reasons(found) -> list[tuple[str, str]]:
    """Names and words of reasons."""
    return [(reason.name, reason.reason) for reason in found]


def waiting(explanation) -> list[tuple]:
    """What waits: task_id, map_index, count, state, and its reasons."""
    return [
        (group.task_id, group.map_index, group.count, group.state, reasons(group.reasons))
        for group in explanation.waiting
    ]


def calls(explanation) -> list[tuple]:
    """The calls that would help, by operation and arguments."""
    return [(call.operation_id, call.arguments) for call in explanation.calls]


def change(
    session, task_id: str | None = None, run_id: str = "manual__1", dag_id: str = "explained", **columns
) -> None:
    """Change columns of task instances."""
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    these = (table.c.dag_id == dag_id) & (table.c.run_id == run_id)
    if task_id is not None:
        these &= table.c.task_id == task_id
    session.execute(update(table).where(these).values(**columns))
    session.commit()


def change_dag(session, **columns) -> None:
    """Change columns of the DAG's row."""
    from airflow.models.dag import DagModel

    session.query(DagModel).filter_by(dag_id="explained").update(columns)
    session.commit()


@pytest.fixture
def chain(session):
    """The DAG `explained`: first, then second."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("explained") as dag:
        EmptyOperator(task_id="first") >> EmptyOperator(task_id="second")
    store(dag, session)
    return dag


def note(session, event_name: str, text: str | None = None, **columns) -> None:
    """Add a row to Airflow's audit log, as its scheduler or its page does."""
    from airflow.models.log import Log

    values = {"dag_id": "explained", "run_id": "manual__1", "try_number": 1, **columns}
    row = Log(event_name, extra=text, **values)
    session.add(row)
    session.commit()


BEHIND = (
    "Its trigger rule all_success wants the one upstream to succeed; so far: 1 not done. It waits for `first` ({})."
)


class TestFailures:
    """Why a task failed, from what is known without its log."""

    def failure(self, session, **arguments):
        """The one failure of the run."""
        (failure,) = explain(session, **arguments).failures
        return failure.kind, failure.reason

    @pytest.fixture(autouse=True)
    def failed(self, chain, session):
        """`first` failed on worker-1, `second` was not run."""
        states = {"first": "failed", "second": "upstream_failed"}
        new_run(chain, session, states, run_state="failed", hostname="worker-1", pid=1)

    @pytest.mark.skipif(AIRFLOW < (2, 10), reason="Airflow < 2.10 notes no such events")
    def test_a_lost_heartbeat(self, session, jobs):
        """A task whose heartbeat the scheduler missed is told as such, with when it was last heard of."""
        job_id = jobs("LocalTaskJob", ago=3600)
        change(session, "first", job_id=job_id)
        note(session, "heartbeat timeout", "Task did not emit heartbeat", task_id="first", map_index=-1)
        kind, reason = self.failure(session)
        assert kind == "lost_heartbeat"
        assert reason.startswith("Its process on the host worker-1 was not heard of any more after 20")
        assert reason.endswith(
            " UTC, and Airflow failed it: it, or its worker, was killed or lost its connection to the database."
        )

    def test_a_process_that_is_gone(self, session, jobs):
        """A task whose process's own record ends without a word was lost, also where nobody has noted it."""
        change(session, "first", job_id=jobs("LocalTaskJob", ago=3600))
        assert self.failure(session)[0] == "lost_heartbeat"

    def test_a_process_that_ended_in_good_order(self, session, jobs):
        """A task whose process has ended by itself was not lost, although its log can't be read now."""
        change(session, "first", job_id=jobs("LocalTaskJob", ago=3600, state="success"))
        assert self.failure(session) == (
            "unknown",
            "Airflow's database does not say why it failed, and its log can't be read. withheld here",
        )

    @pytest.mark.skipif(AIRFLOW < (2, 10), reason="Airflow < 2.10 notes no such events")
    def test_a_task_that_its_executor_reports_as_failed(self, session):
        """A task that the executor reports as failed before it began could not be started on its worker."""
        change(session, "first", hostname="")
        note(session, "state mismatch", "Executor … reported", task_id="first", map_index=-1)
        assert self.failure(session) == ("not_started", NEVER_BEGAN)

    @pytest.mark.skipif(AIRFLOW < (2, 10), reason="Airflow < 2.10 notes no such events")
    def test_a_task_that_no_worker_took(self, session):
        """A task that was queued too often without beginning is told in the scheduler's words."""
        text = "Task was requeued more than 2 times and will be failed."
        note(session, "stuck in queued tries exceeded", text, task_id="first", map_index=-1)
        assert self.failure(session) == ("not_started", f"It never began: {text}")

    def test_a_task_without_a_host(self, session):
        """A failed task without a host never began."""
        change(session, "first", hostname="")
        assert self.failure(session) == ("not_started", NEVER_BEGAN)

    def test_events_of_other_tries_and_tasks_do_not_count(self, session):
        """What the scheduler noted of an earlier try, or of another task, is not this one's reason."""
        if AIRFLOW >= (2, 10):
            note(session, "heartbeat timeout", "x", task_id="first", map_index=-1, try_number=0)
            note(session, "heartbeat timeout", "x", task_id="second", map_index=-1)
        assert self.failure(session)[0] == "unknown"

    def test_a_state_that_was_set_by_hand(self, session):
        """A task that somebody set to failed on Airflow's page is told as such, by what was used."""
        extra = '{"dag_run_id": "manual__1"}'
        note(session, "failed", extra, task_id="first", owner="ada", try_number=None)
        change(session, "first", end_date=now())
        kind, reason = self.failure(session)
        assert kind == "state_set"
        assert reason.startswith("Its state was set by hand (failed of Airflow's own page or API) at 20")

    def test_what_the_tasks_own_process_notes_is_nobodys_hand(self, session):
        """The event that a task's own process leaves when it fails, without an extra, is not a setting by hand."""
        note(session, "failed", None, task_id="first", map_index=-1)
        change(session, "first", end_date=now())
        assert self.failure(session)[0] == "unknown"


def test_a_killed_run(chain, session):
    """A run that was killed here says so, and so do its tasks."""
    new_run(chain, session, {"first": "running"}, hostname="worker-1", pid=1)
    kill_running("explained", "manual__1", user="ada", session=session)
    told = explain(session)
    assert told.state == "failed"
    (reason,) = told.run_reasons
    assert reason.name == "State Set By Hand"
    assert reason.reason.startswith("It was killed through this API (kill_running_tasks) at 20")
    assert [(failure.task_id, failure.kind) for failure in told.failures] == [
        ("first", "state_set"),
        ("second", "state_set"),
    ]
    assert "ada" not in told.summary  # who may read runs need not read the audit log


def test_what_was_killed_before_its_first_try_has_no_log_to_look_at(chain, session):
    """No call for a log is recommended for a task instance that was killed before it ever began."""
    new_run(chain, session, {"first": None, "second": None})
    kill_running("explained", "manual__1", user="ada", session=session)
    told = explain(session)
    task = {"dag_id": "explained", "run_id": "manual__1", "task_id": "first"}
    assert [failure.try_number for failure in told.failures] == [0, 0]
    assert calls(told) == [
        ("restart_failed_task", {"dag_id": "explained", "run_id": "manual__1"}),
        ("skip_task_instance", task),
        ("succeed_task_instance", task),
    ]


def test_what_failed_first_comes_first(session):
    """First come tasks that failed by themselves, the earliest first; then what failed after what it depends on."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("explained") as dag:
        tasks = {name: EmptyOperator(task_id=name) for name in ("a", "b", "c")}
        tasks["a"] >> tasks["b"] >> EmptyOperator(task_id="watcher", trigger_rule="one_failed")
    store(dag, session)
    new_run(dag, session, dict.fromkeys([*tasks, "watcher"], "failed"), run_state="failed", hostname="worker-1")
    change(session, "c", end_date=START)
    told = explain(session)
    assert [(failure.task_id, failure.after_failure_of) for failure in told.failures] == [
        ("c", ()),
        ("a", ()),
        ("b", ("a",)),
        ("watcher", ("a", "b")),
    ]


def test_three_of_500_mapped_failed(session):
    """Of a mapped task each failed index is told, with its own place for the log, and the number of all."""
    from airflow.operators.bash import BashOperator

    with new_dag("explained") as dag:
        BashOperator.partial(task_id="mapped").expand(bash_command=["true"] * 500)
    store(dag, session)
    new_run(dag, session, {"mapped": "success"}, run_state="failed", hostname="worker-1")
    for index in (7, 300, 499):
        change_index(session, "mapped", index, state="failed")
    told = explain(session)
    assert [(failure.task_id, failure.map_index) for failure in told.failures] == [
        ("mapped", 7),
        ("mapped", 300),
        ("mapped", 499),
    ]
    assert (told.total_failures, told.task_instance_counts) == (3, {"failed": 3, "success": 497})
    assert calls(told)[0] == (
        "task_log",
        {"dag_id": "explained", "run_id": "manual__1", "task_id": "mapped", "map_index": 7, "try_number": 1},
    )
    assert told.summary == (
        "The run failed. `mapped` at map_index 7 failed: Airflow's database does not say why it failed, "
        "and its log can't be read. withheld here. 2 more failed."
    )


def change_index(session, task_id: str, map_index: int, **columns) -> None:
    """Change columns of one index of a mapped task."""
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    session.execute(update(table).where(table.c.task_id == task_id, table.c.map_index == map_index).values(**columns))
    session.commit()


def test_a_run_that_took_too_long(session):
    """A run that Airflow ended for its dagrun_timeout says so: none of its tasks has failed."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("explained", dagrun_timeout=timedelta(seconds=60)) as dag:
        EmptyOperator(task_id="only")
    store(dag, session)
    new_run(dag, session, {"only": "skipped"}, run_state="failed")
    change_run(session, start_date=START, end_date=START + timedelta(seconds=61))
    told = explain(session)
    reason = "The run took longer than the DAG's dagrun_timeout of 60 seconds; Airflow skips then what is unfinished."
    assert reasons(told.run_reasons) == [("Dagrun Timeout", reason)]
    assert told.summary == f"The run failed. {reason}"


def change_run(session, run_id: str = "manual__1", **columns) -> None:
    """Change columns of a run."""
    from airflow.models.dagrun import DagRun

    session.execute(update(DagRun.__table__).where(DagRun.__table__.c.run_id == run_id).values(**columns))
    session.commit()


def test_a_deadlocked_run(chain, session):
    """A run that failed since nothing in it could start any more says so."""
    new_run(chain, session, {"first": "success"}, run_state="failed")
    change_run(session, end_date=now())
    told = explain(session)
    assert reasons(told.run_reasons) == [
        ("Task Deadlock", "No task could start any more; unfinished were 1, which wait for what can't happen.")
    ]


def test_a_failed_run_without_a_failed_task(chain, session):
    """A run that failed although none of its tasks did says that its state was set apart from theirs."""
    new_run(chain, session, {"first": "success", "second": "success"}, run_state="failed")
    assert explain(session).summary == (
        "The run failed. None of its task instances is failed; its state was set apart from theirs."
    )


def test_a_run_that_succeeded_although_a_task_failed(session):
    """A run whose last task succeeded is a success, whatever came before, which is told."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("explained") as dag:
        EmptyOperator(task_id="first") >> EmptyOperator(task_id="second", trigger_rule="all_done")
    store(dag, session)
    new_run(dag, session, {"first": "failed", "second": "success"}, run_state="success", hostname="worker-1")
    assert explain(session).summary == (
        "The run succeeded. Airflow gives a run the state of its last tasks, whatever came before them. "
        "`first` failed: Airflow's database does not say why it failed, and its log can't be read. withheld here."
    )


def test_a_healthy_run(chain, session):
    """A run that is under way says what is running, and that the rest waits for that."""
    new_run(chain, session, {"first": "running"})
    told = explain(session)
    assert told.summary == (
        "The run is running, with 1 of 2 task instances running. 1 task instance waits for what comes before."
    )
    assert waiting(told) == [("second", -1, 1, None, [("Trigger Rule", BEHIND.format("running"))])]
    assert (told.run_reasons, told.failures, told.calls) == ((), (), ())


class TestRuns:
    """What a run as a whole waits for."""

    def test_max_active_runs(self, chain, session):
        """A queued run tells which runs fill the DAG's max_active_runs, and what can be done about the oldest."""
        change_dag(session, max_active_runs=2)
        for run_id in ("a", "b"):
            new_run(chain, session, {"first": "running"}, run_id=run_id)
        new_run(chain, session, run_state="queued")
        told = explain(session)
        assert reasons(told.run_reasons) == [
            ("Max Active Runs", "The DAG's max_active_runs is 2, and under way are: `a`, `b`.")
        ]
        oldest = {"dag_id": "explained", "run_id": "a"}
        assert calls(told) == [("explain_dag_run", oldest), ("kill_running_tasks", oldest)]
        assert waiting(told)[0] == ("first", -1, 1, None, reasons(told.run_reasons))

    def test_a_stopped_scheduler(self, chain, session, jobs):
        """Where no scheduler's heartbeat is fresh, its last is told."""
        from airflow.jobs.job import Job

        session.query(Job).delete()
        jobs("SchedulerJob", ago=240)
        jobs("SchedulerJob", ago=200, state="success")
        new_run(chain, session)
        told = explain(session)
        ((name, reason),) = reasons(told.run_reasons)
        assert name == "Scheduler Heartbeat"
        assert reason.startswith("No scheduler is running: the last heartbeat came at 20")
        assert calls(told) == [("health", {})]

    def test_no_scheduler_ever(self, chain, session):
        """Where there never was a scheduler, that is told."""
        from airflow.jobs.job import Job

        session.query(Job).delete()
        new_run(chain, session)
        assert reasons(explain(session).run_reasons) == [
            ("Scheduler Heartbeat", "No scheduler is running: there never was a heartbeat.")
        ]

    def test_a_dag_that_is_gone(self, chain, session):
        """The run of a DAG whose file is gone waits for the DAG."""
        new_run(chain, session)
        change_dag(session, is_active=False)
        assert reasons(explain(session).run_reasons) == [
            (
                "Dag Known",
                "The DAG's file is gone, or holds the DAG no more: Airflow has it inactive, and runs none of it.",
            )
        ]

    def test_a_dag_that_was_never_parsed(self, chain, session):
        """Without a serialized DAG nothing of the run can start; its tasks are told all the same."""
        from airflow.models.serialized_dag import SerializedDagModel

        new_run(chain, session)
        session.query(SerializedDagModel).filter_by(dag_id="explained").delete()
        session.commit()
        told = explain(session)
        assert reasons(told.run_reasons) == [
            ("Dag Known", "Airflow has no such DAG any more, or none that was parsed without an error.")
        ]
        in_dag = [("Task In DAG", "Airflow's present version of the DAG has no such task.")]
        assert waiting(told) == [("first", -1, 1, None, in_dag), ("second", -1, 1, None, in_dag)]

    def test_an_import_error(self, chain, session):
        """The import error of the DAG's file is told, and its last line in the summary."""
        from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error

        new_run(chain, session, {"first": "running"})
        change_dag(session, fileloc="/dags/explained.py")
        text = "Traceback\nKeyError: 'x'\n"
        error = parse_import_error()(filename="/dags/explained.py", stacktrace=text, timestamp=now())
        session.add(error)
        session.commit()
        told = explain(session)
        session.delete(error)
        session.commit()
        assert told.import_error == text
        assert told.summary.endswith("The DAG's file has an import error: KeyError: 'x'")

    def test_a_logical_date_in_the_future(self, chain, session):
        """A queued run of a future date waits for that."""
        new_run(chain, session, run_state="queued")
        date = now() + timedelta(days=1)
        change_run(session, execution_date=date)
        (reason,) = explain(session).run_reasons
        assert (reason.name, reason.reason, reason.until) == (
            "Execution Date",
            "The run's logical date is in the future.",
            date,
        )

    def test_a_queued_run_that_nothing_keeps(self, chain, session):
        """A queued run that nothing keeps starts in a moment, and says so."""
        new_run(chain, session, run_state="queued")
        assert reasons(explain(session).run_reasons) == [
            ("Dagrun Running", "The run is queued; the scheduler starts it at its next look.")
        ]

    def test_a_backfill(self, chain, session):
        """A backfill's run is told as what only its own process runs."""
        new_run(chain, session)
        change_run(session, run_type="backfill")
        assert [name for name, _ in reasons(explain(session).run_reasons)] == ["DagRun is not backfill job"]


class TestTasks:
    """What a task waits for, in words with the numbers."""

    def own_reasons(self, session) -> list[tuple[str, str]]:
        """The reasons of `first`, which come first."""
        (group, *_) = explain(session).waiting
        assert group.task_id == "first"
        return reasons(group.reasons)

    def test_a_full_pool(self, chain, session):
        """A task that its pool has no slot for tells who has them, and how many would let it start."""
        from airflow.models.pool import Pool

        session.query(Pool).filter_by(pool="narrow").delete()
        pool = Pool(pool="narrow", slots=1, description="")
        pool.include_deferred = False
        session.add(pool)
        session.commit()
        new_run(chain, session, {"first": "running"}, run_id="other")
        change(session, "first", "other", pool="narrow")
        new_run(chain, session, {"first": "scheduled"})
        change(session, "first", pool="narrow")
        told = explain(session)
        assert waiting(told)[0][4] == [
            (
                "Pool Slots Available",
                ("The pool `narrow` has 0 of 1 slot free, and it takes 1; running tasks have 1, queued ones 0."),
            )
        ]
        assert told.calls[0].arguments == {"pool_name": "narrow", "update_mask": "slots"}
        assert told.calls[0].body == {"name": "narrow", "slots": 2}
        change(session, "first", pool_slots=5)
        assert self.own_reasons(session) == [
            ("Pool Slots Available", "It takes 5 slots of the pool `narrow`, which has 1 in all.")
        ]
        change(session, "first", pool="nowhere")
        assert self.own_reasons(session) == [
            ("Pool Slots Available", "There is no pool `nowhere`; make it, or name another.")
        ]

    def test_max_active_tasks(self, chain, session):
        """A task of a DAG with as many tasks under way as it may have tells how many these are."""
        change_dag(session, max_active_tasks=1)
        new_run(chain, session, {"first": "running"}, run_id="other")
        new_run(chain, session, {"first": "scheduled"})
        assert self.own_reasons(session) == [
            (
                "Task Instance Slots Available",
                "Running or queued are 1 of at most 1 task instance of the DAG in all its runs (max_active_tasks).",
            )
        ]

    def test_parallelism(self, chain, session, monkeypatch):
        """A task waits for the executor where that has as many as it takes."""
        from airflow.models.taskinstance import TaskInstance

        monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "1")
        new_run(chain, session, {"first": "queued"}, run_id="other", queued_dttm=now())
        new_run(chain, session, {"first": "scheduled"})
        # Other tests of the same database leave some of theirs.
        states = TaskInstance.state.in_(["running", "queued"])
        busy = session.scalar(select(func.count()).select_from(TaskInstance).where(states))
        assert self.own_reasons(session) == [
            (
                "Executor",
                (
                    f"Running or queued are {busy} of at most 1 task instance of all DAGs "
                    "([core] parallelism of each scheduler)."
                ),
            )
        ]

    def test_nothing_but_the_scheduler(self, chain, session):
        """A task whose dependencies are all met waits for the scheduler's next look."""
        new_run(chain, session)
        met = "All that it depends on is met; the scheduler {} it at its next look."
        assert self.own_reasons(session) == [("Scheduler", met.format("schedules"))]
        change(session, "first", state="scheduled")
        assert self.own_reasons(session) == [("Scheduler", met.format("queues"))]

    def test_a_task_whose_scheduler_has_ended(self, chain, session, jobs):
        """A task that was queued by a scheduler which has ended since tells who takes it over."""
        job_id = jobs("SchedulerJob", ago=10, state="failed")
        new_run(chain, session, {"first": "queued"}, queued_dttm=now(), queued_by_job_id=job_id)
        assert self.own_reasons(session)[1] == (
            "Scheduler",
            "The scheduler that queued it has ended; another one takes it over after 5 minutes at most.",
        )

    def test_a_running_task_that_fell_silent(self, chain, session, jobs):
        """A running task whose process was not heard of for long tells when it was, and what Airflow will do."""
        new_run(chain, session, {"first": "running"}, hostname="worker-1", job_id=jobs("LocalTaskJob", ago=120))
        ((name, reason),) = self.own_reasons(session)
        assert name == "Process Heartbeat"
        assert reason.startswith("Its process on worker-1 was last heard of at 20")
        assert reason.endswith(" UTC; after 300 seconds of silence the scheduler fails it, or tries it again.")

    def test_a_running_task_whose_process_has_ended(self, chain, session, jobs):
        """A running task whose process has ended without a word tells what Airflow will do."""
        job_id = jobs("LocalTaskJob", state="success")
        new_run(chain, session, {"first": "running"}, job_id=job_id)
        assert self.own_reasons(session) == [
            (
                "Process Heartbeat",
                "Its process has ended without a word of how; the scheduler fails it, or tries it again, soon.",
            )
        ]

    def test_a_deferred_task(self, chain, session):
        """A deferred task tells its trigger, and where no triggerer is running also that."""
        from airflow.jobs.job import Job
        from airflow.models.trigger import Trigger

        trigger = Trigger("airflow.triggers.temporal.DateTimeTrigger", {}, created_date=now() - timedelta(hours=3))
        session.add(trigger)
        session.commit()
        timeout = now().replace(microsecond=0) + timedelta(hours=1)  # as MySQL keeps it
        new_run(chain, session, {"first": "deferred"}, trigger_id=trigger.id, trigger_timeout=timeout)
        (group, *_) = explain(session).waiting
        assert reasons(group.reasons) == [("Trigger", "It waits for its trigger DateTimeTrigger to fire.")]
        assert (group.reasons[0].until, group.since) == (timeout, trigger.created_date)
        session.query(Job).filter_by(job_type="TriggererJob").delete()
        session.commit()
        told = explain(session)
        assert reasons(told.waiting[0].reasons)[1] == (
            "Triggerer Heartbeat",
            "No triggerer is running: there never was a heartbeat.",
        )
        assert calls(told) == [("health", {})]

    def test_a_task_that_is_tried_again(self, session):
        """A task whose last try failed tells why, as a failure, and when it is tried again."""
        from airflow.operators.empty import EmptyOperator

        with new_dag("explained") as dag:
            EmptyOperator(task_id="first", retries=2, retry_delay=timedelta(hours=1))
        store(dag, session)
        new_run(dag, session, {"first": "up_for_retry"}, hostname="worker-1")
        ended = now()
        change(session, "first", end_date=ended)
        told = explain(session)
        (group,) = told.waiting
        assert reasons(group.reasons) == [
            (
                "Not In Retry Period",
                "Its last try failed; it is tried again when its retry_delay is over.",
            )
        ]
        assert group.reasons[0].until == ended + timedelta(hours=1)
        assert [(failure.task_id, failure.state, failure.kind) for failure in told.failures] == [
            ("first", "up_for_retry", "unknown")
        ]
        assert [operation for operation, _ in calls(told)] == ["task_log"]

    def test_a_sensor_that_looks_again_later(self, chain, session):
        """A rescheduled sensor tells when it looks again."""
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.taskreschedule import TaskReschedule

        new_run(chain, session, {"first": "up_for_reschedule"})
        later = now() + timedelta(minutes=5)
        row = session.query(TaskInstance).filter_by(dag_id="explained", task_id="first").one()
        columns = {
            "task_id": "first",
            "dag_id": "explained",
            "run_id": "manual__1",
            "map_index": row.map_index,
            "try_number": 1,
            "start_date": now(),
            "end_date": now(),
            "duration": 0,
            "reschedule_date": later,
        }
        session.execute(TaskReschedule.__table__.insert().values(**columns))
        session.commit()
        (group, *_) = explain(session).waiting
        assert reasons(group.reasons) == [
            ("Ready To Reschedule", "It looked, did not find what it waits for, and looks again later.")
        ]
        assert group.reasons[0].until == later

    def test_depends_on_past(self, session):
        """A task that depends on its past tells in which run it has failed, and the calls for that run."""
        from airflow.operators.empty import EmptyOperator

        with new_dag("explained", catchup=False) as dag:
            EmptyOperator(task_id="first", depends_on_past=True)
        store(dag, session)
        new_run(dag, session, {"first": "failed"}, run_id="yesterday", run_state="failed")
        new_run(dag, session)
        told = explain(session)
        assert reasons(told.waiting[0].reasons) == [
            (
                "Previous Dagrun State",
                "It depends on its past, and in the run before, `yesterday` (failed), it is failed.",
            )
        ]
        before = {"dag_id": "explained", "run_id": "yesterday"}
        assert calls(told) == [("explain_dag_run", before), ("restart_failed_task", before)]

    def test_a_mapped_task_that_waits_to_be_expanded(self, session):
        """A mapped task whose list is still to come waits for what makes it."""
        from airflow.operators.bash import BashOperator

        with new_dag("explained") as dag:
            first = BashOperator(task_id="first", bash_command="true")
            BashOperator.partial(task_id="second").expand(bash_command=first.output)
        store(dag, session)
        new_run(dag, session, {"first": "running"})
        assert waiting(explain(session)) == [
            (
                "second",
                -1,
                1,
                None,
                [
                    ("Trigger Rule", BEHIND.format("running")),
                    ("Task has been mapped", "It is expanded over the output of `first` when that has succeeded."),
                ],
            )
        ]

    def test_what_waits_only_for_what_it_is_expanded_over_comes_last(self, session):
        """A task that waits only for what it is expanded over comes after those with reasons of their own."""
        from airflow.operators.bash import BashOperator

        with new_dag("explained") as dag:
            first = BashOperator(task_id="first", bash_command="true")
            BashOperator.partial(task_id="expanded", trigger_rule="all_done").expand(bash_command=first.output)
            BashOperator(task_id="own", bash_command="true", pool="nowhere")
        store(dag, session)
        new_run(dag, session, {"first": "failed"})
        expanded = (
            "expanded",
            -1,
            1,
            None,
            [
                ("Mapped dependencies have succeeded", "What it is expanded over has not succeeded."),
                ("Task has been mapped", "It is expanded over the output of `first` when that has succeeded."),
            ],
        )
        put_states("explained", {"own": "success"}, session)
        alone = explain(session)
        assert waiting(alone) == [expanded]
        assert alone.summary.endswith("1 task instance waits for what comes before.")
        put_states("explained", {"own": "scheduled"}, session)
        told = waiting(explain(session))
        assert [group[0] for group in told] == ["own", "expanded"]
        assert told[1] == expanded

    def test_many_that_wait_for_the_same_are_told_together(self, session):
        """Instances of a task that wait for the same are one entry, with their number."""
        from airflow.operators.bash import BashOperator

        with new_dag("explained") as dag:
            BashOperator(task_id="first", bash_command="true") >> BashOperator.partial(task_id="second").expand(
                bash_command=["true"] * 300
            )
        store(dag, session)
        new_run(dag, session, {"first": "running"})
        told = explain(session)
        assert [(group.task_id, group.map_index, group.count) for group in told.waiting] == [("second", 0, 300)]
        assert told.total_waiting == 300


def test_at_most_twenty_of_each(session):
    """Of many failures and many that wait twenty are told, with the numbers of all."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("explained") as dag:
        for number in range(30):
            EmptyOperator(task_id=f"bad_{number:02}") >> EmptyOperator(
                task_id=f"after_{number:02}", trigger_rule="all_done"
            )
        EmptyOperator(task_id="zzz", pool="nowhere")
    store(dag, session)
    new_run(dag, session, {f"bad_{number:02}": "failed" for number in range(30)}, hostname="worker-1")
    change(session, "zzz", state="scheduled")
    told = explain(session)
    assert (len(told.failures), told.total_failures) == (20, 30)
    assert (len(told.waiting), told.total_waiting) == (20, 31)
    assert [group.task_id for group in told.waiting[:2]] == ["zzz", "after_00"] or told.waiting[0].task_id == "after_00"


@pytest.mark.parametrize("state", ["failed", None])
def test_the_number_of_statements_is_constant(session, state):
    """An explanation takes as many statements for 5,000 task instances as for 10, logs included, and at most 35."""
    from airflow.operators.bash import BashOperator

    numbers = []
    for indexes in (9, 4999):
        with new_dag("explained") as dag:
            BashOperator.partial(task_id="mapped", depends_on_past=True).expand(bash_command=["true"] * indexes) >> (
                BashOperator(task_id="after", bash_command="true")
            )
        store(dag, session)
        new_run(dag, session, {"mapped": "failed"}, run_id="before", run_state="failed")
        new_run(dag, session, {"mapped": state}, hostname="")
        for running in (True, False):
            change_run(session, state="running" if running else "failed", end_date=None if running else now())
            with counted(session) as statements:
                told = explain(session, logs_withheld=None)
            assert sum(told.task_instance_counts.values()) == indexes + 1
            numbers.append(len(statements))
    assert numbers[:2] == numbers[2:]
    assert max(numbers) <= 35
