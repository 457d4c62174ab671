"""Returns a page of the deployed DAGs, or one DAG with its definition, in a fixed number of SQL statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.deploy.dag_selection import DAMAGED, StateReads, select_dag_ids
from openmetadata_airflow_apis.deploy.dag_summaries import (
    DagSummary,
    LastRun,
    last_runs_of,
    params_of,
    recent_runs_of,
    summaries_of,
)
from openmetadata_airflow_apis.deploy.deployment_state import FAILED, rows_of, state_of
from openmetadata_airflow_apis.deploy.nodes_of_dag import nodes_of
from openmetadata_airflow_apis.deploy.row_ownership import has_lost_its_files
from openmetadata_airflow_apis.errors import DagNotFound, DamagedDocument
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.deploy.deployment_state import DagRows
    from openmetadata_airflow_apis.deploy.nodes_of_dag import DagNode
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


@dataclass(frozen=True)
class DeployedDag:
    """A DAG that is deployed here, with its state in Airflow.

    state: "parsed" if Airflow's database has this version, "pending" if it does not have it yet, "failed" if the DAG
    processor could not import it; import_error is then the traceback.
    parsed_at: when the DAG processor last parsed this version; None before the first parse.
    is_paused: None while Airflow's database does not know the DAG. revision: the definition's sha256.
    recent_runs: the latest runs, the latest first; None if the caller does not ask for them.
    summary: owners, tags, schedule and next run. version_number: None if a crash kept the version from being recorded.
    bundle_name: the bundle that the DAG belongs to.
    """

    dag_id: str
    dag_display_name: str
    state: str
    import_error: str | None
    is_paused: bool | None
    revision: str
    deployed_by: str
    deployed_at: datetime
    parsed_at: datetime | None
    last_run: LastRun | None
    recent_runs: tuple[LastRun, ...] | None
    summary: DagSummary
    version_number: int | None
    bundle_name: str | None


@dataclass(frozen=True)
class DamagedDag:
    """A DAG with a file that was changed or lost since the deploy. reason: what is wrong, and the cure."""

    dag_id: str
    reason: str
    state: str = DAMAGED


@dataclass(frozen=True)
class DeployedPage:
    """A page of the deployed DAGs, with the damaged ones apart. total_entries: how many DAGs all pages have."""

    dags: tuple[DeployedDag, ...]
    damaged: tuple[DamagedDag, ...]
    total_entries: int


@dataclass(frozen=True)
class DeployedDagDetail(DeployedDag):
    """A deployed DAG with its file, the ids of its tasks, its params, and the workflow as it was sent.

    params: name → value, description and JSON schema. nodes: what each node has parsed; None if the nodes share their
    files.
    """

    fileloc: str
    task_ids: tuple[str, ...]
    params: dict[str, dict[str, Any]]
    definition: dict[str, Any]
    nodes: tuple[DagNode, ...] | None


def list_deployed(
    *,
    settings: Settings,
    session: Session,
    limit: int = 100,
    offset: int = 0,
    readable: Collection[str] | None = None,
    filters: Mapping[str, Any] | None = None,
    order_by: str | None = None,
    recent_runs: int = 0,
    store: DefinitionStore | None = None,
) -> DeployedPage:
    """Return the DAGs from `offset` on, at most `limit` of them, damaged ones included.

    readable: the dag_ids that the caller may see, None for all. filters, order_by: those of select_dag_ids.
    recent_runs: how many runs of each DAG to return. At most ten statements.
    Raises InvalidArgument, Unavailable.
    """
    store = store or open_store(settings)
    given_filters = {name: value for name, value in (filters or {}).items() if value is not None}
    with database_errors("Airflow's database does not answer; try again later"):
        state_reads = StateReads()
        if readable is None and order_by is None and not given_filters:
            names, total_entries = store.dag_ids_page(offset, limit)
        else:
            chosen, state_reads = select_dag_ids(
                store.dag_ids(), given_filters, order_by, store, readable=readable, session=session
            )
            names, total_entries = chosen[offset : offset + limit], len(chosen)
        documents, damaged = _read(names, store, state_reads)
        rows = state_reads.rows
        if rows is None:
            rows = rows_of([document.dag_id for document in documents], store, session=session)
        absent = store.without_dag_file(document.dag_id for document in documents)
        dags = _described(documents, rows, absent, recent_runs=recent_runs, session=session)
    return DeployedPage(tuple(DeployedDag(**fields) for fields in dags), tuple(damaged), total_entries)


def get_deployed(
    dag_id: str, *, settings: Settings, session: Session, store: DefinitionStore | None = None
) -> DeployedDagDetail:
    """Return one deployed DAG. Raises DagNotFound, DamagedDocument, NotDeployedHere, Unavailable."""
    store = store or open_store(settings)
    document = store.read(dag_id)
    fileloc = store.fileloc(dag_id)
    with database_errors("Airflow's database does not answer; try again later"):
        if document is None:
            if has_lost_its_files(dag_id, store, session=session):
                cure = "deploy the workflow again, or delete the DAG"
                raise DamagedDocument(fileloc, "is missing, and so is the definition", cure=cure)
            raise DagNotFound(dag_id)
        rows = rows_of([dag_id], store, session=session)
        (fields,) = _described([document], rows, store.without_dag_file([dag_id]), session=session)
        params = params_of(dag_id, session=session)
        nodes = nodes_of(dag_id, document, store, session=session)
    return DeployedDagDetail(
        **fields,
        fileloc=fileloc,
        task_ids=tuple(task["task_id"] for task in document.definition["tasks"]),
        params=params,
        definition=document.source,
        nodes=nodes,
    )


def _read(
    dag_ids: Sequence[str], store: DefinitionStore, state_reads: StateReads
) -> tuple[list[StoredDocument], list[DamagedDag]]:
    """Return the documents and the damaged DAGs among dag_ids; read those that `state_reads` lacks."""
    documents, refused = store.read_many(
        [dag_id for dag_id in dag_ids if dag_id not in state_reads.documents and dag_id not in state_reads.refused]
    )
    documents = {**state_reads.documents, **documents}
    refused = {**state_reads.refused, **refused}
    return (
        [documents[dag_id] for dag_id in dag_ids if dag_id in documents],
        [DamagedDag(dag_id, str(refused[dag_id])) for dag_id in dag_ids if dag_id in refused],
    )


def _described(
    documents: Sequence[StoredDocument],
    rows: Mapping[str, DagRows],
    absent: AbstractSet[str],
    *,
    recent_runs: int = 0,
    session: Session,
) -> list[dict[str, Any]]:
    """Return the fields of each document's DeployedDag. absent: the DAGs whose file is missing.

    Four statements, and one more per 500 DAGs for recent runs.
    """
    dag_ids = [document.dag_id for document in documents]
    last_runs = last_runs_of(dag_ids, session=session)
    recent = recent_runs_of(dag_ids, recent_runs, session=session) if recent_runs else {}
    summaries = summaries_of(dag_ids, session=session)
    newest = version_rows.newest(dag_ids, session=session)
    fields_of_dags = []
    for document in documents:
        dag_id, dag_rows = document.dag_id, rows[document.dag_id]
        state = state_of(document, dag_rows, is_absent=dag_id in absent)
        fields_of_dags.append(
            {
                "dag_id": dag_id,
                "dag_display_name": document.definition["dag"].get("dag_display_name") or dag_id,
                "state": state,
                "import_error": dag_rows.import_error if state == FAILED else None,
                "is_paused": dag_rows.is_paused,
                "revision": document.revision,
                "deployed_by": document.deployed_by,
                "deployed_at": document.deployed_at,
                "parsed_at": dag_rows.parsed_at(document),
                "last_run": last_runs.get(dag_id),
                "recent_runs": recent.get(dag_id),
                "summary": summaries.get(dag_id, DagSummary()),
                "version_number": version_rows.number_of(document, newest),
                "bundle_name": document.bundle_name,
            }
        )
    return fields_of_dags
