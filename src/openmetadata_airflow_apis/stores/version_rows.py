"""The rows of all versions of each deployed definition, in a table of our own in Airflow's database.

A row is written once, in the transaction of the deploy that it is of, and never changed but for the mark that its DAG
was deleted. Numbers count up by one a DAG, so that the newest row that isn't marked is what is deployed. Both texts
are zlib's: a definition has at most as many bytes as a request body, of which a tenth is left, and bytes are stored by
every database as they are, whatever its character set. MySQL would cut them off at 64 KiB were they not of its largest
type.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Column, Integer, LargeBinary, String, Table, and_, delete, func, insert, select, update
from sqlalchemy.dialects.mysql import LONGBLOB

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.dagbuild.stored_content import canonical_bytes
from openmetadata_airflow_apis.list_filters import total_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.definition.json_limits import SentObject

LONGEST_COMMENT = 1000
_BYTES = LargeBinary().with_variant(LONGBLOB(), "mysql")
TABLE = Table(
    "openmetadata_airflow_apis_dag_version",
    own_tables.metadata(),
    Column("dag_id", own_tables.DAG_ID, primary_key=True),
    Column("version_number", Integer, primary_key=True, autoincrement=False),
    Column("revision", String(64), nullable=False),
    Column("created_by", String(512), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("comment", String(LONGEST_COMMENT)),
    Column("deleted_at", UtcDateTime, index=True),
    Column("definition", _BYTES, nullable=False),  # canonical_bytes, of which the revision is the sha256
    Column("source", _BYTES, nullable=False),
)
ROW = TABLE.c


@dataclass(frozen=True)
class DagVersion:
    """A version of a DAG's definition: who deployed it first, when, and what for.

    revision: the canonical definition's sha256. deleted_at: when the DAG was deleted that this version was of.
    """

    dag_id: str
    version_number: int
    revision: str
    created_by: str
    created_at: datetime
    comment: str | None
    deleted_at: datetime | None


@dataclass(frozen=True)
class DagVersionDetail(DagVersion):
    """A version with its content. definition: the workflow as it was sent; canonical_definition: what was built."""

    definition: SentObject
    canonical_definition: Definition


@dataclass(frozen=True)
class Newest:
    """A DAG's newest version. version_number: 0 if it has none. revision: None if it has none, or was deleted since."""

    version_number: int = 0
    revision: str | None = None


_KEYS = tuple(DagVersion.__dataclass_fields__)
_OF_NEWEST = (ROW.version_number, ROW.revision, ROW.deleted_at)


def make_tables() -> None:
    """Create the table where it is missing; raise SQLAlchemyError."""
    own_tables.make_ready(TABLE)


def newest(dag_ids: Iterable[str] | None = None, *, session: Session) -> dict[str, Newest]:
    """Return the newest version of each of these DAGs, of all DAGs where none are named, by dag_id."""
    last = select(ROW.dag_id, func.max(ROW.version_number).label("version_number")).group_by(ROW.dag_id)
    if dag_ids is not None:
        last = last.where(ROW.dag_id.in_(list(dag_ids)))
    of_last = last.subquery()
    joined = TABLE.join(of_last, and_(ROW.dag_id == of_last.c.dag_id, ROW.version_number == of_last.c.version_number))
    rows = session.execute(select(ROW.dag_id, *_OF_NEWEST).select_from(joined))
    return {dag_id: newest_of(*values) for dag_id, *values in rows}


def number_of(document: StoredDocument, newest: Mapping[str, Newest]) -> int | None:
    """Return the number of the version that is deployed, None while a crash has kept it from the table.

    newest: what `newest` has returned.
    """
    last = newest.get(document.dag_id, Newest())
    return last.version_number if last.revision == document.revision else None


def numbers_of(dag_id: str, revisions: Collection[str], *, session: Session) -> dict[str, int]:
    """Return the newest number of each revision that is kept of a DAG. One statement, where there are any."""
    if not revisions:
        return {}
    of_revisions = select(ROW.revision, func.max(ROW.version_number)).where(
        ROW.dag_id == dag_id, ROW.revision.in_(list(revisions))
    )
    return {row[0]: row[1] for row in session.execute(of_revisions.group_by(ROW.revision))}


