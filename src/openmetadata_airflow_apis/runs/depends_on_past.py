"""What tasks with depends_on_past wait for: the check of Airflow's PrevDagrunDep, for a whole run at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from openmetadata_airflow_apis.runs.run_rows import RUN
from openmetadata_airflow_apis.runs.task_instance_rows import TI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_GOOD = frozenset({"success", "skipped"})


@dataclass(frozen=True)
class PastRun:
    """The run before a run, as far as tasks with depends_on_past look at it.

    run: None if there is none before. states: of that run's task instances, counted, by task_id. seen_before: the
    tasks that have task instances in any run before.
    """

    run: Row | None
    states: Mapping[str, Counter[str | None]]
    seen_before: frozenset[str]

    def obstacle(self, task: Any, dag: DAG) -> str | None:
        """Return what in the run before keeps a task from starting; None if nothing does."""
        run = self.run
        if not task.depends_on_past or run is None:
            return None
        if dag.catchup and task.start_date is not None and run.execution_date < task.start_date:
            return None
        in_run_before = f"in the run before, `{run.run_id}` ({run.state})"
        if not self.states.get(task.task_id):
            if task.ignore_first_depends_on_past and task.task_id not in self.seen_before:
                return None
            return f"it depends on its past, and {in_run_before}, it has not run"
        bad_states = _bad(self.states[task.task_id])
        if bad_states:
            return f"it depends on its past, and {in_run_before}, it is {_states_in_words(bad_states)}"
        if task.wait_for_downstream:
            bad_downstream = [
                name for name in sorted(task.downstream_task_ids) if _bad(self.states.get(name, Counter()))
            ]
            if bad_downstream:
                names = ", ".join(
                    f"`{name}` is {_states_in_words(_bad(self.states[name]))}" for name in bad_downstream[:3]
                )
                return f"it waits for what is downstream of its past, and {in_run_before}, {names}"
        return None


def past_run(run: Row, dag: DAG, *, session: Session) -> PastRun:
    """Read the run before, if a task of the DAG looks at it. Three statements at most."""
    dependent_tasks = [task for task in dag.task_dict.values() if task.depends_on_past]
    if not dependent_tasks:
        return PastRun(None, {}, frozenset())
    earlier = (RUN.c.dag_id == run.dag_id) & (RUN.c.execution_date < run.execution_date)
    query = select(RUN.c.run_id, RUN.c.state, RUN.c.execution_date).where(earlier)
    if dag.catchup:
        query = query.where(RUN.c.run_type != "manual")
    run_before = session.execute(query.order_by(RUN.c.execution_date.desc()).limit(1)).first()
    if run_before is None:
        return PastRun(None, {}, frozenset())
    states: dict[str, Counter[str | None]] = defaultdict(Counter)
    rows = session.execute(
        select(TI.c.task_id, TI.c.state).where(TI.c.dag_id == run.dag_id, TI.c.run_id == run_before.run_id)
    )
    for task_id, state in rows:
        states[task_id][state] += 1
    task_ids_before = session.execute(
        select(TI.c.task_id)
        .join(RUN, (RUN.c.dag_id == TI.c.dag_id) & (RUN.c.run_id == TI.c.run_id))
        .where(earlier, TI.c.task_id.in_(sorted(task.task_id for task in dependent_tasks)))
        .distinct()
    ).scalars()
    return PastRun(run_before, states, frozenset(task_ids_before))


def _bad(states: Counter[str | None]) -> Counter[str | None]:
    return Counter({state: number for state, number in states.items() if state not in _GOOD})


def _states_in_words(states: Counter[str | None]) -> str:
    """Return `failed`, or `failed (3 of its instances)` if there are several, or `not scheduled yet` for no state."""
    total = sum(states.values())
    parts = [f"{state or 'not scheduled yet'}" for state in sorted(states, key=str)]
    return parts[0] if total == 1 else f"{' and '.join(parts)} ({total} of its instances)"
