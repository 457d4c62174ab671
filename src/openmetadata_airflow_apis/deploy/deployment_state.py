"""The state of a deployment in Airflow's database: parsed, pending, or failed."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import ARRAY, Text, case, cast, func, literal, null, select

from openmetadata_airflow_apis.dagbuild.deployment_mark import MARK_PATH

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


PARSED, PENDING, FAILED = "parsed", "pending", "failed"
_SERIALIZED = SerializedDagModel.__table__
# dag_id → the hash of a serialized DAG that this process has read, and the mark in it.
_marks_read: dict[str, tuple[str, str | None]] = {}
_MARKS_KEPT = 10_000


class Deployed(Protocol):
    """A deployment to compare Airflow's rows with: a stored document, or the Deployment that a deploy returns."""

    @property
    def mark(self) -> str:
        """The mark that its serialized DAG carries."""

    @property
    def deployed_at(self) -> datetime:
        """When it was deployed."""


@dataclass(frozen=True)
class DagRows:
    """What Airflow's database says of a DAG and its file. parsed_time: None for a DAG that it does not know.

    mark: the mark of the deployment that the serialized DAG was built from, None if it carries none.
    import_error_mark: the mark of the deployment that could not be imported.
    """

    is_paused: bool | None
    is_active: bool
    mark: str | None
    parsed_time: datetime | None
    import_error: str | None
    import_error_time: datetime | None
    import_error_mark: str | None

    def state(self, deployed: Deployed) -> str:
        """Return "failed" for an import error of this deployment, "parsed" if both rows are of it, else "pending".

        The serialized DAG carries its deployment's mark. The DAG's row is of the same deployment, or of a later one,
        if it was written since: no parse writes it from a definition that was replaced (see late_file_rows).
        """
        if self.import_error is not None:
            mark = self.import_error_mark
            if mark == deployed.mark or (mark is None and _since(self.import_error_time, deployed)):
                return FAILED
        if self.is_active and self.mark == deployed.mark and _since(self.parsed_time, deployed):
            return PARSED
        return PENDING

    def parsed_at(self, deployed: Deployed) -> datetime | None:
        """Return when the DAG processor last parsed this deployment, None if it has not yet.

        A deploy writes its own time; a later one is the DAG processor's.
        """
        if self.mark == deployed.mark and self.parsed_time is not None and self.parsed_time > deployed.deployed_at:
            return self.parsed_time
        return None

    def are_overwritten(self, deployed: Deployed) -> bool:
        """Say whether rows were written since the deployment although the serialized DAG is of another one."""
        return self.mark != deployed.mark and _since(self.parsed_time, deployed)


def state_of(deployed: Deployed, rows: DagRows, *, is_absent: bool) -> str:
    """Return the state of what is deployed. is_absent: whether the DAG's file is missing."""
    return PENDING if is_absent else rows.state(deployed)


def rows_of(dag_ids: Collection[str], store: DefinitionStore, *, session: Session) -> dict[str, DagRows]:
    """Return the rows of each DAG. Two statements."""
    # A serialized DAG may be a megabyte, so its mark is read again only if its hash has changed.
    marks_read = {dag_id: _marks_read[dag_id] for dag_id in dag_ids if dag_id in _marks_read}
    has_mark_read = _SERIALIZED.c.dag_hash.in_([dag_hash for dag_hash, _ in marks_read.values()])
    rows: dict[str, Any] = {
        row.dag_id: row
        for row in session.execute(
            select(
                DagModel.dag_id,
                DagModel.is_paused,
                DagModel.is_active,
                DagModel.last_parsed_time,
                _SERIALIZED.c.dag_hash,
                case((has_mark_read, null()), else_=_mark_in_data(session)).label("mark"),
                case((has_mark_read, null()), else_=_SERIALIZED.c.data_compressed).label("data_compressed"),
            )
            .outerjoin(_SERIALIZED, _SERIALIZED.c.dag_id == DagModel.dag_id)
            .where(DagModel.dag_id.in_(list(dag_ids)))
        )
    }
    failures = store.import_errors(dag_ids, session=session)
    dag_rows = {}
    for dag_id in dag_ids:
        row, failure = rows.get(dag_id), failures.get(dag_id)
        dag_rows[dag_id] = DagRows(
            is_paused=row.is_paused if row else None,
            is_active=bool(row and row.is_active),
            mark=_mark(row, marks_read.get(dag_id)) if row else None,
            parsed_time=row.last_parsed_time if row else None,
            import_error=failure.text if failure else None,
            import_error_time=failure.timestamp if failure else None,
            import_error_mark=failure.mark if failure else None,
        )
    return dag_rows


def _mark_in_data(session: Session) -> ColumnElement:
    """Return the SQL expression of the mark in an uncompressed serialized DAG, so that only the mark is sent."""
    data = _SERIALIZED.c.data
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        return data.op("#>>")(cast(literal("{" + ",".join(MARK_PATH) + "}"), ARRAY(Text)))
    place = "$." + ".".join(f'"{key}"' for key in MARK_PATH)
    text = func.json_extract(data, place, type_=Text)
    return func.json_unquote(text, type_=Text) if dialect == "mysql" else text


def _mark(row: Any, mark_read: tuple[str, str | None] | None) -> str | None:
    if row.dag_hash is None:
        return None
    if mark_read is not None and mark_read[0] == row.dag_hash:
        return mark_read[1]
    mark = _mark_in_row(row)
    if len(_marks_read) >= _MARKS_KEPT:
        _marks_read.clear()
    _marks_read[row.dag_id] = (row.dag_hash, mark)
    return mark


def _mark_in_row(row: Any) -> str | None:
    if row.data_compressed is None:
        return str(row.mark) if row.mark is not None else None
    node: Any = json.loads(zlib.decompress(row.data_compressed))  # [core] compress_serialized_dags
    for key in MARK_PATH:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _since(moment: datetime | None, deployed: Deployed) -> bool:
    return moment is not None and moment >= deployed.deployed_at
