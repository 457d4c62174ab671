"""Whether a dag_id in Airflow's database belongs to the file deployed here, or to another file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.utils.file import correct_maybe_zipped
from sqlalchemy import select

from openmetadata_airflow_apis.deploy.deployment_state import rows_of
from openmetadata_airflow_apis.errors import DagNotFound, NotDeployedHere

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


def refuse_other_file(dag_id: str, fileloc: str, *, session: Session) -> None:
    """Raise NotDeployedHere if Airflow knows the DAG from another file.

    An inactive row whose file is gone belongs to nobody.
    """
    row = session.execute(select(DagModel.fileloc, DagModel.is_active).where(DagModel.dag_id == dag_id)).first()
    if row is None or row.fileloc in (None, fileloc):
        return
    if row.is_active or Path(correct_maybe_zipped(row.fileloc)).exists():
        raise NotDeployedHere(dag_id, f"it comes from {row.fileloc}")


def has_lost_its_files(dag_id: str, store: DefinitionStore, *, session: Session) -> bool:
    """Say whether a DAG was deployed here, by its serialized DAG's mark, and nothing of it is stored any more."""
    fileloc = store.fileloc(dag_id)
    if _known_fileloc(dag_id, session=session) != fileloc or store.knows(dag_id) or store.has_dag_file(dag_id):
        return False
    return rows_of({dag_id: fileloc}, session=session)[dag_id].mark is not None


def refuse_unless_abandoned(dag_id: str, store: DefinitionStore, *, session: Session) -> None:
    """Raise DagNotFound or NotDeployedHere unless rows alone are left of a DAG deployed here; nothing is stored of it.

    Airflow deactivates a DAG whose file is gone, and takes away its serialized DAG with the mark. What it leaves of a
    file that would be ours belongs to nobody.
    """
    fileloc = _known_fileloc(dag_id, session=session)
    if fileloc is None:
        raise DagNotFound(dag_id)
    is_active = session.scalar(select(DagModel.is_active).where(DagModel.dag_id == dag_id))
    is_gone = fileloc == store.fileloc(dag_id) and not store.has_dag_file(dag_id)
    if not (is_gone and (not is_active or has_lost_its_files(dag_id, store, session=session))):
        raise NotDeployedHere(dag_id, f"it comes from {fileloc}")


def _known_fileloc(dag_id: str, *, session: Session) -> str | None:
    """Return the file that Airflow knows a DAG by, "" for none, and None for a DAG that it does not know."""
    row = session.execute(select(DagModel.fileloc).where(DagModel.dag_id == dag_id)).first()
    return row and (row.fileloc or "")
