"""The rows of all versions of each deployed definition, in a table of our own in Airflow's database.

A row is written once, in the transaction of its deploy. Later only deleted_at changes, when its DAG is deleted. Each
DAG's versions are numbered one by one; the newest is what is deployed, unless its deleted_at is set. Both texts are
compressed with zlib, to about a tenth, and stored as bytes, which no database's character set changes. They have
MySQL's largest type, since its default would cut them off at 64 KiB.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Column, Integer, LargeBinary, String, Table, and_, func, insert, select, update
from sqlalchemy.dialects.mysql import LONGBLOB

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.dagbuild.stored_content import canonical_bytes
from openmetadata_airflow_apis.list_filters_and_order import total_of

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
    """A version of a DAG's definition: who first deployed it, when, and with which comment.

    revision: the canonical definition's sha256. deleted_at: when the DAG was deleted, None if it was not.
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
    """A DAG's newest version. version_number: 0 if there is none. revision: None if there is none or it is deleted."""

    version_number: int = 0
    revision: str | None = None


_KEYS = tuple(DagVersion.__dataclass_fields__)
_OF_NEWEST = (ROW.version_number, ROW.revision, ROW.deleted_at)


def make_tables() -> None:
    """Create the table if it is missing. Raises SQLAlchemyError."""
    own_tables.make_ready(TABLE)


def newest(dag_ids: Iterable[str] | None = None, *, session: Session) -> dict[str, Newest]:
    """Return the newest version of each of these DAGs, by dag_id; None stands for all DAGs."""
    newest_numbers = select(ROW.dag_id, func.max(ROW.version_number).label("version_number")).group_by(ROW.dag_id)
    if dag_ids is not None:
        newest_numbers = newest_numbers.where(ROW.dag_id.in_(list(dag_ids)))
    newest_rows = newest_numbers.subquery()
    joined = TABLE.join(
        newest_rows, and_(ROW.dag_id == newest_rows.c.dag_id, ROW.version_number == newest_rows.c.version_number)
    )
    rows = session.execute(select(ROW.dag_id, *_OF_NEWEST).select_from(joined))
    return {dag_id: newest_of(*values) for dag_id, *values in rows}


def number_of(document: StoredDocument, newest: Mapping[str, Newest]) -> int | None:
    """Return the number of the deployed version, None if a crash kept it from being recorded.

    newest: what the function `newest` returned.
    """
    newest_version = newest.get(document.dag_id, Newest())
    return newest_version.version_number if newest_version.revision == document.revision else None


def numbers_of(dag_id: str, revisions: Collection[str], *, session: Session) -> dict[str, int]:
    """Return the newest version number of each of a DAG's revisions that is kept. One statement at most."""
    if not revisions:
        return {}
    query = select(ROW.revision, func.max(ROW.version_number)).where(
        ROW.dag_id == dag_id, ROW.revision.in_(list(revisions))
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(ROW.revision))}


def newest_columns(dag_id: str) -> tuple[Any, ...]:
    """Return columns of a DAG's newest version, to select in any statement; `newest_of` takes their values."""
    newest_number = select(func.max(ROW.version_number)).where(ROW.dag_id == dag_id).scalar_subquery()
    return tuple(
        select(column).where(ROW.dag_id == dag_id, ROW.version_number == newest_number).scalar_subquery()
        for column in _OF_NEWEST
    )


def newest_of(version_number: int | None, revision: str | None, deleted_at: datetime | None) -> Newest:
    """Return the Newest of the values that newest_columns select."""
    return Newest(version_number or 0, None if deleted_at is not None else revision)


def new_row(document: StoredDocument, version_number: int) -> dict[str, Any]:
    """Return the row of a version, to be written."""
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
    """Write new rows. Raises IntegrityError if somebody else has written a version of the same number."""
    if rows:
        session.execute(insert(TABLE), [dict(row) for row in rows])


def page(dag_id: str, *, limit: int, offset: int, oldest_first: bool, session: Session) -> tuple[list[DagVersion], int]:
    """Return one page of a DAG's versions, and how many it has in all."""
    order = ROW.version_number.asc() if oldest_first else ROW.version_number.desc()
    is_of_dag = ROW.dag_id == dag_id
    rows = session.execute(
        select(*(ROW[key] for key in _KEYS)).where(is_of_dag).order_by(order).limit(limit).offset(offset)
    ).all()
    count_query = select(func.count()).select_from(TABLE).where(is_of_dag)
    return [DagVersion(*row) for row in rows], total_of(rows, count_query, limit=limit, offset=offset, session=session)


def read(dag_id: str, version_number: int, *, session: Session) -> DagVersionDetail | None:
    """Return a version with its content, None if there is none of that number."""
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
    """Set deleted_at of a DAG's versions."""
    session.execute(update(TABLE).where(ROW.dag_id == dag_id, ROW.deleted_at.is_(None)).values(deleted_at=moment))
