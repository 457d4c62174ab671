"""Whether a dag_id in Airflow's database belongs to the file deployed here, or to another file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.utils.file import correct_maybe_zipped
from sqlalchemy import select

from openmetadata_airflow_apis.errors import NotDeployedHere

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def refuse_other_file(dag_id: str, fileloc: str, *, session: Session) -> None:
    """Raise NotDeployedHere if Airflow knows the DAG from another file.

    An inactive row whose file is gone belongs to nobody.
    """
    row = session.execute(select(DagModel.fileloc, DagModel.is_active).where(DagModel.dag_id == dag_id)).first()
    if row is None or row.fileloc in (None, fileloc):
        return
    if row.is_active or Path(correct_maybe_zipped(row.fileloc)).exists():
        raise NotDeployedHere(dag_id, f"it comes from {row.fileloc}")


def refuse_unknown_origin(dag_id: str, *, session: Session) -> None:
    """Raise NotDeployedHere if Airflow knows the DAG; the caller has found nothing stored here."""
    row = session.execute(select(DagModel.fileloc).where(DagModel.dag_id == dag_id)).first()
    if row is not None:
        raise NotDeployedHere(dag_id, f"it comes from {row.fileloc}")
