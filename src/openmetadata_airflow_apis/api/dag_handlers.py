"""Handlers of the tag dags."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.api_connexion.schemas.common_schema import ScheduleIntervalSchema
from airflow.utils.session import create_session

from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.api import entity_tags, json_answers
from openmetadata_airflow_apis.api.body import read_json
from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.api.date_times import date_times
from openmetadata_airflow_apis.api.deploy_answers import answer_deployment
from openmetadata_airflow_apis.api.replayed_answers import began_before
from openmetadata_airflow_apis.checks import check_workflow
from openmetadata_airflow_apis.security.identity import user_name
from openmetadata_airflow_apis.security.operation_permissions import authorize, authorize_replacing, readable_dag_ids


def deploy_dag(
    *,
    dry_run: bool = False,
    wait: int = 0,
    wait_for_nodes: int | None = None,
    comment: str | None = None,
    on_import_error: str = "keep",
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Check the definition, deploy it, and wait for its parse if asked to."""
    parse_wait = deploy.ParseWait(wait, wait_for_nodes, restore=on_import_error == "restore").check(settings())
    began = began_before()
    workflow = check_workflow(read_json(), settings(), now=began or datetime.now(timezone.utc))
    authorize("deploy_dag", workflow.dag_id)
    with create_session() as session:
        deployment = deploy.deploy(
            workflow,
            user=user_name(),
            settings=settings(),
            session=session,
            dry_run=dry_run,
            comment=comment,
            precondition=entity_tags.precondition(),
            began=began,
            may_replace=authorize_replacing,
        )
        return answer_deployment(deployment, parse_wait, session=session)


def validate_dag() -> dict[str, Any]:
    """Check the definition, without reading what is deployed or Airflow's Variables."""
    workflow = check_workflow(read_json(), settings(), now=datetime.now(timezone.utc), read_variables=False)
    return json_answers.to_json(deploy.validate(workflow, settings=settings()))


def list_dags(
    limit: int = 100,
    offset: int = 0,
    *,
    dag_id_pattern: str | None = None,
    bundle_name: str | None = None,
    state: list[str] | None = None,
    paused: bool | None = None,
    tags: list[str] | None = None,
    owners: list[str] | None = None,
    last_dag_run_state: list[str] | None = None,
    dag_run_start_date_gte: str | None = None,
    dag_run_start_date_lte: str | None = None,
    dag_run_end_date_gte: str | None = None,
    dag_run_end_date_lte: str | None = None,
    next_dagrun_gte: str | None = None,
    next_dagrun_lte: str | None = None,
    order_by: str | None = None,
    recent_runs: int = 0,
) -> dict[str, Any]:
    """Answer a page of the deployed DAGs that the caller may read."""
    filters = {
        "dag_id_pattern": dag_id_pattern,
        "bundle_name": bundle_name,
        "state": state,
        "paused": paused,
        "tags": tags,
        "owners": owners,
        "last_dag_run_state": last_dag_run_state,
        **date_times(
            dag_run_start_date_gte=dag_run_start_date_gte,
            dag_run_start_date_lte=dag_run_start_date_lte,
            dag_run_end_date_gte=dag_run_end_date_gte,
            dag_run_end_date_lte=dag_run_end_date_lte,
            next_dagrun_gte=next_dagrun_gte,
            next_dagrun_lte=next_dagrun_lte,
        ),
    }
    with create_session() as session:
        page = deploy.list_deployed(
            settings=settings(),
            session=session,
            limit=limit,
            offset=offset,
            readable=readable_dag_ids(),
            filters=filters,
            order_by=order_by,
            recent_runs=recent_runs,
        )
        dags = [_dag(dag) for dag in page.dags]
        return {"dags": dags, "damaged": json_answers.to_json(page.damaged), "total_entries": page.total_entries}


def get_dag(dag_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Answer one deployed DAG with its definition."""
    with create_session() as session:
        dag = deploy.get_deployed(dag_id, settings=settings(), session=session)
        return _dag(dag), 200, entity_tags.header_of(dag.revision)


def _dag(dag: deploy.DeployedDag) -> dict[str, Any]:
    """Return a DAG's body, with its summary's fields beside the others and the schedule as in Airflow's stable API."""
    body: dict[str, Any] = {}
    for name, value in json_answers.to_json(dag).items():
        body.update(value if name == "summary" else {name: value})
    schedule = dag.summary.schedule_interval
    return {**body, "schedule_interval": None if schedule is None else ScheduleIntervalSchema().dump(schedule)}


def patch_dag(dag_id: str, body: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
    """Pause or unpause a DAG."""
    with create_session() as session:
        patched = deploy.patch_dag(
            dag_id, is_paused=body["is_paused"], dry_run=dry_run, user=user_name(), session=session
        )
        return json_answers.to_json(patched)


def refresh_all_dags(*, dry_run: bool = False) -> dict[str, Any]:
    """Bring the deployed DAGs up to date and ask for a parse of every DAG file."""
    with create_session() as session:
        refreshed = deploy.refresh_all_dags(dry_run=dry_run, user=user_name(), settings=settings(), session=session)
        return json_answers.to_json(refreshed)


def delete_dag(dag_id: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Delete a deployed DAG with its files and rows."""
    with create_session() as session:
        deleted = deploy.delete_dag(
            dag_id,
            dry_run=dry_run,
            precondition=entity_tags.precondition(),
            user=user_name(),
            settings=settings(),
            session=session,
        )
        return json_answers.to_json(deleted)
