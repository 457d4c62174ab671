"""Who has to take a queued task instance, by the executor that it is queued for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.configuration import conf

from openmetadata_airflow_apis.runs.celery_workers import CeleryWorkers, celery_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Row

# How long a task is queued before the workers are asked for their queues: a free worker takes a task at once.
_SECONDS_UNTIL_ASKED = 10
_QUEUES_NAMED = 10
_WORKERS_NAMED = 5
# The executors that hand the tasks of one queue to Kubernetes, and all others to a second executor.
_HYBRID = {
    "CeleryKubernetesExecutor": ("celery_kubernetes_executor", "CeleryExecutor"),
    "LocalKubernetesExecutor": ("local_kubernetes_executor", "LocalExecutor"),
}


class Executors:
    """The executors of this installation; their options are looked up once, since Airflow takes 0.1 ms for each.

    The first one of [core] executor is for every task that names no other, by class, path or alias: since Airflow 2.10
    there may be several.
    """

    def __init__(self) -> None:
        configured = [name.strip() for name in conf.get("core", "executor").split(",")]
        self._paths = dict(name.split(":", 1) for name in configured if ":" in name)
        self._first = configured[0].partition(":")[0]
        self._kubernetes_queues: dict[str, str] = {}

    def of(self, row: Row) -> str:
        """Return the class name of the executor that a task instance is queued for."""
        chosen = getattr(row, "executor", None) or self._first
        name = self._paths.get(chosen, chosen).rpartition(".")[2]
        if name in _HYBRID:
            section, second_executor = _HYBRID[name]
            return "KubernetesExecutor" if row.queue == self._kubernetes_queue(section) else second_executor
        return name

    def _kubernetes_queue(self, section: str) -> str:
        if section not in self._kubernetes_queues:
            self._kubernetes_queues[section] = conf.get(section, "kubernetes_queue", fallback="kubernetes")
        return self._kubernetes_queues[section]


def workers_of_queued(rows: Iterable[Row], now: datetime) -> CeleryWorkers | None:
    """Return which Celery workers serve which queue, if one of the rows has waited long for one; otherwise None."""
    executors = Executors()
    for row in rows:
        if row.state == "queued" and _waits_long(row, now) and "Celery" in executors.of(row):
            return celery_workers()
    return None


def who_takes(
    row: Row,
    age: str,
    executors: Executors,
    running: Mapping[str, Mapping[str, int]],
    workers: CeleryWorkers | None,
    now: datetime,
) -> str:
    """Return a sentence: for how long a task instance has been queued, and who has to take it, or that nobody can.

    age: how long, in words. running: how many tasks are running, by queue and host. workers: Celery's, None if they
    were not asked.
    """
    executor = executors.of(row)
    queued = f"It has been queued for {age}"
    if "Celery" in executor:
        running_by_host = running.get(row.queue, {})
        workers_if_long = workers if _waits_long(row, now) else None
        return f"{queued}{' '.join(_of_celery(row.queue, running_by_host, workers_if_long))}"
    if "Kubernetes" in executor:
        return f"{queued}: Kubernetes has to start its pod."
    return f"{queued}: the {executor} starts it when it has a process free."


def _of_celery(queue: str, running: Mapping[str, int], workers: CeleryWorkers | None) -> Iterator[str]:
    numbers_by_host = ", ".join(f"{number} on {host}" for host, number in sorted(running.items()))
    under_way = f"of that queue {f'are running: {numbers_by_host}' if numbers_by_host else 'nothing is running'}."
    if workers is None or workers.problem is not None:
        yield f": a Celery worker that serves the queue `{queue}` has to take it; {under_way}"
        if workers is not None:
            yield f"Whether a worker serves it is not known: {workers.problem}."
    elif queue in workers.queues:
        names = _first(workers.queues[queue], _WORKERS_NAMED)
        yield f": a Celery worker that serves the queue `{queue}` has to take it, which {names} can; {under_way}"
    else:
        served = "; ".join(f"`{name}` by {_first(by, _WORKERS_NAMED)}" for name, by in _some(workers.queues))
        more = len(workers.queues) - _QUEUES_NAMED
        yield f", and no worker serves the queue `{queue}`."
        if numbers_by_host:  # a worker that is too busy to answer, or that was told to take nothing more of it
            yield f"Yet of that queue are running: {numbers_by_host}."
        yield f"Served are {served}{f' and {more} queues more' if more > 0 else ''}."
        yield (
            f"Start a worker for it (`airflow celery worker --queues {queue}`), "
            "or give the task a queue that is served."
        )


def _some(queues: Mapping[str, Iterable[str]]) -> list[tuple[str, list[str]]]:
    return [(name, list(by)) for name, by in list(queues.items())[:_QUEUES_NAMED]]


def _first(names: Iterable[str], number: int) -> str:
    names = list(names)
    more = f" and {len(names) - number} more" if len(names) > number else ""
    return f"{', '.join(names[:number])}{more}"


def _waits_long(row: Row, now: datetime) -> bool:
    return row.queued_dttm is not None and (now - row.queued_dttm).total_seconds() > _SECONDS_UNTIL_ASKED
