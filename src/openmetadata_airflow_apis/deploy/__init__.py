"""The deployment of a definition: what is stored where, in which order, under which lock."""

from openmetadata_airflow_apis.deploy.bundle_plan import BundleDag, Rights
from openmetadata_airflow_apis.deploy.bundles import (
    AppliedBundle,
    BundleDetail,
    BundleSummary,
    apply_bundle,
    await_bundle,
    get_bundle,
    list_bundles,
)
from openmetadata_airflow_apis.deploy.dag_versions import (
    DagVersionChanges,
    compare_dag_versions,
    get_dag_version,
    list_dag_versions,
    restore_dag_version,
)
from openmetadata_airflow_apis.deploy.deletion import DeletedDag, delete_dag
from openmetadata_airflow_apis.deploy.deployed_dags import (
    DamagedDag,
    DeployedDag,
    DeployedDagDetail,
    DeployedPage,
    get_deployed,
    list_deployed,
)
from openmetadata_airflow_apis.deploy.deployment import Deployment, deploy
from openmetadata_airflow_apis.deploy.failed_import import take_back
from openmetadata_airflow_apis.deploy.installation_health import Health, health
from openmetadata_airflow_apis.deploy.parse_wait import await_parse
from openmetadata_airflow_apis.deploy.patch import PatchedDag, patch_dag
from openmetadata_airflow_apis.deploy.refresh import Refreshed, refresh_all_dags
from openmetadata_airflow_apis.deploy.validation import ValidatedWorkflow, validate
from openmetadata_airflow_apis.deploy.version_history import record_versions_at_start

__all__ = [
    "AppliedBundle",
    "BundleDag",
    "BundleDetail",
    "BundleSummary",
    "DagVersionChanges",
    "DamagedDag",
    "DeletedDag",
    "DeployedDag",
    "DeployedDagDetail",
    "DeployedPage",
    "Deployment",
    "Health",
    "PatchedDag",
    "Refreshed",
    "Rights",
    "ValidatedWorkflow",
    "apply_bundle",
    "await_bundle",
    "await_parse",
    "compare_dag_versions",
    "delete_dag",
    "deploy",
    "get_bundle",
    "get_dag_version",
    "get_deployed",
    "health",
    "list_bundles",
    "list_dag_versions",
    "list_deployed",
    "patch_dag",
    "record_versions_at_start",
    "refresh_all_dags",
    "restore_dag_version",
    "take_back",
    "validate",
]
