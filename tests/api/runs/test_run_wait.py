"""Waiting until a run has ended."""

from __future__ import annotations

import threading
import time

import pytest
from airflow.models.dagrun import DagRun
from airflow.settings import Session
from sqlalchemy import delete, update

from openmetadata_airflow_apis.errors import DagRunNotFound
from openmetadata_airflow_apis.runs import await_end, dag_state, run_wait
from support.dag_runs import new_dag, new_run, store
from support.statements import counted

RUN = DagRun.__table__
OF_RUN = (RUN.c.dag_id == "ending") & (RUN.c.run_id == "manual__1")


@pytest.fixture
def run(session) -> None:
    """A running run of the DAG `ending`."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("ending") as dag:
        EmptyOperator(task_id="only")
    store(dag, session)
    new_run(dag, session)


def do_later(statement) -> threading.Timer:
    """Let another connection execute and commit a statement in a moment."""

    def do() -> None:
        other = Session()
        other.execute(statement)
        other.commit()
        Session.remove()

    timer = threading.Timer(0.2, do)
    timer.start()
    return timer


@pytest.mark.parametrize("state", ["success", "failed"])
def test_waiting_ends_with_the_run(run, session, state):
    """Waiting ends as soon as the run has, and answers the run as it is then."""
    begun = time.monotonic()
    timer = do_later(update(RUN).where(OF_RUN).values(state=state))
    found = await_end("ending", "manual__1", 60, session=session)
    timer.join()
    assert time.monotonic() - begun < 30
    assert (found.state, found.has_ended) == (state, True)
    assert found == dag_state("ending", "manual__1", session=session)


def test_time_that_was_not_enough(run, session):
    """After the seconds given, the run is answered as it is."""
    begun = time.monotonic()
    found = await_end("ending", "manual__1", 0.4, session=session)
    assert time.monotonic() - begun >= 0.4
    assert (found.state, found.has_ended) == ("running", False)


def test_a_look_is_one_statement_and_holds_nothing(run, session, monkeypatch):
    """Each look costs one statement; between two no transaction is open, and no connection is held."""
    looks = []

    def sleep(_: float) -> None:
        looks.append((len(statements), session.in_transaction()))
        if len(looks) == 5:
            session.execute(update(RUN).where(OF_RUN).values(state="success"))
            session.commit()

    monkeypatch.setattr(run_wait.time, "sleep", sleep)
    with counted(session) as statements:
        assert await_end("ending", "manual__1", 60, session=session).has_ended
    assert looks == [(number + 1, False) for number in range(5)]
    assert len(statements) == 7  # six looks, and the change above


def test_a_run_that_has_ended_is_looked_at_once(run, session):
    """There is nothing to wait for."""
    session.execute(update(RUN).where(OF_RUN).values(state="failed"))
    session.commit()
    with counted(session) as statements:
        assert await_end("ending", "manual__1", 60, session=session).state == "failed"
    assert len(statements) == 1


def test_a_run_that_is_deleted_meanwhile(run, session):
    """Whoever waits for it hears that it is gone."""
    timer = do_later(delete(RUN).where(OF_RUN))
    with pytest.raises(DagRunNotFound):
        await_end("ending", "manual__1", 60, session=session)
    timer.join()
