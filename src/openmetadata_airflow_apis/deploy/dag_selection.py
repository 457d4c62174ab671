"""Filters and sorts the deployed DAGs for a list: by dag_id, bundle and state, and by Airflow's database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from sqlalchemy import exists, func, select

from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
from openmetadata_airflow_apis.deploy.bundle_plan import members
from openmetadata_airflow_apis.deploy.dag_summaries import owners_in
from openmetadata_airflow_apis.deploy.deployment_state import FAILED, rows_of, state_of
from openmetadata_airflow_apis.list_filters_and_order import conditions, matching, ordering

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.deploy.deployment_state import DagRows
    from openmetadata_airflow_apis.errors import ManagedDagsError
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

# The state, in a list, of a DAG whose files were changed or lost since the deploy.
DAMAGED = "damaged"
_DAG = DagModel.__table__
_TAG = DagTag.__table__
_RUN = DagRun.__table__
_FILTERED = {
    "paused": _DAG.c.is_paused,
    "next_dagrun": _DAG.c.next_dagrun,
    "last_dag_run_state": _RUN.c.state,
    "dag_run_start_date": _RUN.c.start_date,
    "dag_run_end_date": _RUN.c.end_date,
}
_LAST = select(_RUN.c.dag_id, func.max(_RUN.c.id).label("id")).group_by(_RUN.c.dag_id).subquery("last_runs")
_WITH_LAST_RUN = _DAG.outerjoin(_LAST, _LAST.c.dag_id == _DAG.c.dag_id).outerjoin(_RUN, _RUN.c.id == _LAST.c.id)
ORDERED = {
    "dag_id": _DAG.c.dag_id,
    "next_dagrun": _DAG.c.next_dagrun,
    "last_run_state": _RUN.c.state,
    "last_run_start_date": _RUN.c.start_date,
}


@dataclass(frozen=True)
class StateReads:
    """What filtering by state has read already, so that it is not read again; empty if nobody filters by state.

    refused: why a document could not be read. rows: None if nobody filters by state.
    """

    states: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, DagRows] | None = None
    documents: Mapping[str, StoredDocument] = field(default_factory=dict)
    refused: Mapping[str, ManagedDagsError] = field(default_factory=dict)


def select_dag_ids(
    dag_ids: Sequence[str],
    filters: Mapping[str, Any],
    order_by: str | None,
    store: DefinitionStore,
    *,
    readable: Collection[str] | None = None,
    session: Session,
) -> tuple[list[str], StateReads]:
    """Return the dag_ids that pass the filters, in the order asked for, and what was read to filter them by state.

    dag_ids: sorted. readable: those that the caller may see, None for all; the list has no other.
    filters: dag_id_pattern; bundle_name; state, tags, owners and last_dag_run_state as lists, of which one value must
    match; paused; dag_run_start_date, dag_run_end_date (of the last run) and next_dagrun with _gte or
    _lte. A filter that is None is ignored. A DAG that Airflow does not know can pass dag_id_pattern, bundle_name and
    state only. To filter by state, the deployment of each DAG is read; for "failed" alone, only of DAGs with an import
    error.
    order_by: dag_id, next_dagrun, last_run_state or last_run_start_date, with a minus for descending order; DAGs
    without a value come last.
    At most four statements. Raises InvalidArgument.
    """
    if readable is not None:
        dag_ids = [dag_id for dag_id in dag_ids if dag_id in readable]
    row_filters = dict(filters)
    states, bundle_name = row_filters.pop("state", None), row_filters.pop("bundle_name", None)
    if bundle_name is not None:
        bundle_members = members(bundle_name, store)
        dag_ids = [dag_id for dag_id in dag_ids if dag_id in bundle_members]
    chosen = _by_airflows_rows(dag_ids, row_filters, order_by, session=session)
    if states == [FAILED]:  # only DAGs with an import error can be; the others need not be read
        chosen = store.with_import_errors(chosen, session=session)
    if not states:
        return chosen, StateReads()
    state_reads = _read_states(chosen, store, session=session)
    return [dag_id for dag_id in chosen if state_reads.states.get(dag_id) in states], state_reads


def _read_states(dag_ids: Sequence[str], store: DefinitionStore, *, session: Session) -> StateReads:
    """Read the states of DAGs. Two statements."""
    deployments, refused = store.deployments(dag_ids)
    rows = rows_of(dag_ids, store, session=session)
    absent = store.without_dag_file(deployments)
    states = {
        dag_id: state_of(deployment, rows[dag_id], is_absent=dag_id in absent)
        for dag_id, deployment in deployments.items()
    }
    documents = {
        dag_id: deployment for dag_id, deployment in deployments.items() if isinstance(deployment, StoredDocument)
    }
    return StateReads({**states, **dict.fromkeys(refused, DAMAGED)}, rows, documents, refused)


def _by_airflows_rows(
    dag_ids: Sequence[str], filters: Mapping[str, Any], order_by: str | None, *, session: Session
) -> list[str]:
    """Return the dag_ids that pass the filters but state and bundle_name, in order. One statement at most."""
    order_by = order_by or "dag_id"
    order = ordering(ORDERED, order_by)  # also refuses an unknown name
    given_filters = {name: value for name, value in filters.items() if value is not None}
    chosen = matching(dag_ids, given_filters.pop("dag_id_pattern", None) or "")
    if order_by.removeprefix("-") == "dag_id":
        if given_filters:
            passing_ids = set(_in_database(given_filters, (), session=session))
            chosen = [dag_id for dag_id in chosen if dag_id in passing_ids]
        return chosen[::-1] if order_by.startswith("-") else chosen
    ordered = _in_database(given_filters, order, with_last_run="last_run" in order_by, session=session)
    without_row = () if given_filters else sorted(set(chosen).difference(ordered))
    chosen_ids = set(chosen)
    return [*(dag_id for dag_id in ordered if dag_id in chosen_ids), *without_row]


def _in_database(
    filters: Mapping[str, Any], order: Sequence[Any], *, with_last_run: bool = False, session: Session
) -> list[str]:
    """Return the dag_ids in Airflow's database that pass the filters, deployed here or not, in the given order."""
    by_column = {name: value for name, value in filters.items() if name not in ("tags", "owners")}
    query = select(_DAG.c.dag_id, _DAG.c.owners).where(*conditions(_FILTERED, by_column))
    if "tags" in filters:
        query = query.where(exists().where(_TAG.c.dag_id == _DAG.c.dag_id, _TAG.c.name.in_(filters["tags"])))
    if with_last_run or any("dag_run" in name for name in filters):
        query = query.select_from(_WITH_LAST_RUN)
    owners = set(filters.get("owners", ()))
    return [
        row.dag_id
        for row in session.execute(query.order_by(*order, _DAG.c.dag_id))
        if not owners or owners.intersection(owners_in(row.owners))
    ]
