"""The answers of deploys, after waiting for the DAG processor's parse if the caller asks for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.api import entity_tags, json_answers
from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.api.wait_limit import place_to_wait, retry_header
from openmetadata_airflow_apis.security.identity import user_name

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def answer_deployment(
    deployment: deploy.Deployment, wait: deploy.ParseWait, *, session: Session
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return body, status and headers. Raises ImportFailed for a failed deploy that is taken back."""
    headers = {}
    if wait.seconds and not deployment.dry_run:
        with place_to_wait(wait.seconds) as seconds:
            deployment = deploy.await_parse(deployment, seconds, nodes=wait.nodes, settings=settings(), session=session)
        headers = retry_header(wait.seconds, seconds, unfinished=deployment.state == "pending")
        if wait.restore:
            deploy.take_back_failed(deployment, user=user_name(), settings=settings(), session=session)
    content, status, tag = answer_at_once(deployment)
    return content, status, {**tag, **headers}


def answer_at_once(deployment: deploy.Deployment) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return body, status and headers without waiting."""
    tag = {} if deployment.dry_run else entity_tags.header_of(deployment.revision)
    return json_answers.to_json(deployment), _status(deployment), tag


def answer_bundle(
    applied: deploy.AppliedBundle, wait: deploy.ParseWait, *, session: Session
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return body, status and headers."""
    headers = {}
    if wait.seconds and not applied.dry_run and applied.deployed:
        with place_to_wait(wait.seconds) as seconds:
            applied = deploy.await_bundle(applied, seconds, nodes=wait.nodes, settings=settings(), session=session)
        headers = retry_header(wait.seconds, seconds, unfinished=_is_pending(applied))
    content, status, _ = answer_bundle_at_once(applied)
    return content, status, headers


def answer_bundle_at_once(applied: deploy.AppliedBundle) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return body, status and headers without waiting."""
    return json_answers.to_json(applied), 202 if _is_pending(applied) and not applied.dry_run else 200, {}


def _is_pending(applied: deploy.AppliedBundle) -> bool:
    return any(deployment.state == "pending" for deployment in applied.deployed)


def _status(deployment: deploy.Deployment) -> int:
    if deployment.state == "pending":
        return 202
    return 201 if deployment.created and not deployment.dry_run else 200
