"""What is deployed: a page of it, or one DAG with its definition, in a fixed number of SQL statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
from openmetadata_airflow_apis.deploy.bundle_plan import members
from openmetadata_airflow_apis.deploy.dag_nodes import nodes_of
from openmetadata_airflow_apis.deploy.dag_selection import select_dag_ids
from openmetadata_airflow_apis.deploy.dag_summaries import (
    DagSummary,
    LastRun,
    last_runs_of,
    params_of,
    recent_runs_of,
    summaries_of,
)
from openmetadata_airflow_apis.deploy.deployment_state import (
    FAILED,
    PENDING,
    DagRows,
    rows_of,
)
from openmetadata_airflow_apis.deploy.ownership import has_lost_its_files
from openmetadata_airflow_apis.errors import DagNotFound, DamagedDocument
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.deploy.dag_nodes import DagNode
    from openmetadata_airflow_apis.deploy.deployment_state import Deployed
    from openmetadata_airflow_apis.errors import ManagedDagsError
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


@dataclass(frozen=True)
class DeployedDag:
    """A DAG that is deployed here, and what Airflow makes of it.

    state: "parsed" if Airflow's database has this version, "pending" if it is still to come, "failed" if the DAG
    processor could not import it; import_error is then the traceback.
    parsed_at: when the DAG processor last parsed this version; None before it did.
    is_paused: None while Airflow's database does not know the DAG. revision: the definition's sha256.
    recent_runs: the latest runs, the latest first; None where they are not asked for.
    summary: owners, tags, schedule and next run. version_number: None while a crash has kept the version from its
    table. bundle_name: the bundle that it belongs to.
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
    """A DAG one of whose files is not as a deploy wrote it; state is "damaged". reason: what is wrong, and the cure."""

    dag_id: str
    reason: str
    state: str = "damaged"


@dataclass(frozen=True)
class DeployedPage:
    """A page of what is deployed, in its order, what is damaged by itself; total_entries: how much there is in all."""

    dags: tuple[DeployedDag, ...]
    damaged: tuple[DamagedDag, ...]
    total_entries: int


@dataclass(frozen=True)
class DeployedDagDetail(DeployedDag):
    """A deployed DAG with its file, the ids of its tasks, its params, and the workflow as it was sent.

    params: by their names; each one's value, description and JSON schema. nodes: what each node has parsed; None
    where the nodes share their files.
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

    readable: the dag_ids that the caller may see, None for all. filters, order_by: as select_dag_ids has them, and
    `bundle_name`, and `state`, a list of states; for these the deployment of each DAG must be known, for "failed" alone
    that of those with an import error. recent_runs: so many of each DAG's runs are told. At most ten statements.
    Raises InvalidArgument, Unavailable.
    """
    store = store or open_store(settings)
    asked = {name: value for name, value in (filters or {}).items() if value is not None}
    with database_errors("Airflow's database does not answer; try again later"):
        known = _Known()
        if readable is None and order_by is None and not asked:
            names, total_entries = store.dag_ids_page(offset, limit)
        else:
            stored = [dag_id for dag_id in store.dag_ids() if readable is None or dag_id in readable]
            chosen, known = _chosen(stored, asked, order_by, store, session=session)
            names, total_entries = chosen[offset : offset + limit], len(chosen)
        documents, damaged = _read(names, store, known)
        rows = known.rows
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


@dataclass(frozen=True)
class _Known:
    """What had to be found out for the states of some DAGs: these, their rows, and what was read, or refused to be.

    rows: None where no state was asked for.
    """

    states: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, DagRows] | None = None
    documents: Mapping[str, StoredDocument] = field(default_factory=dict)
    refused: Mapping[str, ManagedDagsError] = field(default_factory=dict)


def _chosen(
    stored: Sequence[str], filters: Mapping[str, Any], order_by: str | None, store: DefinitionStore, *, session: Session
) -> tuple[list[str], _Known]:
    """Return those that pass the filters, in their order, and what had to be found out for it.

    At most four statements.
    """
    by_rows = dict(filters)
    states, bundle_name = by_rows.pop("state", None), by_rows.pop("bundle_name", None)
    if bundle_name is not None:
        of_bundle = members(bundle_name, store)
        stored = [dag_id for dag_id in stored if dag_id in of_bundle]
    chosen = select_dag_ids(stored, by_rows, order_by, session=session)
    if states == [FAILED]:  # which only a file with an import error can be: most need not be read
        chosen = store.with_import_errors(chosen, session=session)
    if not states:
        return chosen, _Known()
    known = _known(chosen, store, session=session)
    return [dag_id for dag_id in chosen if known.states.get(dag_id) in states], known


def _known(dag_ids: Sequence[str], store: DefinitionStore, *, session: Session) -> _Known:
    """Find out the states of DAGs. Two statements."""
    deployments, refused = store.deployments(dag_ids)
    rows = rows_of(dag_ids, store, session=session)
    absent = store.without_dag_file(deployments)
    states = {dag_id: _state(dag_id, deployment, absent, rows[dag_id]) for dag_id, deployment in deployments.items()}
    documents = {dag_id: read for dag_id, read in deployments.items() if isinstance(read, StoredDocument)}
    return _Known({**states, **dict.fromkeys(refused, DamagedDag.state)}, rows, documents, refused)


def _read(
    dag_ids: Sequence[str], store: DefinitionStore, known: _Known
) -> tuple[list[StoredDocument], list[DamagedDag]]:
    """Return what is deployed under these names, and what of it is damaged; read what is not known yet."""
    documents, refused = store.read_many(
        [dag_id for dag_id in dag_ids if dag_id not in known.documents and dag_id not in known.refused]
    )
    documents = {**known.documents, **documents}
    refused = {**known.refused, **refused}
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
    """Return the fields of DeployedDag of each document. absent: the DAGs whose file is missing.

    Four statements, and one more for the recent runs of 500 DAGs.
    """
    dag_ids = [document.dag_id for document in documents]
    last_runs = last_runs_of(dag_ids, session=session)
    recent = recent_runs_of(dag_ids, recent_runs, session=session) if recent_runs else {}
    summaries = summaries_of(dag_ids, session=session)
    newest = version_rows.newest(dag_ids, session=session)
    described = []
    for document in documents:
        dag_id, of_dag = document.dag_id, rows[document.dag_id]
        state = _state(dag_id, document, absent, of_dag)
        described.append(
            {
                "dag_id": dag_id,
                "dag_display_name": document.definition["dag"].get("dag_display_name") or dag_id,
                "state": state,
                "import_error": of_dag.import_error if state == FAILED else None,
                "is_paused": of_dag.is_paused,
                "revision": document.revision,
                "deployed_by": document.deployed_by,
                "deployed_at": document.deployed_at,
                "parsed_at": of_dag.parsed_at(document),
                "last_run": last_runs.get(dag_id),
                "recent_runs": recent.get(dag_id),
                "summary": summaries.get(dag_id, DagSummary()),
                "version_number": version_rows.number_of(document, newest),
                "bundle_name": document.bundle_name,
            }
        )
    return described


def _state(dag_id: str, deployed: Deployed, absent: AbstractSet[str], rows: DagRows) -> str:
    return PENDING if dag_id in absent else rows.state(deployed)
