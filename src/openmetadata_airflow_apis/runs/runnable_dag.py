"""The serialized DAG that runs are made from, or why there is none: an import error, a timetable that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.models.serialized_dag import SerializedDagModel

from openmetadata_airflow_apis.airflow_versions.scheduling import decode_timetable
from openmetadata_airflow_apis.conflicts import ScheduleFails
from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.runs.dag_import_errors import refuse_import_errors
from openmetadata_airflow_apis.runs.lookup import find_dag
from openmetadata_airflow_apis.stores.loader_files import is_loader

if TYPE_CHECKING:
    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class RunnableDag:
    """A DAG that may be run, as the serialized_dag table has it."""

    dag: DAG
    dag_hash: str
    is_paused: bool


def runnable_dag(dag_id: str, *, session: Session) -> RunnableDag:
    """Return a DAG that may be run; raise DagNotFound (its file may be gone), DagHasImportErrors."""
    row = find_dag(dag_id, session=session)
    if is_loader(row.fileloc):  # each DAG of a loader file has an import error of its own
        refuse_import_errors(dag_id, session=session)
    if row.has_import_errors or not row.is_active:
        refuse_import_errors(dag_id, session=session)
        raise DagNotFound(dag_id)
    dag, dag_hash = serialized_dag(dag_id, session=session)
    return RunnableDag(dag, dag_hash, bool(row.is_paused))


def serialized_dag(dag_id: str, *, session: Session) -> tuple[DAG, str]:
    """Return the DAG from Airflow's serialized_dag table, with its hash; raise DagNotFound, ScheduleFails.

    The DAG's file is not imported. The only users' code that may run is a timetable from an Airflow plugin.
    """
    row: Any = SerializedDagModel.get(dag_id, session=session)
    if row is None:
        refuse_import_errors(dag_id, session=session)
        raise DagNotFound(dag_id)
    row.load_op_links = False
    try:
        return row.dag, row.dag_hash
    except Exception:
        _check_timetable(dag_id, row.data["dag"]["timetable"])
        raise


def _check_timetable(dag_id: str, serialized: dict[str, Any]) -> None:
    try:
        _ = decode_timetable(serialized).summary  # a DAG asks for it when it is made
    except Exception as error:  # a timetable of the users' own may raise anything
        reason = f"cannot be loaded: {type(error).__name__}: {error}"
        raise ScheduleFails(dag_id, str(serialized["__type"]), reason) from error
