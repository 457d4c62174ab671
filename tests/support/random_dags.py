"""Random DAGs, and what Airflow's own scheduler decides about their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.dag_runs import new_dag, states

if TYPE_CHECKING:
    import random

    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session


def rules() -> list[str]:
    """Return the names of all trigger rules of this Airflow, without the old spellings."""
    from airflow.utils.trigger_rule import TriggerRule

    old_names = {"dummy", "none_failed_or_skipped"}
    return sorted({str(rule.value) for rule in TriggerRule} - old_names)


def random_dag(chance: random.Random, rule: str | None = None) -> DAG:
    """Return a DAG of plain, mapped, grouped, setup and teardown tasks; of one trigger rule if one is given."""
    from airflow.decorators import task_group
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator

    allowed = [rule] if rule else rules()
    in_group = [each for each in allowed if each != "always"] or ["all_success"]  # Airflow allows no other there
    with new_dag("random") as dag:
        made = [EmptyOperator(task_id=f"root_{number}") for number in range(3)]
        for number in range(8):
            arguments = {"task_id": f"task_{number}", "trigger_rule": chance.choice(allowed)}
            if chance.random() < 0.25:
                task = BashOperator.partial(**arguments).expand(bash_command=["true"] * chance.randint(1, 3))
            else:
                task = EmptyOperator(**arguments)
            for upstream in chance.sample(made, chance.randint(1, min(3, len(made)))):
                upstream >> task
            made.append(task)

        @task_group
        def group(number):
            first = BashOperator(task_id="first", bash_command="true", trigger_rule=chance.choice(in_group))
            first >> BashOperator(task_id="second", bash_command="true", trigger_rule=chance.choice(in_group))

        (
            chance.choice(made)
            >> group.expand(number=[1, 2, 3])
            >> EmptyOperator(task_id="after", trigger_rule=chance.choice(allowed))
        )
        if rule in {None, "all_success"}:
            setup = EmptyOperator(task_id="setup").as_setup()
            work = EmptyOperator(task_id="work", trigger_rule=chance.choice(allowed))
            setup >> EmptyOperator(task_id="between", trigger_rule=chance.choice(allowed)) >> work
            work >> EmptyOperator(task_id="teardown").as_teardown(setups=setup)
            chance.choice(made) >> setup
    return dag


def as_airflow_decides(dag_id: str, session: Session) -> dict[Any, str | None]:
    """Let Airflow's scheduling decide until nothing changes; return the states."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel

    before = None
    while before != (before := states(dag_id, session)):
        run = session.query(DagRun).filter_by(dag_id=dag_id).one()
        run.dag = SerializedDagModel.get(dag_id, session=session).dag
        run.task_instance_scheduling_decisions(session)
        session.commit()
        session.expunge_all()
    return before
