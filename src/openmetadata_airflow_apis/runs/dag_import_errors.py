"""Whether a DAG's file can be imported, and if not, why: asked before a run is made of it, and to explain one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from sqlalchemy import select

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from openmetadata_airflow_apis.conflict_errors import DagHasImportErrors
from openmetadata_airflow_apis.dagbuild.import_errors import readable
from openmetadata_airflow_apis.stores.database_store import noted_import_error
from openmetadata_airflow_apis.stores.loader_files import is_loader

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_DAG = DagModel.__table__
_IMPORT_ERROR = parse_import_error()


def import_error_of(dag_id: str, fileloc: str, *, session: Session) -> str | None:
    """Return the import error of a DAG, its sentence first; None if it has none. One statement."""
    if is_loader(fileloc):
        return noted_import_error(dag_id, session=session)
    stacktrace = session.execute(
        select(_IMPORT_ERROR.stacktrace).where(_IMPORT_ERROR.filename == fileloc).order_by(_IMPORT_ERROR.id.desc())
    ).scalar()
    return readable(stacktrace) if stacktrace else None


def refuse_import_errors(dag_id: str, *, session: Session) -> None:
    """Raise DagHasImportErrors, with the error's first line, if the DAG's file can't be imported.

    After a while Airflow deactivates such a DAG and deletes its serialized form, but the DAG still exists.
    """
    row = session.execute(select(_DAG.c.fileloc, _DAG.c.has_import_errors).where(_DAG.c.dag_id == dag_id)).first()
    if row is None:
        return
    import_error = import_error_of(dag_id, row.fileloc, session=session) if row.fileloc else None
    if import_error or row.has_import_errors:
        raise DagHasImportErrors(dag_id, import_error.splitlines()[0] if import_error else None)
