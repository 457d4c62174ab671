"""Handlers of the tag dags."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.utils.session import create_session

from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.api import wire
from openmetadata_airflow_apis.api.body import read_json, settings
from openmetadata_airflow_apis.api.wait_limit import place_to_wait, retry_header
from openmetadata_airflow_apis.checks import check_workflow
from openmetadata_airflow_apis.security.identity import user_name
from openmetadata_airflow_apis.security.permissions import authorize, authorize_replacing, readable_dag_ids


def deploy_dag(
    *, dry_run: bool = False, wait: int = 0, comment: str | None = None
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Check the definition, deploy it, and wait for its parse if asked to."""
    workflow = check_workflow(read_json(), settings(), now=datetime.now(timezone.utc))
    authorize("deploy_dag", workflow.dag_id)
    with create_session() as session:
        deployment = deploy.deploy(
            workflow,
            user=user_name(),
            settings=settings(),
            session=session,
            dry_run=dry_run,
            comment=comment,
            may_replace=authorize_replacing,
        )
        headers = {}
        if wait and not dry_run:
            with place_to_wait(wait) as seconds:
                deployment = deploy.await_parse(deployment, seconds, session=session)
            headers = retry_header(wait, seconds, unfinished=deployment.state == "pending")
    return wire.to_json(deployment), _status(deployment), headers


def _status(deployment: deploy.Deployment) -> int:
    if deployment.state == "pending":
        return 202
    return 201 if deployment.created and not deployment.dry_run else 200


def list_dags(limit: int = 100, offset: int = 0) -> dict[str, Any]:
    """Answer a page of the deployed DAGs that the caller may read."""
    with create_session() as session:
        page = deploy.list_deployed(
            settings=settings(),
            session=session,
            limit=limit,
            offset=offset,
            readable=readable_dag_ids(),
        )
        return wire.to_json(page)


def get_dag(dag_id: str) -> dict[str, Any]:
    """Answer one deployed DAG with its definition."""
    with create_session() as session:
        return wire.to_json(deploy.get_deployed(dag_id, settings=settings(), session=session))


def patch_dag(dag_id: str, body: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
    """Pause or unpause a DAG."""
    with create_session() as session:
        patched = deploy.patch_dag(
            dag_id, is_paused=body["is_paused"], dry_run=dry_run, user=user_name(), session=session
        )
        return wire.to_json(patched)


def refresh_all_dags() -> dict[str, Any]:
    """Bring the deployed DAGs up to date and have every other file parsed."""
    with create_session() as session:
        return wire.to_json(deploy.refresh_all_dags(user=user_name(), settings=settings(), session=session))


def delete_dag(dag_id: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Delete a deployed DAG, files first."""
    with create_session() as session:
        deleted = deploy.delete_dag(dag_id, dry_run=dry_run, user=user_name(), settings=settings(), session=session)
        return wire.to_json(deleted)
