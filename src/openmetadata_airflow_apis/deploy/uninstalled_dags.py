"""Withdraws the deployed DAGs for `uninstall`: without the plugin, their files could not be imported.

A delete removes a DAG's runs too. A withdrawal leaves in Airflow what stays of any DAG whose file is gone: an inactive
DAG with its runs, task instances and permissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.state import State
from sqlalchemy import delete, func, select, update

from openmetadata_airflow_apis.conflicts import NotDeployedHere
from openmetadata_airflow_apis.deploy.deletion import finish_interrupted
from openmetadata_airflow_apis.errors import ManagedDagsError
from openmetadata_airflow_apis.transactions import database_errors, in_one_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

_NO_ANSWER = "Airflow's database does not answer; the DAG `{}` was not withdrawn, try again later"


@dataclass(frozen=True)
class Deployed:
    """A DAG that is deployed here, or what a crash left of one. fileloc: the file that Airflow loads it from.

    unfinished_runs: how many of its runs have not ended. refusal: why it can't be withdrawn, None if it can.
    """

    dag_id: str
    fileloc: str
    unfinished_runs: int
    refusal: str | None


def everything_deployed(store: DefinitionStore, *, session: Session) -> list[Deployed]:
    """Return all deployed DAGs, with damaged ones and those that a crash left, sorted by dag_id. Changes nothing.

    What lies at the paths of ours and is not, such as a config of the older plugin, is none of them.
    """
    refusals = {name: _refusal(name, store) for name in sorted({*store.dag_ids(), *store.interrupted()})}
    names = [name for name, refusal in refusals.items() if not isinstance(refusal, NotDeployedHere)]
    run_counts = dict(
        session.execute(
            select(DagRun.dag_id, func.count())
            .where(DagRun.dag_id.in_(names), DagRun.state.in_(State.unfinished_dr_states))
            .group_by(DagRun.dag_id)
        ).all()
    )
    return [
        Deployed(
            name, store.fileloc(name), run_counts.get(name, 0), str(refusal) if (refusal := refusals[name]) else None
        )
        for name in names
    ]


def withdraw(dag_id: str, store: DefinitionStore, *, session: Session) -> None:
    """Remove a deployment's files, and make Airflow stop scheduling and showing the DAG. Commits the session.

    Raises Unavailable, and the errors with which a deploy or delete would refuse the name; the DAG is then as it was.
    """
    fileloc = store.fileloc(dag_id)

    def change() -> None:
        # Airflow may know the name from another file; that DAG is not ours to change.
        our_row = select(DagModel.dag_id).where(DagModel.dag_id == dag_id, DagModel.fileloc == fileloc)
        store.remove_rows(dag_id, session=session)
        if session.execute(our_row).first() is None:
            return
        session.execute(delete(SerializedDagModel.__table__).where(SerializedDagModel.__table__.c.dag_id == dag_id))
        session.execute(update(DagModel.__table__).where(DagModel.__table__.c.dag_id == dag_id).values(is_active=False))

    no_answer = _NO_ANSWER.format(dag_id)
    with database_errors(no_answer), store.locked(dag_id):
        finish_interrupted(dag_id, store, session=session)
        store.claim(dag_id)
        if store.knows(dag_id):
            with store.removing(dag_id):
                in_one_transaction(change, session=session, unavailable=no_answer)


def _refusal(dag_id: str, store: DefinitionStore) -> ManagedDagsError | None:
    try:
        store.claim(dag_id)
    except ManagedDagsError as error:
        return error
    return None
