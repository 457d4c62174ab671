"""Says whether a dag_id in Airflow's database belongs to the file deployed here, and our tables to this release."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.utils.file import correct_maybe_zipped
from sqlalchemy import select

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.conflict_errors import NotDeployedHere
from openmetadata_airflow_apis.deploy.deployment_state import rows_of
from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.stores import version_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


def refuse_what_is_not_ours(dag_id: str, fileloc: str, *, session: Session) -> None:
    """Raise NotDeployedHere if Airflow knows the DAG from another file, ConfigurationError if our tables are newer.

    An inactive row whose file is gone belongs to nobody. Makes our tables if they are missing, and rolls the session
    back to do so. Every change to a deployment calls this first.
    """
    row = _row_and_schema(dag_id, session=session)
    own_tables.refuse_newer(row.version)
    if row.fileloc in (None, fileloc):
        return
    if row.is_active or not _is_gone(row.fileloc):
        raise NotDeployedHere(dag_id, f"it comes from {row.fileloc}")


def _is_gone(fileloc: str) -> bool:
    """Say whether a file is surely not there; False if it can't be looked at, as on a mount that does not answer."""
    try:
        os.stat(correct_maybe_zipped(fileloc))  # noqa: PTH116 - a path of Airflow's
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _row_and_schema(dag_id: str, *, session: Session) -> Any:
    """Return the version of our tables, with the DAG's fileloc and is_active if Airflow knows the DAG."""
    schema, row = own_tables.SCHEMA, DagModel.__table__
    query = select(schema.c.version, row.c.fileloc, row.c.is_active).select_from(
        schema.outerjoin(row, row.c.dag_id == dag_id)
    )
    return own_tables.ask_schema(lambda: session.execute(query), version_rows.TABLE, session=session)


def has_lost_its_files(dag_id: str, store: DefinitionStore, *, session: Session) -> bool:
    """Say whether a DAG was deployed here, as its serialized DAG's mark shows, and all of its files are lost."""
    fileloc = store.fileloc(dag_id)
    if _known_fileloc(dag_id, session=session) != fileloc or store.knows(dag_id) or store.has_dag_file(dag_id):
        return False
    return rows_of([dag_id], store, session=session)[dag_id].mark is not None


def refuse_unless_abandoned(dag_id: str, store: DefinitionStore, *, session: Session) -> None:
    """Raise DagNotFound or NotDeployedHere, unless a DAG deployed here has lost its files and only rows are left.

    Airflow deactivates a DAG whose file is gone, and deletes its serialized DAG with the mark. The remaining rows
    count as ours if they name the file that we would have written.
    """
    fileloc = _known_fileloc(dag_id, session=session)
    if fileloc is None:
        raise DagNotFound(dag_id)
    is_active = session.scalar(select(DagModel.is_active).where(DagModel.dag_id == dag_id))
    is_gone = fileloc == store.fileloc(dag_id) and not store.has_dag_file(dag_id)
    if not (is_gone and (not is_active or has_lost_its_files(dag_id, store, session=session))):
        raise NotDeployedHere(dag_id, f"it comes from {fileloc}")


def _known_fileloc(dag_id: str, *, session: Session) -> str | None:
    """Return the fileloc of the DAG's row, "" if it has none; None if Airflow does not know the DAG."""
    row = session.execute(select(DagModel.fileloc).where(DagModel.dag_id == dag_id)).first()
    return row and (row.fileloc or "")
