"""Whom a queued task instance waits for, by the executor, and what the Celery workers say of its queue.

Celery is a stand-in here (support.celery_stand_in); tests/nodes asks real workers through Redis.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from openmetadata_airflow_apis.runs import celery_workers
from openmetadata_airflow_apis.runs.queued_task_reasons import Executors, who_takes, workers_of_queued
from support.celery_stand_in import StandIn, put

NOW = datetime(2026, 11, 28, tzinfo=timezone.utc)
TWO_WORKERS = [
    {"celery@worker-2": [{"name": "default"}, {"name": "heavy"}]},
    {"celery@worker-1": [{"name": "default"}]},
]
HAS_TO = ": a Celery worker that serves the queue `gpu` has to take it; of that queue nothing is running."
ON_LOCAL = ": the LocalExecutor starts it when it has a process free."
ON_KUBERNETES = ": Kubernetes has to start its pod."


def queued(seconds: float = 750, queue: str = "gpu", **columns) -> SimpleNamespace:
    """The columns of a task instance that was queued so long ago."""
    return SimpleNamespace(state="queued", queue=queue, queued_dttm=NOW - timedelta(seconds=seconds), **columns)


def told(row, running=()) -> str:
    """What is said of a queued task instance, after "It has been queued for 12 minutes"."""
    words = who_takes(row, "12 minutes", Executors(), {"gpu": dict(running)}, workers_of_queued([row], NOW), NOW)
    return words.removeprefix("It has been queued for 12 minutes")


@pytest.mark.parametrize(
    ("configured", "columns", "words"),
    [
        ("LocalExecutor", {}, ON_LOCAL),
        ("SequentialExecutor", {}, ": the SequentialExecutor starts it when it has a process free."),
        ("KubernetesExecutor", {}, ON_KUBERNETES),
        ("acme.executors.OwnExecutor", {}, ": the OwnExecutor starts it when it has a process free."),
        ("LocalKubernetesExecutor", {}, ON_LOCAL),
        ("LocalKubernetesExecutor", {"queue": "kubernetes"}, ON_KUBERNETES),
        ("CeleryKubernetesExecutor", {"queue": "kubernetes"}, ON_KUBERNETES),
        ("CeleryExecutor", {"seconds": 3}, HAS_TO),
        ("CeleryKubernetesExecutor", {"seconds": 3}, HAS_TO),
        ("LocalExecutor, CeleryExecutor", {}, ON_LOCAL),
        ("LocalExecutor,CeleryExecutor", {"executor": "CeleryExecutor", "seconds": 3}, HAS_TO),
        ("CeleryExecutor,KubernetesExecutor", {"executor": "KubernetesExecutor"}, ON_KUBERNETES),
        ("LocalExecutor,far:acme.FarCeleryExecutor", {"executor": "far", "seconds": 3}, HAS_TO),
        ("far:acme.FarCeleryExecutor,LocalExecutor", {"seconds": 3}, HAS_TO),
    ],
)
def test_who_has_to_take_it(monkeypatch, configured, columns, words):
    """A queued task waits for the executor that it is for: the first one, its own, or Kubernetes by its queue."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", configured)
    assert told(queued(**columns)) == words


