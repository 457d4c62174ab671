"""Writes a DAG of a shard that was deployed anew, or deleted, while Airflow's sync was writing the shard.

To refuse the whole sync, as is done for a DAG in a file of its own, would keep a shard with many deploys from being
written at all, and Airflow removes a DAG that is not written for `[scheduler] stale_dag_threshold`. So only that DAG is
written as it is deployed now, or not at all, in the sync's own transaction, which holds the lock on its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.dag import DAG
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import delete

from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
from openmetadata_airflow_apis.dagbuild.late_file_rows import DefinitionReplaced, refuse_late_writes
from openmetadata_airflow_apis.dagbuild.node_parses import forget_errors, forget_silent_hosts, note_parses
from openmetadata_airflow_apis.dagbuild.shard_loader import build_row
from openmetadata_airflow_apis.dagbuild.shards import ShardRows
from openmetadata_airflow_apis.errors import ManagedDagsError

if TYPE_CHECKING:
    from types import FrameType

# The last sync, the rows of its shard, and the DAGs that had changed by then: asked once for all DAGs of a sync.
_last_sync: tuple[FrameType, ShardRows, set[str]] | None = None


def write_as_deployed(dag: DAG, rows: ShardRows, sync: FrameType) -> None:
    """Have a sync write a DAG as it is deployed now, or nothing of it if it was deleted.

    sync: the call of DAG.bulk_write_to_db, which has locked the rows of its DAGs. Raises DefinitionReplaced if the
    new definition cannot be built: the next parse leaves it out.
    """
    if dag.dag_id not in _changed(rows, sync):
        return
    session, subdir = sync.f_locals["session"], sync.f_locals["processor_subdir"]
    new_rows = ShardRows(0, 1, dag_id=dag.dag_id)
    deployed_rows = new_rows.read()
    if not deployed_rows:
        _forget(dag, sync)
        return
    try:
        new_dag = build_row(deployed_rows[0], dag.fileloc, ManagedCallables())
    except ManagedDagsError as error:
        raise DefinitionReplaced(f"the DAG '{dag.dag_id}' was replaced while it was parsed: {error}") from error
    refuse_late_writes(new_dag, new_rows)
    _become(dag, new_dag)
    SerializedDagModel.write_dag(dag, processor_subdir=subdir, session=session)


def _changed(rows: ShardRows, sync: FrameType) -> set[str]:
    global _last_sync
    if _last_sync is None or _last_sync[0] is not sync or _last_sync[1] is not rows:
        changed = rows.changed()
        _last_sync = (sync, rows, changed)
        mended, parsed = rows.parses.mended(), rows.parses.newly_parsed(rows.marks)
        parsed = {dag_id: parse for dag_id, parse in parsed.items() if dag_id not in changed}
        if mended or parsed:
            session = sync.f_locals["session"]
            forget_errors(mended, session=session)
            note_parses(parsed, session=session)
            if not rows.parses.parsed:  # perhaps the first parse of a new host, which took the place of an old one
                forget_silent_hosts(session=session)
    return _last_sync[2]


def _forget(dag: DAG, sync: FrameType) -> None:
    """Have the sync write nothing of a DAG that was deleted: its row is new, and nothing refers to it yet."""
    session: Any = sync.f_locals["session"]
    row = sync.f_locals["orm_dag"]
    if row in session.new:
        session.expunge(row)
    session.execute(
        delete(SerializedDagModel)
        .where(SerializedDagModel.dag_id == dag.dag_id)
        .execution_options(synchronize_session=False)
    )
    empty = DAG(dag.dag_id, schedule=None)
    empty.fileloc = dag.fileloc
    _become(dag, empty)


def _become(dag: DAG, new_dag: DAG) -> None:
    vars(dag).clear()
    vars(dag).update(vars(new_dag))
