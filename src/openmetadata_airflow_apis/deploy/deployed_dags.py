"""What is deployed: a page of it, or one DAG with its definition, in a fixed number of SQL statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.models.dagrun import DagRun
from sqlalchemy import func, select

from openmetadata_airflow_apis.deploy.deployment_state import PENDING, DagRows, rows_of
from openmetadata_airflow_apis.deploy.ownership import has_lost_its_files
from openmetadata_airflow_apis.errors import DagNotFound, DamagedDocument, ManagedDagsError
from openmetadata_airflow_apis.stores import open_store
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


@dataclass(frozen=True)
class LastRun:
    """The DagRun that was created last."""

    run_id: str
    state: str
    logical_date: datetime
    start_date: datetime | None
    end_date: datetime | None


@dataclass(frozen=True)
class DeployedDag:
    """A DAG that is deployed here, and what Airflow makes of it.

    state: "parsed" if Airflow's database has this version, "pending" if it is still to come, "failed" if the DAG
    processor could not import it; import_error is then the traceback.
    parsed_at: when the DAG processor last parsed this version; None before it did.
    is_paused: None while Airflow's database does not know the DAG. revision: the definition's sha256.
    """

    dag_id: str
    state: str
    import_error: str | None
    is_paused: bool | None
    revision: str
    deployed_by: str
    deployed_at: datetime
    parsed_at: datetime | None
    last_run: LastRun | None


@dataclass(frozen=True)
class DamagedDag:
    """A DAG one of whose files is not as a deploy wrote it; state is "damaged". reason: what is wrong, and the cure."""

    dag_id: str
    reason: str
    state: str = "damaged"


@dataclass(frozen=True)
class DeployedPage:
    """A page of what is deployed, ordered by dag_id, what is damaged by itself; total_entries: how much there is."""

    dags: tuple[DeployedDag, ...]
    damaged: tuple[DamagedDag, ...]
    total_entries: int


@dataclass(frozen=True)
class DeployedDagDetail(DeployedDag):
    """A deployed DAG with its file, the ids of its tasks, and the workflow as it was sent."""

    fileloc: str
    task_ids: tuple[str, ...]
    definition: dict[str, Any]


def list_deployed(
    *,
    settings: Settings,
    session: Session,
    limit: int = 100,
    offset: int = 0,
    readable: Collection[str] | None = None,
    store: DefinitionStore | None = None,
) -> DeployedPage:
    """Return the DAGs from `offset` on, at most `limit` of them, damaged ones included.

    readable: the dag_ids that the caller may see, None for all. Raises Unavailable.
    """
    store = store or open_store(settings)
    names = [dag_id for dag_id in store.dag_ids() if readable is None or dag_id in readable]
    documents, damaged = [], []
    for dag_id in names[offset : offset + limit]:
        try:
            document = store.read(dag_id)
        except ManagedDagsError as damage:
            damaged.append(DamagedDag(dag_id, str(damage)))
        else:
            if document is not None:  # deleted since the names were read
                documents.append(document)
    with database_errors("Airflow's database does not answer; try again later"):
        rows = rows_of({document.dag_id: store.fileloc(document.dag_id) for document in documents}, session=session)
        runs = _last_runs([document.dag_id for document in documents], session=session)
    dags = (
        DeployedDag(**_fields(document, store, rows[document.dag_id], runs.get(document.dag_id)))
        for document in documents
    )
    return DeployedPage(tuple(dags), tuple(damaged), len(names))


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
        rows = rows_of({dag_id: fileloc}, session=session)[dag_id]
        run = _last_runs([dag_id], session=session).get(dag_id)
    return DeployedDagDetail(
        **_fields(document, store, rows, run),
        fileloc=fileloc,
        task_ids=tuple(task["task_id"] for task in document.definition["tasks"]),
        definition=document.source,
    )


def _fields(document: StoredDocument, store: DefinitionStore, rows: DagRows, run: LastRun | None) -> dict[str, Any]:
    state = rows.state(document) if store.has_dag_file(document.dag_id) else PENDING
    return {
        "dag_id": document.dag_id,
        "state": state,
        "import_error": rows.import_error if state == "failed" else None,
        "is_paused": rows.is_paused,
        "revision": document.revision,
        "deployed_by": document.deployed_by,
        "deployed_at": document.deployed_at,
        "parsed_at": rows.parsed_at(document),
        "last_run": run,
    }


def _last_runs(dag_ids: list[str], *, session: Session) -> dict[str, LastRun]:
    newest = select(func.max(DagRun.id)).where(DagRun.dag_id.in_(dag_ids)).group_by(DagRun.dag_id)
    return {
        row.dag_id: LastRun(row.run_id, row.state, row.execution_date, row.start_date, row.end_date)
        for row in session.execute(
            select(
                DagRun.dag_id,
                DagRun.run_id,
                DagRun.state,
                DagRun.execution_date,
                DagRun.start_date,
                DagRun.end_date,
            ).where(DagRun.id.in_(newest))
        )
    }
