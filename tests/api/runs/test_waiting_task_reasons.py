"""What task instances wait for: the same checks as Airflow's own, over random DAGs, runs, pools and limits."""

from __future__ import annotations

import random
import warnings
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import update

from openmetadata_airflow_apis.runs import explanation, trigger_rules, waiting_task_reasons
from openmetadata_airflow_apis.runs.run_reasons import SCHEDULER_HEARTBEAT
from openmetadata_airflow_apis.runs.upstream_reasons import MAPPED_UPSTREAM
from openmetadata_airflow_apis.runs.waiting_task_reasons import SCHEDULER
from support.dag_runs import new_dag, new_run, put_states, states, store
from support.random_dags import random_dag, rules
from support.versions import AIRFLOW

STATES = ["success", "success", "failed", "skipped", "upstream_failed", "running", "up_for_retry", None, None, None]


@pytest.fixture
def every_reason(session, monkeypatch):
    """Explain a run without a bound; return the names of the reasons of each task instance that waits."""
    monkeypatch.setattr(explanation, "MOST", 10_000)

    def explain(dag_id: str, run_id: str = "manual__1") -> dict[tuple[str, str | None], set[frozenset[str]]]:
        told = explanation.explain_dag_run(dag_id, run_id, logs_withheld="not in this test", session=session)
        found: dict[tuple[str, str | None], set[frozenset[str]]] = {}
        for group in told.waiting:
            # Where no check fails it waits for the scheduler, which does not run here.
            names = frozenset(reason.name for reason in group.reasons) - {SCHEDULER, SCHEDULER_HEARTBEAT}
            found.setdefault((group.task_id, group.state), set()).add(names)
        assert told.total_waiting == sum(group.count for group in told.waiting)
        return found

    return explain


