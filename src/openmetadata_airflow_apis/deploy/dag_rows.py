"""The rows of Airflow's database that make a DAG visible and schedulable without a parse."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DAG, DagModel, DagOwnerAttributes, DagTag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils import timezone
from sqlalchemy import bindparam, delete, select, update

from openmetadata_airflow_apis.airflow_versions.dag_code import files_elsewhere
from openmetadata_airflow_apis.airflow_versions.dag_parsing import request_parsing
from openmetadata_airflow_apis.airflow_versions.dag_permissions import make_dag_permissions
from openmetadata_airflow_apis.dagbuild.deployment_mark import mark_dag
from openmetadata_airflow_apis.deploy.row_locks import lock_dag_rows
from openmetadata_airflow_apis.mysql_values import is_mysql
from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

# How far back a serialized DAG is dated so that the DAG processor replaces it at its next parse.
_LONG_AGO = timedelta(days=1)


@dataclass(frozen=True)
class Version:
    """The version that rows are written for: a stored document and its DAG.

    dag: None if only the DAG processor can build it. is_paused: None keeps the paused state; a DAG that is new to
    the database gets Airflow's default.
    """

    document: StoredDocument
    fileloc: str
    dag: DAG | None
    is_paused: bool | None = None

    @property
    def dag_id(self) -> str:
        return self.document.dag_id


def write_rows(versions: Sequence[Version], store: DefinitionStore, *, session: Session) -> None:
    """Write the rows that the DAG processor would write after a parse, and ask it for the real parse. Commits nothing.

    The serialized DAG is written first, regardless of [core] min_serialized_dag_update_interval: a scheduler must
    never see a DAG without its tasks, or with the tasks of the version before.
    DagModel.last_parsed_time becomes the time of the deployment; a later time comes from the DAG processor. The
    serialized DAG carries the deployment's mark.
    """
    if len(versions) > 1:
        # The scheduler changes the rows of several DAGs in one transaction too, in an order of its own.
        lock_dag_rows([version.dag_id for version in versions], session=session)
    subdir = processor_subdir()
    built = [version for version in versions if version.dag is not None]
    for version in built:
        mark_dag(version.dag, version.document.mark)
        SerializedDagModel.write_dag(version.dag, processor_subdir=subdir, session=session)
    _forget_changed_names(built, session=session)
    with files_elsewhere() if store.in_database else nullcontext():
        DAG.bulk_write_to_db([version.dag for version in built], processor_subdir=subdir, session=session)
    if built:
        _execute_many(
            update(DagModel.__table__)
            .where(DagModel.__table__.c.dag_id == bindparam("id"))
            .values(last_parsed_time=bindparam("parsed")),
            [{"id": version.dag_id, "parsed": version.document.deployed_at} for version in built],
            session=session,
        )
    for version in versions:
        if version.dag is None:
            _await_parse(version, subdir, session=session)
    with_paused_state = [version for version in built if version.is_paused is not None]
    if with_paused_state:
        _execute_many(
            update(DagModel.__table__)
            .where(DagModel.__table__.c.dag_id == bindparam("id"))
            .values(is_paused=bindparam("paused")),
            [{"id": version.dag_id, "paused": version.is_paused} for version in with_paused_state],
            session=session,
        )
    store.forget_import_errors([version.dag_id for version in versions], session=session)
    request_parsing({version.fileloc for version in versions}, session=session)


def _forget_changed_names(versions: Sequence[Version], *, session: Session) -> None:
    """On MySQL, delete the tags and the owners' links of DAGs whose new ones differ.

    Airflow inserts the new rows before it deletes the old ones, and for MySQL `Team` and `team` are the same key.
    """
    if not is_mysql(session):
        return
    dags = {version.dag_id: version.dag for version in versions if version.dag is not None}
    tags, owners = DagTag.__table__.c, DagOwnerAttributes.__table__.c
    for names, new_by_dag in (
        (tags.name, {dag_id: set(dag.tags) for dag_id, dag in dags.items()}),
        (owners.owner, {dag_id: set(dag.owner_links) for dag_id, dag in dags.items()}),
    ):
        dag_id_column = names.table.c.dag_id
        stored: dict[str, set[str]] = {}
        for dag_id, name in session.execute(select(dag_id_column, names).where(dag_id_column.in_(list(dags)))):
            stored.setdefault(dag_id, set()).add(name)
        changed = [dag_id for dag_id, new_names in new_by_dag.items() if stored.get(dag_id, set()) != new_names]
        if changed:
            session.execute(delete(names.table).where(dag_id_column.in_(changed)))


def write_permissions(dag: DAG, *, session: Session) -> None:
    """Make the DAG's own permissions as Airflow does. Call this before write_rows, since Airflow commits here."""
    make_dag_permissions(dag, session=session)


def processor_subdir() -> str:
    """Return the folder that the DAG processor notes beside what it writes: the dags folder, absolute."""
    return str(dags_folder())


def _await_parse(version: Version, subdir: str, *, session: Session) -> None:
    """Prepare for the DAG processor's parse: write an inactive row for a new DAG, and have a changed DAG renewed.

    The row holds the paused state that was asked for. A delete can lock it against a parse that is under way.
    """
    row = session.scalar(select(DagModel).where(DagModel.dag_id == version.dag_id))
    is_paused = version.is_paused
    if row is None:
        if is_paused is None:
            is_paused = version.document.definition["dag"].get("is_paused_upon_creation")
        column = {} if is_paused is None else {"is_paused": is_paused}
        session.add(
            DagModel(dag_id=version.dag_id, fileloc=version.fileloc, is_active=False, processor_subdir=subdir, **column)
        )
    elif is_paused is not None:
        row.is_paused = is_paused
    session.flush()
    renew_at_next_parse(version.dag_id, session=session)


def renew_at_next_parse(dag_id: str, *, session: Session) -> None:
    """Have the DAG's next parse write its serialized row, regardless of [core] min_serialized_dag_update_interval."""
    session.execute(
        update(SerializedDagModel)
        .where(SerializedDagModel.dag_id == dag_id)
        .values(last_updated=timezone.utcnow() - _LONG_AGO)
        .execution_options(synchronize_session=False)
    )


def _execute_many(statement: Any, parameters: list[dict[str, Any]], *, session: Session) -> None:
    session.execute(statement, parameters)
