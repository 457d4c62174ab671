"""How many tries a task instance has left: none after it was ended while it ran, all of them after it was cleared."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, or_

from openmetadata_airflow_apis.runs.task_instance_rows import TI, WITH_PROCESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.sql import ColumnElement


def no_further_tries() -> ColumnElement:
    """Return the new max_tries, so that a task which was ended while it ran is not retried.

    Its process may still fail by itself before a heartbeat ends it, and Airflow would then try it again.
    """
    may_retry = and_(TI.c.state.in_(sorted(WITH_PROCESS)), TI.c.max_tries >= TI.c.try_number)
    return case((may_retry, TI.c.try_number - 1), else_=TI.c.max_tries)


def all_tries_again(retries: Mapping[tuple[str, str], int]) -> ColumnElement:
    """Return the new max_tries of task instances that are cleared: as many as they have had, and the task's retries.

    retries: by dag_id and task_id. The SQL has one number, and a CASE for tasks with another.
    """
    usual = Counter(retries.values()).most_common(1)[0][0]
    unusual: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (dag_id, task_id), number in sorted(retries.items()):
        if number != usual:
            unusual[number][dag_id].append(task_id)
    if not unusual:
        return TI.c.try_number + usual
    return TI.c.try_number + case(
        *(
            (or_(*(and_(TI.c.dag_id == dag_id, TI.c.task_id.in_(tasks)) for dag_id, tasks in by_dag.items())), number)
            for number, by_dag in unusual.items()
        ),
        else_=usual,
    )
