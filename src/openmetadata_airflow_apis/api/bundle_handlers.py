"""Handlers of the tag bundles."""

from __future__ import annotations

from functools import partial
from typing import Any

from airflow.utils.session import create_session

from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.api import json_answers
from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.api.deploy_answers import answer_bundle
from openmetadata_airflow_apis.api.replayed_answers import began_before
from openmetadata_airflow_apis.security.identity import user_name
from openmetadata_airflow_apis.security.operation_permissions import authorize, authorize_replacing, readable_dag_ids


def apply_bundle(
    bundle_name: str,
    body: dict[str, Any],
    *,
    dry_run: bool = False,
    wait: int = 0,
    wait_for_nodes: int | None = None,
    comment: str | None = None,
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Make workflows a bundle, and wait for their parses if asked to."""
    parse_wait = deploy.ParseWait(wait, wait_for_nodes).check(settings())
    rights = deploy.Rights(
        may_deploy=partial(authorize, "deploy_dag"),
        may_replace=authorize_replacing,
        may_delete=partial(authorize, "delete_dag"),
    )
    with create_session() as session:
        applied = deploy.apply_bundle(
            bundle_name,
            body["workflows"],
            prune=body.get("prune", False),
            rights=rights,
            user=user_name(),
            settings=settings(),
            session=session,
            dry_run=dry_run,
            comment=comment,
            began=began_before(),
        )
        return answer_bundle(applied, parse_wait, session=session)


def list_bundles(limit: int = 100, offset: int = 0) -> dict[str, Any]:
    """Answer a page of the bundles that have a DAG that the caller may read."""
    bundles, total = deploy.list_bundles(limit=limit, offset=offset, readable=readable_dag_ids(), settings=settings())
    return {"bundles": json_answers.to_json(bundles), "total_entries": total}


def get_bundle(bundle_name: str) -> dict[str, Any]:
    """Answer a bundle with its DAGs that the caller may read."""
    with create_session() as session:
        bundle = deploy.get_bundle(bundle_name, readable=readable_dag_ids(), settings=settings(), session=session)
        return json_answers.to_json(bundle)