def newest_columns(dag_id: str) -> tuple[Any, ...]:
    """Return what to select, beside anything else, and to give to `newest_of`: a DAG's newest version."""
    last = select(func.max(ROW.version_number)).where(ROW.dag_id == dag_id).scalar_subquery()
    return tuple(
        select(column).where(ROW.dag_id == dag_id, ROW.version_number == last).scalar_subquery()
        for column in _OF_NEWEST
    )


def newest_of(version_number: int | None, revision: str | None, deleted_at: datetime | None) -> Newest:
    """Return what newest_columns have selected."""
    return Newest(version_number or 0, None if deleted_at is not None else revision)


def to_record(newest: Newest, documents: Iterable[StoredDocument]) -> tuple[list[dict[str, Any]], int]:
    """Return the rows that are missing of what was deployed one after the other, and the number of the last version.

    A document of the revision that came before it makes no version.
    """
    number, revision, rows = newest.version_number, newest.revision, []
    for document in documents:
        if document.revision != revision:
            number, revision = number + 1, document.revision
            rows.append(_row(document, number))
    return rows, number


def _row(document: StoredDocument, version_number: int) -> dict[str, Any]:
    return {
        "dag_id": document.dag_id,
        "version_number": version_number,
        "revision": document.revision,
        "created_by": document.deployed_by,
        "created_at": document.deployed_at,
        "comment": document.comment,
        "definition": zlib.compress(canonical_bytes(document.definition)),
        "source": zlib.compress(json.dumps(document.source, separators=(",", ":")).encode("ascii")),
    }


def write(rows: Sequence[Mapping[str, Any]], *, session: Session) -> None:
    """Write new rows; raise IntegrityError where another has written one of the same number."""
    if rows:
        session.execute(insert(TABLE), [dict(row) for row in rows])


def page(dag_id: str, *, limit: int, offset: int, oldest_first: bool, session: Session) -> tuple[list[DagVersion], int]:
    """Return some of a DAG's versions, and how many it has."""
    order = ROW.version_number.asc() if oldest_first else ROW.version_number.desc()
    of_dag = ROW.dag_id == dag_id
    rows = session.execute(
        select(*(ROW[key] for key in _KEYS)).where(of_dag).order_by(order).limit(limit).offset(offset)
    ).all()
    counting = select(func.count()).select_from(TABLE).where(of_dag)
    return [DagVersion(*row) for row in rows], total_of(rows, counting, limit=limit, offset=offset, session=session)


def read(dag_id: str, version_number: int, *, session: Session) -> DagVersionDetail | None:
    """Return a version with its content, None where there is none of that number."""
    row = session.execute(
        select(*(ROW[key] for key in _KEYS), ROW.source, ROW.definition).where(
            ROW.dag_id == dag_id, ROW.version_number == version_number
        )
    ).first()
    if row is None:
        return None
    return DagVersionDetail(
        **{key: row[key] for key in _KEYS},
        definition=json.loads(zlib.decompress(row.source)),
        canonical_definition=json.loads(zlib.decompress(row.definition)),
    )


def mark_deleted(dag_id: str, moment: datetime, *, session: Session) -> None:
    """Note of a DAG's versions that the DAG was deleted."""
    session.execute(update(TABLE).where(ROW.dag_id == dag_id, ROW.deleted_at.is_(None)).values(deleted_at=moment))


def prune(*, keep: int, deleted_before: datetime, dag_id: str | None = None, session: Session) -> None:
    """Delete all but the newest `keep` versions of each DAG, and those of DAGs that were deleted before a moment.

    dag_id: of that DAG alone.
    """
    too_many = (
        select(ROW.dag_id, func.max(ROW.version_number).label("newest"))
        .group_by(ROW.dag_id)
        .having(func.max(ROW.version_number) - func.min(ROW.version_number) >= keep)
    )
    too_old = delete(TABLE).where(ROW.deleted_at < deleted_before)
    if dag_id is not None:
        too_many, too_old = too_many.where(ROW.dag_id == dag_id), too_old.where(ROW.dag_id == dag_id)
    for row in session.execute(too_many).all():
        session.execute(delete(TABLE).where(ROW.dag_id == row.dag_id, ROW.version_number <= row.newest - keep))
    session.execute(too_old)
