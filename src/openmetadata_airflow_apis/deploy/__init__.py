"""The deployment of a definition: what is stored where, in which order, under which lock.

    deployment.py            deploy: stores the definition, then writes Airflow's rows, or awaits a parse (pending)
    preconditions.py         what must be deployed before a change is made: If-Match, If-None-Match, `force`
    row_ownership.py         is a dag_id in Airflow's database ours, or another file's? also if all its files are lost
    definitions_on_mysql.py  refuses a definition's values that MySQL can't store: tags, owners, datasets, dates, sizes
    validation.py            validate: the checks of a deploy, whatever is deployed; which DAGs a parse alone can build
    pausing.py               pauses and unpauses a DAG, and whether that has `changed` anything
    deletion.py              delete: which rows go, not while a task runs; gives up after 20 s; finishes what crashed
    definition_changes.py    what a deploy would change: two definitions side by side
    bundles.py               bundles: many DAGs deployed and deleted together, under their locks
    bundle_plan.py           what applying a bundle deploys, deletes, leaves alone, or is refused for, each placed

After a deploy:

    parse_wait.py        `wait`, `wait_for_nodes`: until the DAG processors with a heartbeat, or enough, have parsed it
    nodes_of_dag.py      `nodes` of a DAG: what the DAG processor of each node has parsed last
    failed_import.py     on_import_error=restore: takes back a deploy whose DAG does not import
    deployment_state.py  parsed, pending or failed: whether Airflow's rows are of what is deployed
    refresh.py           refresh_all_dags: brings Airflow's database up to date with what is deployed
    new_versions.py      what is a new version, restored ones too; what a crash lost; keep_versions, keep_deleted_days

Reading:

    deployed_dags.py        a page of what is deployed, or one DAG with its definition
    dag_selection.py        which DAGs a list holds, and in which order: all filters (dag_id_pattern, state, …)
    dag_summaries.py        DAGs at a glance: owners, tags, schedule, last and next run, params
    dag_versions.py         versions: listed, looked at, compared, restored
    installation_health.py  health

Airflow's rows, and ours:

    dag_rows.py   what a deploy writes, so that a DAG can be scheduled without a parse; and asks for the parse
    row_locks.py  locks a DAG's rows against Airflow's own processes, without deadlocks
"""

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
from openmetadata_airflow_apis.deploy.failed_import import take_back_failed
from openmetadata_airflow_apis.deploy.installation_health import Health, health
from openmetadata_airflow_apis.deploy.parse_wait import ParseWait, await_parse
from openmetadata_airflow_apis.deploy.pausing import PatchedDag, patch_dag
from openmetadata_airflow_apis.deploy.refresh import Refreshed, refresh_all_dags
from openmetadata_airflow_apis.deploy.validation import ValidatedWorkflow, validate

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
    "ParseWait",
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
    "refresh_all_dags",
    "restore_dag_version",
    "take_back_failed",
    "validate",
]