class TestCelery:
    """A task that has been queued for Celery for more than ten seconds."""

    @pytest.fixture(autouse=True)
    def celery(self, monkeypatch):
        """Airflow on the CeleryExecutor."""
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")

    def test_a_queue_that_nobody_serves(self, monkeypatch):
        """Says so, which queues are served and by whom, and the cure."""
        put(monkeypatch, StandIn(TWO_WORKERS))
        assert told(queued()) == (
            ", and no worker serves the queue `gpu`. Served are `default` by celery@worker-1, celery@worker-2; "
            "`heavy` by celery@worker-2. Start a worker for it (`airflow celery worker --queues gpu`), or give the "
            "task a queue that is served."
        )

    def test_a_queue_of_which_something_is_running(self, monkeypatch):
        """Says so too where tasks of the queue are running all the same."""
        put(monkeypatch, StandIn(TWO_WORKERS[1:]))
        assert told(queued(), {"worker-3": 2}) == (
            ", and no worker serves the queue `gpu`. Yet of that queue are running: 2 on worker-3. Served are "
            "`default` by celery@worker-1. Start a worker for it (`airflow celery worker --queues gpu`), or give the "
            "task a queue that is served."
        )

    def test_a_queue_that_is_served(self, monkeypatch):
        """Says who can take it, and where tasks of the queue are running."""
        put(monkeypatch, StandIn([{"celery@worker-1": [{"name": "gpu"}]}]))
        assert told(queued(), {"worker-1": 16}) == (
            ": a Celery worker that serves the queue `gpu` has to take it, which celery@worker-1 can; "
            "of that queue are running: 16 on worker-1."
        )

    def test_many_workers_and_queues(self, monkeypatch):
        """Names a few of many workers and of many queues, and how many there are beside."""
        answers = [{f"celery@{number:02}": [{"name": "all"}, {"name": f"own_{number:02}"}]} for number in range(12)]
        put(monkeypatch, StandIn(answers))
        first = "celery@00, celery@01, celery@02, celery@03, celery@04 and 7 more"
        own = "; ".join(f"`own_{number:02}` by celery@{number:02}" for number in range(9))
        assert f"Served are `all` by {first}; {own} and 3 queues more." in told(queued())
        assert f"which {first} can;" in told(queued(queue="all"))

    @pytest.mark.parametrize("answers", [[], [{"celery@worker-1": {"error": "no such command"}}]])
    def test_no_worker_answers(self, monkeypatch, answers):
        """Says that it is not known whether a worker serves the queue, where none answers, or with an error."""
        put(monkeypatch, StandIn(answers))
        assert told(queued()) == (
            f"{HAS_TO} Whether a worker serves it is not known: no Celery worker answered within a second: none is "
            "running, or they take no remote commands ([celery] worker_enable_remote_control; Amazon SQS has none)."
        )

    def test_a_broker_that_cannot_be_reached(self, monkeypatch):
        """Says so, by the kind of error alone: its text may have the broker's URL, with a password."""

        def refuse() -> None:
            raise ConnectionRefusedError("redis://:secret@broker:6379/0 refuses")

        put(monkeypatch, StandIn([], refuse))
        assert told(queued()) == (
            f"{HAS_TO} Whether a worker serves it is not known: Celery's broker can't be reached "
            "(ConnectionRefusedError)."
        )

    def test_a_broker_that_does_not_answer(self, monkeypatch):
        """Says so after a second; while the question hangs, no other one is put."""
        answered = threading.Event()
        app = StandIn(TWO_WORKERS, answered.wait)
        put(monkeypatch, app)
        monkeypatch.setattr(celery_workers, "_SECONDS", 1)
        words = f"{HAS_TO} Whether a worker serves it is not known: Celery's broker did not answer within a second."
        try:
            assert told(queued()) == words
            celery_workers._last.clear()
            assert (told(queued()), app.asked) == (words, 1)
        finally:
            answered.set()
        assert celery_workers._asking.acquire(timeout=60)  # the thread that was left behind is done
        celery_workers._asking.release()

    def test_a_webserver_without_celery(self, monkeypatch):
        """Says that the webserver has not what the broker is asked with."""
        put(monkeypatch, None)
        assert told(queued()) == (
            f"{HAS_TO} Whether a worker serves it is not known: the webserver has no apache-airflow-providers-celery "
            "to ask Celery's broker with."
        )

    def test_how_often_the_workers_are_asked(self, monkeypatch):
        """They are asked once for many tasks and answers, anew after some seconds, and never for what is new."""
        app = StandIn(TWO_WORKERS)
        put(monkeypatch, app)
        rows = [queued(9), SimpleNamespace(state="running"), queued(queue="heavy"), queued()]
        assert (workers_of_queued(rows[:2], NOW), app.asked) == (None, 0)
        workers = workers_of_queued(rows, NOW)
        assert "no worker serves" not in who_takes(rows[0], "9 seconds", Executors(), {}, workers, NOW)
        assert (workers_of_queued(rows, NOW), app.asked) == (workers, 1)
        celery_workers._last[0].time -= 601
        assert (workers_of_queued(rows, NOW), app.asked) == (workers, 2)