def airflows_reasons(dag_id: str, session, waiting_states, deps=frozenset(), own_deps=True):
    """Ask Airflow's own checks about each task instance of these states, one by one."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.taskinstance import TaskInstance
    from airflow.ti_deps.dep_context import DepContext

    dag = SerializedDagModel.get(dag_id, session=session).dag
    run = session.query(DagRun).filter_by(dag_id=dag_id, run_id="manual__1").one()
    run.dag = dag
    found: dict[tuple[str, str | None], set[frozenset[str]]] = {}
    for ti in session.query(TaskInstance).filter_by(dag_id=dag_id, run_id="manual__1"):
        if ti.state not in waiting_states:
            continue
        ti.task = dag.get_task(ti.task_id)
        checks = [*deps, *(ti.task.deps if own_deps else ())]
        for finished in (context := DepContext()).ensure_finished_tis(run, session):
            finished.task = dag.get_task(finished.task_id)
        names = frozenset(
            status.dep_name
            for check in checks
            for status in check.get_dep_statuses(ti, session, context)
            if not status.passed
        )
        found.setdefault((ti.task_id, ti.state), set()).add(names)
    session.rollback()
    return found


@pytest.mark.parametrize("rule", [None, *rules()])
@pytest.mark.parametrize("seed", range(3))
def test_what_keeps_a_task_from_being_scheduled_is_what_airflow_says(session, every_reason, rule, seed):
    """Over random DAGs, states and runs before, the checks that fail are those of Airflow, and no other."""
    chance = random.Random(f"{rule}-{seed}")  # noqa: S311 - not a secret
    dag = random_dag(chance, rule)
    for task in dag.tasks:
        if type(task).__name__ == "EmptyOperator" and chance.random() < 0.4:
            task.depends_on_past = True
            task.wait_for_downstream = chance.random() < 0.5
            task.ignore_first_depends_on_past = chance.random() < 0.5
        arguments = task.partial_kwargs if hasattr(task, "partial_kwargs") else vars(task)
        arguments["retry_delay"] = timedelta(hours=chance.choice([0, 24 * 365 * 20]))
    store(dag, session)
    new_run(dag, session, run_id="before")
    new_run(dag, session)
    drawn = {
        run_id: {
            key: chance.choice([*STATES, "removed"] if isinstance(key, tuple) else STATES)
            for key in states("random", session, run_id)
        }
        for run_id in ("before", "manual__1")
    }
    for run_id, new_states in drawn.items():
        put_states("random", new_states, session, run_id)
    _give_dates(session)
    if chance.random() < 0.3:
        _forget_tasks(chance, session)

    ours = every_reason("random")
    theirs = airflows_reasons("random", session, {None, "up_for_retry"})
    if AIRFLOW < (2, 8):
        ours = {key: {names - {MAPPED_UPSTREAM} for names in sets} for key, sets in ours.items()}
    assert {key: sets for key, sets in ours.items() if key[1] in {None, "up_for_retry"}} == theirs


def _give_dates(session) -> None:
    from airflow.models.taskinstance import TaskInstance

    now = datetime.now(timezone.utc)
    session.execute(update(TaskInstance.__table__).values(start_date=now, end_date=now, try_number=1))
    session.commit()


def _forget_tasks(chance, session) -> None:
    """Some tasks are new: the run before has none of them."""
    from airflow.models.taskinstance import TaskInstance

    names = sorted({task_id for (task_id,) in session.query(TaskInstance.task_id).filter_by(run_id="before")})
    session.query(TaskInstance).filter(
        TaskInstance.run_id == "before", TaskInstance.task_id.in_(chance.sample(names, 3))
    ).delete(synchronize_session=False)
    session.commit()


@pytest.mark.parametrize("seed", range(12))
def test_what_keeps_a_task_from_being_queued_is_what_airflow_says(session, every_reason, seed):
    """Over random pools, limits and states, the checks that fail for a scheduled task are those of Airflow."""
    from airflow.models.pool import Pool
    from airflow.operators.bash import BashOperator
    from airflow.ti_deps.deps.dag_ti_slots_available_dep import DagTISlotsAvailableDep
    from airflow.ti_deps.deps.pool_slots_available_dep import PoolSlotsAvailableDep
    from airflow.ti_deps.deps.runnable_exec_date_dep import RunnableExecDateDep
    from airflow.ti_deps.deps.task_concurrency_dep import TaskConcurrencyDep

    chance = random.Random(seed)  # noqa: S311 - not a secret
    session.query(Pool).filter(Pool.pool.like("pool_%")).delete(synchronize_session=False)
    for number in range(3):
        pool = Pool(pool=f"pool_{number}", slots=chance.choice([-1, 0, 1, 2, 5]), description="")
        pool.include_deferred = chance.random() < 0.5
        session.add(pool)
    session.commit()
    with warnings.catch_warnings(), new_dag("random", max_active_tasks=chance.choice([2, 4, 16])) as dag:
        warnings.simplefilter("ignore")
        for number in range(6):
            arguments = {
                "task_id": f"task_{number}",
                "pool": f"pool_{chance.choice([0, 1, 2, 2, 'gone'])}",
                "pool_slots": chance.choice([1, 1, 2, 6]),
                "max_active_tis_per_dag": chance.choice([None, 1, 2]),
                "max_active_tis_per_dagrun": chance.choice([None, 1, 2]),
            }
            if chance.random() < 0.3:
                arguments["end_date"] = datetime(2026, 1, 1, tzinfo=timezone.utc)
            BashOperator.partial(**arguments).expand(bash_command=["true"] * 3)
    store(dag, session)
    new_run(dag, session, run_id="before")
    new_run(dag, session)
    for run_id in ("before", "manual__1"):
        drawn = {
            key: chance.choice(["scheduled", "scheduled", "running", "deferred", "success"])
            for key in states("random", session, run_id)
        }
        put_states("random", drawn, session, run_id)

    deps = [DagTISlotsAvailableDep(), PoolSlotsAvailableDep(), TaskConcurrencyDep(), RunnableExecDateDep()]
    theirs = airflows_reasons("random", session, {"scheduled"}, deps, own_deps=False)
    ours = {key: sets for key, sets in every_reason("random").items() if key[1] == "scheduled"}
    session.query(Pool).filter(Pool.pool.like("pool_%")).delete(synchronize_session=False)
    session.commit()
    assert ours == theirs


@pytest.mark.parametrize("state", ["scheduled", "queued", "running", None])
def test_an_explanation_asks_once_for_what_all_instances_share(session, monkeypatch, state):
    """Options, and what a task is mapped over, are looked up as often for ten instances of a task as for three."""
    from airflow.operators.bash import BashOperator

    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalKubernetesExecutor")  # which is told by the queue
    asked: list[object] = []

    def noting(function):
        return lambda *arguments, **keywords: asked.append(arguments) or function(*arguments, **keywords)

    with new_dag("random") as dag:
        BashOperator(task_id="first", bash_command="true") >> BashOperator.partial(task_id="mapped").expand(
            bash_command=["true"] * 10
        )
    store(dag, session)
    numbers = []
    monkeypatch.setattr(trigger_rules, "mapped_dependencies", noting(trigger_rules.mapped_dependencies))
    for name in ("get", "getint", "getfloat"):
        monkeypatch.setattr(waiting_task_reasons.conf, name, noting(getattr(waiting_task_reasons.conf, name)))
    for run_id, number in (("few", 3), ("many", 10)):
        in_state = {("mapped", index): state if index < number else "success" for index in range(10)}
        new_run(dag, session, {"first": "success", **in_state}, run_id=run_id)
        asked.clear()
        explanation.explain_dag_run("random", run_id, logs_withheld="no", session=session)
        numbers.append(len(asked))
    assert numbers[0] == numbers[1]
