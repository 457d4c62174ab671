"""The database store's tables in Airflow's database: what is deployed now, what nodes have parsed or could not build.

A document is the one that the file store keeps as <dag_id>.json, compressed by zlib, since every database stores bytes
unchanged. They have MySQL's largest type, since its usual one cuts bytes off at 64 KiB. A loader reads these tables
without this module, by their names alone.
"""

from __future__ import annotations

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.dagbuild.shards import DEPLOYED, ERRORS, PARSED

# For a sha256 and a time in ISO 8601, with room to spare.
_MARK = String(128)
_TEXT = Text().with_variant(LONGTEXT(), "mysql")
DEPLOYED_DAG = Table(
    DEPLOYED,
    own_tables.metadata(),
    Column("dag_id", own_tables.DAG_ID, primary_key=True),
    Column("folded_dag_id", own_tables.DAG_ID, nullable=False, unique=True),  # two that differ in case are one
    Column("id_hash", Integer, nullable=False, index=True),  # decides about the shard
    Column("mark", _MARK, nullable=False),  # the deployment's, as in the serialized DAG
    Column("deployed_at", UtcDateTime, nullable=False),
    Column("deployed_by", String(512), nullable=False),
    Column("bundle_name", own_tables.DAG_ID, index=True),
    Column("document", LargeBinary().with_variant(LONGBLOB(), "mysql"), nullable=False),
)
# The pages of a list are in the order of bytes; PostgreSQL's own index has the order of the database's language.
BY_BYTES = f"ix_{DEPLOYED}_dag_id_bytes"
own_tables.add_postgresql_index(DEPLOYED_DAG, BY_BYTES, 'dag_id COLLATE "C"')
IMPORT_ERROR = Table(
    ERRORS,
    own_tables.metadata(),
    Column("dag_id", own_tables.DAG_ID, primary_key=True),
    Column("hostname", String(255), primary_key=True),  # of the DAG processor that could not build it
    Column("mark", _MARK, nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
    Column("stacktrace", _TEXT, nullable=False),
)
PARSED_DAG = Table(
    PARSED,
    own_tables.metadata(),
    Column("dag_id", own_tables.DAG_ID, primary_key=True),
    Column("hostname", String(255), primary_key=True),  # of the DAG processor that has written its rows
    Column("mark", _MARK, nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),  # of its first parse there
    Column("callable_files", _TEXT),  # JSON: the sha256 of each callable file that it names, by the file's path
)


def make_tables() -> None:
    """Create the tables that are missing; raise SQLAlchemyError.

    The last one tells loaders that all are there.
    """
    own_tables.make_ready(IMPORT_ERROR, PARSED_DAG, DEPLOYED_DAG)
