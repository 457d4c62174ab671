"""The answers of deploys, after waiting for the DAG processor's parse if the caller asks for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.api import entity_tags, json_answers
from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.api.wait_limit import place_to_wait, retry_header
from openmetadata_airflow_apis.errors import InvalidArgument
from openmetadata_airflow_apis.security.identity import user_name

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class ParseWait:
    """What a request says of the wait for DAG processors.

    seconds: how long it waits. nodes: on how many hosts the DAG must be parsed; None as in deploy.await_parse.
    restore: whether a deploy whose DAG can't be imported is taken back.
    """

    seconds: int
    nodes: int | None = None
    restore: bool = False

    def check(self) -> ParseWait:
        """Return self; call it before anything is deployed. Raises InvalidArgument for what needs a wait, or nodes."""
        if self.restore and not self.seconds:
            raise InvalidArgument(
                "on_import_error", "is 'restore', and nothing is waited for; give wait too, such as 60"
            )
        if self.nodes is not None and not self.seconds:
            raise InvalidArgument(
                "wait_for_nodes", f"is {self.nodes}, and nothing is waited for; give wait too, such as 60"
            )
        if self.nodes is not None and settings().definition_store != "database":
            raise InvalidArgument(
                "wait_for_nodes",
                f"is {self.nodes}, and with definition_store = files all nodes have the same files, so that there is "
                "one verdict; leave it out",
            )
        return self


def answer_deployment(
    deployment: deploy.Deployment, wait: ParseWait, *, session: Session
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
    applied: deploy.AppliedBundle, wait: ParseWait, *, session: Session
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
