"""Handlers of the tag dagVersions."""

from __future__ import annotations

from typing import Any

from airflow.utils.session import create_session

from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.api import entity_tags, json_answers
from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.api.deploy_answers import answer_deployment
from openmetadata_airflow_apis.api.replayed_answers import began_before
from openmetadata_airflow_apis.security.identity import user_name
from openmetadata_airflow_apis.security.operation_permissions import authorize_replacing


def list_dag_versions(
    dag_id: str, limit: int = 100, offset: int = 0, *, order_by: str = "-version_number"
) -> dict[str, Any]:
    """Answer a page of the DAG's versions."""
    with create_session() as session:
        page, total = deploy.list_dag_versions(
            dag_id,
            limit=limit,
            offset=offset,
            oldest_first=order_by == "version_number",
            settings=settings(),
            session=session,
        )
        return {"dag_versions": json_answers.to_json(page), "total_entries": total}


def get_dag_version(dag_id: str, version_number: int) -> dict[str, Any]:
    """Answer one version with its definition."""
    with create_session() as session:
        return json_answers.to_json(
            deploy.get_dag_version(dag_id, version_number, settings=settings(), session=session)
        )


def compare_dag_versions(dag_id: str, version_number: int, *, against: int | None = None) -> dict[str, Any]:
    """Answer the changes between two versions."""
    with create_session() as session:
        return json_answers.to_json(
            deploy.compare_dag_versions(dag_id, version_number, against=against, settings=settings(), session=session)
        )


def restore_dag_version(
    dag_id: str,
    version_number: int,
    *,
    dry_run: bool = False,
    wait: int = 0,
    wait_for_nodes: int | None = None,
    comment: str | None = None,
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Deploy a version again, and wait for its parse if asked to."""
    parse_wait = deploy.ParseWait(wait, wait_for_nodes).check(settings())
    with create_session() as session:
        deployment = deploy.restore_dag_version(
            dag_id,
            version_number,
            user=user_name(),
            settings=settings(),
            session=session,
            dry_run=dry_run,
            comment=comment,
            precondition=entity_tags.precondition(),
            began=began_before(),
            may_replace=authorize_replacing,
        )
        return answer_deployment(deployment, parse_wait, session=session)
