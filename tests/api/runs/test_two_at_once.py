"""Two callers at the same time, a database that is busy or down, and a note that is full."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from openmetadata_airflow_apis.conflict_errors import DagRunExists, NothingFailed, NothingRunning
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.runs import dag_state, kill_running, restart_failed, run_notes, run_partial
from openmetadata_airflow_apis.transactions import in_one_transaction
from support.dag_runs import new_dag, new_run, run_row, states, store
from support.threads import at_once
from support.versions import CLEARS_COUNTED, clears


def _restart(session):
    return restart_failed("two", "manual__1", user="ada", session=session).clear_task_count


def _kill(session):
    return len(kill_running("two", "manual__1", user="ada", session=session).task_instances)


def _partial(session):
    return len(run_partial("two", ["first"], run_id="manual__2", user="ada", session=session).task_instances)


@pytest.mark.parametrize(
    ("operation", "state", "result", "refusal"),
    [
        (_restart, "failed", 2, NothingFailed),
        (_kill, "running", 2, NothingRunning),
        (_partial, "success", 2, DagRunExists),
    ],
)
def test_of_two_callers_one_does_it(session, operation, state, result, refusal):
    """Of two callers at the same time one does it, and the other is told that there is nothing left to do."""
    from airflow.operators.bash import BashOperator
    from airflow.settings import Session

    with new_dag("two") as dag:
        BashOperator(task_id="first", bash_command="true") >> BashOperator(task_id="second", bash_command="true")
    store(dag, session)
    new_run(dag, session, {"first": state, "second": state}, run_state="failed" if state == "failed" else "running")

    def call(_number):
        try:
            return operation(Session())
        except (NothingFailed, NothingRunning, DagRunExists) as refused:
            return type(refused)
        finally:
            Session.remove()

    assert sorted(at_once(call, 2), key=str) == sorted([result, refusal], key=str)
    if operation is _restart:
        assert clears(run_row("two", session)) == (CLEARS_COUNTED and 1)


def _fault():
    return OperationalError("UPDATE", {}, Exception("deadlock detected"))


def test_a_deadlock_is_tried_again(session):
    """A transaction that the database ended for a deadlock is done again from the start."""
    faults = [_fault()]

    def change():
        if faults:
            raise faults.pop()
        return "done"

    assert in_one_transaction(change, session=session) == "done"


def test_a_database_that_stays_away_is_unavailable(session, monkeypatch):
    """A database that does not take the change after several tries is said to be unavailable."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    tries = []

    def change():
        tries.append(1)
        raise _fault()

    with pytest.raises(Unavailable, match="Airflow's database does not answer, or is too busy; nothing was changed"):
        in_one_transaction(change, session=session)
    assert len(tries) == 3


def test_an_error_leaves_nothing_behind(session):
    """What was written before an error is not there afterwards."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("two_errors") as dag:
        EmptyOperator(task_id="one")
    store(dag, session)
    new_run(dag, session, {"one": "running"})

    def change():
        run_notes.annotate(run_row("two_errors", session).id, "half done", user="ada", session=session)
        raise KeyError

    with pytest.raises(KeyError):
        in_one_transaction(change, session=session)
    assert dag_state("two_errors", "manual__1", session=session).note is None
    assert states("two_errors", session) == {"one": "running"}


def test_a_full_note_keeps_the_users_words(session):
    """When a note is full the oldest lines written here go first, and what a user wrote stays."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("two_notes") as dag:
        EmptyOperator(task_id="one")
    store(dag, session)
    new_run(dag, session)
    run_pk = run_row("two_notes", session).id
    run_notes.write_note(run_pk, "Please don't touch.\nThank you.", session=session)
    for number in range(30):
        run_notes.annotate(run_pk, f"operation {number}", user="ada", session=session)
    session.commit()
    lines = dag_state("two_notes", "manual__1", session=session).note.splitlines()
    assert lines[:2] == ["Please don't touch.", "Thank you."]
    kept = [int(line.rpartition(" ")[2]) for line in lines[2:]]
    assert kept == list(range(30 - len(kept), 30))
    assert 900 < len("\n".join(lines)) <= 1000


def test_a_note_without_room_is_left(session):
    """A note that a user has filled stays as it is."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("two_notes") as dag:
        EmptyOperator(task_id="one")
    store(dag, session)
    new_run(dag, session)
    run_pk = run_row("two_notes", session).id
    run_notes.write_note(run_pk, "x" * 990, session=session)
    run_notes.annotate(run_pk, "operation", user="ada", session=session)
    session.commit()
    assert dag_state("two_notes", "manual__1", session=session).note == "x" * 990
