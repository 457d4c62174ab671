"""How far Airflow's database is behind what is deployed: parsed, pending, or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import select

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from openmetadata_airflow_apis.dagbuild.import_errors import readable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument

ParseImportError = parse_import_error()
PARSED, PENDING, FAILED = "parsed", "pending", "failed"


@dataclass(frozen=True)
class DagRows:
    """What Airflow's database says of a DAG and its file; parsed_time is None for a DAG that it does not know."""

    is_paused: bool | None
    is_active: bool
    is_serialized: bool
    parsed_time: datetime | None
    import_error: str | None
    import_error_time: datetime | None

    def state(self, document: StoredDocument) -> str:
        """Return "failed" for an import error of this version, "parsed" where the rows are this version's."""
        if self.import_error is not None and _since(self.import_error_time, document):
            return FAILED
        if self.is_active and self.is_serialized and _since(self.parsed_time, document):
            return PARSED
        return PENDING

    def parsed_at(self, document: StoredDocument) -> datetime | None:
        """Return when the DAG processor last parsed this version, None where it has not yet.

        A deploy writes its own time; a later one is the DAG processor's.
        """
        if self.parsed_time is not None and self.parsed_time > document.deployed_at:
            return self.parsed_time
        return None


def rows_of(filelocs: Mapping[str, str], *, session: Session) -> dict[str, DagRows]:
    """Return the rows of each DAG, given the file that each dag_id is deployed as. Two statements."""
    known: dict[str, Any] = {
        row.dag_id: row
        for row in session.execute(
            select(
                DagModel.dag_id,
                DagModel.is_paused,
                DagModel.is_active,
                DagModel.last_parsed_time,
                SerializedDagModel.dag_id.label("serialized"),
            )
            .outerjoin(SerializedDagModel, SerializedDagModel.dag_id == DagModel.dag_id)
            .where(DagModel.dag_id.in_(list(filelocs)))
        )
    }
    failures = {
        row.filename: row
        for row in session.execute(
            select(ParseImportError.filename, ParseImportError.stacktrace, ParseImportError.timestamp).where(
                ParseImportError.filename.in_(list(filelocs.values()))
            )
        )
    }
    dag_rows = {}
    for dag_id, fileloc in filelocs.items():
        row, failure = known.get(dag_id), failures.get(fileloc)
        dag_rows[dag_id] = DagRows(
            is_paused=row.is_paused if row else None,
            is_active=bool(row and row.is_active),
            is_serialized=bool(row and row.serialized),
            parsed_time=row.last_parsed_time if row else None,
            import_error=readable(failure.stacktrace) if failure else None,
            import_error_time=failure.timestamp if failure else None,
        )
    return dag_rows


def _since(moment: datetime | None, document: StoredDocument) -> bool:
    return moment is not None and moment >= document.deployed_at
