"""What a task that depends on past runs of itself waits for: Airflow's PrevDagrunDep, for a whole run at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from openmetadata_airflow_apis.runs.lookup import RUN, TI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_GOOD = frozenset({"success", "skipped"})


@dataclass(frozen=True)
class PastRun:
    """The run before a run, as far as its tasks look at it; run is None where there is none before.

    states: of that run's task instances, by task_id. seen_before: the tasks that any run before has.
    """

    run: Row | None
    states: Mapping[str, Counter[str | None]]
    seen_before: frozenset[str]

    def obstacle(self, task: Any, dag: DAG) -> str | None:
        """Say what in the run before keeps a task from starting, None where nothing does."""
        run = self.run
        if not task.depends_on_past or run is None:
            return None
        if dag.catchup and task.start_date is not None and run.execution_date < task.start_date:
            return None
        before = f"in the run before, `{run.run_id}` ({run.state})"
        if not self.states.get(task.task_id):
            if task.ignore_first_depends_on_past and task.task_id not in self.seen_before:
                return None
            return f"it depends on its past, and {before}, it has not run"
        bad = _bad(self.states[task.task_id])
        if bad:
            return f"it depends on its past, and {before}, it is {_told(bad)}"
        if task.wait_for_downstream:
            late = [name for name in sorted(task.downstream_task_ids) if _bad(self.states.get(name, Counter()))]
            if late:
                names = ", ".join(f"`{name}` is {_told(_bad(self.states[name]))}" for name in late[:3])
                return f"it waits for what is downstream of its past, and {before}, {names}"
        return None


def past_run(run: Row, dag: DAG, *, session: Session) -> PastRun:
    """Read the run before, if a task of the DAG looks at it. Three statements at most."""
    looking = [task for task in dag.task_dict.values() if task.depends_on_past]
    if not looking:
        return PastRun(None, {}, frozenset())
    earlier = (RUN.c.dag_id == run.dag_id) & (RUN.c.execution_date < run.execution_date)
    query = select(RUN.c.run_id, RUN.c.state, RUN.c.execution_date).where(earlier)
    if dag.catchup:
        query = query.where(RUN.c.run_type != "manual")
    before = session.execute(query.order_by(RUN.c.execution_date.desc()).limit(1)).first()
    if before is None:
        return PastRun(None, {}, frozenset())
    states: dict[str, Counter[str | None]] = defaultdict(Counter)
    rows = session.execute(
        select(TI.c.task_id, TI.c.state).where(TI.c.dag_id == run.dag_id, TI.c.run_id == before.run_id)
    )
    for task_id, state in rows:
        states[task_id][state] += 1
    seen = session.execute(
        select(TI.c.task_id)
        .join(RUN, (RUN.c.dag_id == TI.c.dag_id) & (RUN.c.run_id == TI.c.run_id))
        .where(earlier, TI.c.task_id.in_(sorted(task.task_id for task in looking)))
        .distinct()
    ).scalars()
    return PastRun(before, states, frozenset(seen))


def _bad(states: Counter[str | None]) -> Counter[str | None]:
    return Counter({state: number for state, number in states.items() if state not in _GOOD})


def _told(states: Counter[str | None]) -> str:
    """Say `failed`, or `failed (3 of its instances)` where there are several, or `not scheduled yet` for no state."""
    total = sum(states.values())
    parts = [f"{state or 'not scheduled yet'}" for state in sorted(states, key=str)]
    return parts[0] if total == 1 else f"{' and '.join(parts)} ({total} of its instances)"
