"""Pauses and unpauses a DAG, deployed here or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from sqlalchemy import or_, select, update

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_DAG = DagModel.__table__


@dataclass(frozen=True)
class PatchedDag:
    """A DAG after a patch. changed: whether its paused state, or a subDAG's, differed. dry_run: nothing was changed."""

    dag_id: str
    is_paused: bool
    changed: bool
    dry_run: bool = False


def patch_dag(dag_id: str, *, is_paused: bool, dry_run: bool = False, user: str, session: Session) -> PatchedDag:
    """Pause or unpause a DAG with its subDAGs, as Airflow's page does. Commits the session.

    A DAG that has the paused state already is not changed. dry_run: change nothing; return whether it would change.
    Raises DagNotFound, Unavailable, OutcomeUnknown.
    """
    is_dag_or_subdag = or_(_DAG.c.dag_id == dag_id, _DAG.c.root_dag_id == dag_id)
    differs = _DAG.c.is_paused.is_distinct_from(is_paused)
    receipt = audit.Receipt()

    def change() -> PatchedDag:
        if session.execute(select(_DAG.c.dag_id).where(_DAG.c.dag_id == dag_id)).first() is None:
            raise DagNotFound(dag_id)
        if dry_run:
            would_change = session.execute(select(_DAG.c.dag_id).where(is_dag_or_subdag, differs)).first() is not None
            return PatchedDag(dag_id, is_paused, changed=would_change, dry_run=True)
        # If two do the same at once, the second waits for the first one's lock and then finds nothing to change.
        changed = (
            session.execute(update(_DAG).where(is_dag_or_subdag, differs).values(is_paused=is_paused)).rowcount > 0
        )
        if changed:
            audit.record(
                "patch_dag",
                user=user,
                dag_id=dag_id,
                details={"is_paused": is_paused},
                receipt=receipt,
                session=session,
            )
        return PatchedDag(dag_id, is_paused, changed=changed)

    patched = in_one_transaction(
        change,
        session=session,
        was_committed=lambda: receipt.is_stored(session=session),
        unavailable=f"Airflow's database does not answer, or is too busy; the DAG `{dag_id}` was left as it is",
        unknown=lambda _: (
            "Airflow's database broke off while it took the change and has not answered since, so it isn't known "
            f"whether the DAG `{dag_id}` is {'paused' if is_paused else 'unpaused'}; send it again, which does no harm"
        ),
    )
    if patched.changed and not dry_run:
        audit.count("patch_dag")
    return patched
