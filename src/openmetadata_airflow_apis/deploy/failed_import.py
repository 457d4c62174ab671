"""Takes back a deploy that the DAG processor could not import: deploys the version before it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.conflict_errors import ImportFailed
from openmetadata_airflow_apis.deploy.dag_versions import redeploy
from openmetadata_airflow_apis.deploy.deletion import delete_dag
from openmetadata_airflow_apis.deploy.deployment_state import FAILED
from openmetadata_airflow_apis.deploy.preconditions import Precondition
from openmetadata_airflow_apis.errors import DagNotFound, ManagedDagsError, PreconditionFailed, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.deploy.deployment import Deployment
    from openmetadata_airflow_apis.settings import Settings


def take_back_failed(deployment: Deployment, *, user: str, settings: Settings, session: Session) -> None:
    """Take back a deployment whose DAG can't be imported: deploy the version before it, or delete the DAG if it is new.

    Does nothing for a deployment in another state, and takes nothing back if somebody has deployed something else
    since. The paused state stays as the deploy left it. Raises ImportFailed for each failed deployment, with the
    import error and what is deployed now, or Unavailable if nothing was taken back.
    """
    if deployment.state != FAILED:
        return
    import_error = deployment.import_error or ""
    if not deployment.changed:
        raise ImportFailed(deployment.dag_id, import_error, "the definition is the one that was deployed before")
    dag_id, previous_version = deployment.dag_id, deployment.version_number - 1
    still_ours = Precondition(one_of=frozenset({deployment.revision}))
    try:
        if deployment.created:
            delete_dag(dag_id, user=user, precondition=still_ours, settings=settings, session=session)
            outcome = "the DAG was not deployed before, so that it is deleted again"
        else:
            restored = redeploy(
                dag_id,
                previous_version,
                user=user,
                comment=f"Restores version {previous_version}: version {deployment.version_number} did not import",
                precondition=still_ours,
                settings=settings,
                session=session,
            )
            outcome = f"version {previous_version} is deployed again, as version {restored.version_number}"
    except (PreconditionFailed, DagNotFound):
        outcome = "somebody has deployed or deleted it since, so that it was left alone"
    except Unavailable:
        raise
    except ManagedDagsError as error:
        outcome = f"it could not be taken back: {error}"
    raise ImportFailed(dag_id, import_error, outcome)
