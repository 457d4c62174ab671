"""The deployment of a definition: what is checked, what is stored where, in which order, under which lock."""

from openmetadata_airflow_apis.deploy.checks import check_workflow
from openmetadata_airflow_apis.deploy.deletion import DeletedDag, delete_dag
from openmetadata_airflow_apis.deploy.deployed import DeployedDag, DeployedDagDetail, get_deployed, list_deployed
from openmetadata_airflow_apis.deploy.deployment import Deployment, deploy
from openmetadata_airflow_apis.deploy.health import Health, health
from openmetadata_airflow_apis.deploy.parsing import await_parse
from openmetadata_airflow_apis.deploy.refresh import Refreshed, refresh_all_dags

__all__ = [
    "DeletedDag",
    "DeployedDag",
    "DeployedDagDetail",
    "Deployment",
    "Health",
    "Refreshed",
    "await_parse",
    "check_workflow",
    "delete_dag",
    "deploy",
    "get_deployed",
    "health",
    "list_deployed",
    "refresh_all_dags",
]
