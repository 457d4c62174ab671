"""The errors that DAG processors have noted for DAGs of the database store that they could not build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, IMPORT_ERROR

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def noted_import_error(dag_id: str, *, session: Session) -> str | None:
    """Return the newest error of what is deployed under a name, None if there is none. One statement."""
    is_of_deployed = and_(DEPLOYED_DAG.c.dag_id == IMPORT_ERROR.c.dag_id, DEPLOYED_DAG.c.mark == IMPORT_ERROR.c.mark)
    text = session.execute(
        select(IMPORT_ERROR.c.stacktrace)
        .select_from(IMPORT_ERROR.join(DEPLOYED_DAG, is_of_deployed))
        .where(IMPORT_ERROR.c.dag_id == dag_id)
        .order_by(IMPORT_ERROR.c.timestamp.desc())
    ).scalar()
    return str(text) if text else None
