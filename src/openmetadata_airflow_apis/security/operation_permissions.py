"""Who may do what: one table by operationId, asked of Airflow's auth manager."""

from __future__ import annotations

from dataclasses import dataclass

from airflow import settings as airflow_settings
from airflow.models.dag import DagModel
from sqlalchemy import select

from openmetadata_airflow_apis.airflow_versions import dag_permissions
from openmetadata_airflow_apis.errors import NotAllowed
from openmetadata_airflow_apis.security import identity, user_permissions

MANAGED_DAGS = "Managed DAGs"
MANAGED_DAGS_ACTIONS = ("can_create", "can_read", "can_delete")
MENU_ENTRY = "REST API"
# Our resources in Airflow's permissions: deploying, the page's entry in the menu, and the class of the page's view.
OUR_RESOURCES = (MANAGED_DAGS, MENU_ENTRY, "ConsoleView")
_WORDS = {"GET": "can read", "PUT": "can edit", "POST": "can create", "DELETE": "can delete"}


@dataclass(frozen=True)
class OnManagedDags:
    """Asks for our own permission: deploying means running code, which no permission of Airflow's covers."""

    method: str

    def granted(self, _: str | None) -> bool:
        """Tell whether the request's user has it."""
        return dag_permissions.may_on_view(self.method, MANAGED_DAGS)

    def sentence(self, _: str | None) -> str:
        """Return the permission that is asked for, as Airflow's page of roles writes it."""
        return f"'{_WORDS[self.method]} on {MANAGED_DAGS}'"


@dataclass(frozen=True)
class OnDag:
    """Asks for a permission on the one DAG, or on all DAGs; entity narrows it to the DAG's runs or task instances.

    only_if_known: a DAG that Airflow has no row of needs no permission.
    """

    method: str
    entity: str | None = None
    only_if_known: bool = False

    def granted(self, dag_id: str | None) -> bool:
        """Tell whether the request's user has it."""
        if self.only_if_known and self.entity is None and dag_permissions.may_on_dag(self.method):
            return True  # on all DAGs: whether Airflow knows this one need not be looked up
        if self.only_if_known and (dag_id is None or not is_known(dag_id)):
            return True
        # Airflow takes an id with a dot for a subDAG's, and fails if there is none. So this asks about all DAGs then:
        # who may act on all hears later that this one does not exist, everybody else is refused as for any other.
        asked_about = dag_id if dag_id and ("." not in dag_id or is_known(dag_id)) else None
        if self.entity is not None and asked_about is None and not dag_permissions.may_on_dag(self._dag_method()):
            return False
        return dag_permissions.may_on_dag(self.method, asked_about, self.entity)

    def sentence(self, dag_id: str | None) -> str:
        """Return the permission that is asked for, as Airflow's page of roles writes it."""
        dag = f"'{_WORDS[self._dag_method()]} on DAG:{dag_id}' (or on DAGs)" if dag_id else None
        parts = [dag or f"'{_WORDS[self._dag_method()]} on DAGs'"]
        resources = dag_permissions.ENTITY_RESOURCES[self.entity] if self.entity else ()
        parts += [f"'{_WORDS[self.method]} on {resource}'" for resource in resources]
        return " and ".join(parts)

    def _dag_method(self) -> str:
        # As in Airflow: who changes something in a DAG must be allowed to edit the DAG.
        return "PUT" if self.entity is not None and self.method != "GET" else self.method


@dataclass(frozen=True)
class OnSomeDag:
    """Asks whether there is any DAG that the user may read: the operation's answer holds only those."""

    def granted(self, _: str | None) -> bool:
        """Tell whether there is one."""
        readable = readable_dag_ids()
        return readable is None or bool(readable)

    def sentence(self, _: str | None) -> str:
        """Return the permission that is asked for, as Airflow's page of roles writes it."""
        return "'can read on DAGs' (or on one DAG)"


# operationId → what is asked of Airflow; all of it must be granted. login, refresh, logout and health are not here:
# they sign somebody in or out by what they are given, or say nothing secret.
PERMISSIONS: dict[str, tuple[OnManagedDags | OnDag | OnSomeDag, ...]] = {
    "deploy_dag": (OnManagedDags("POST"), OnDag("PUT", only_if_known=True)),
    # It shows nothing of what is deployed, and so needs no permission on the DAG.
    "validate_dag": (OnManagedDags("GET"),),
    "delete_dag": (OnManagedDags("DELETE"), OnDag("DELETE")),
    "refresh_all_dags": (OnDag("PUT"),),
    "list_dags": (OnSomeDag(),),
    "get_dag": (OnDag("GET"),),
    "patch_dag": (OnDag("PUT"),),
    "list_dag_versions": (OnDag("GET"),),
    "get_dag_version": (OnDag("GET"),),
    "compare_dag_versions": (OnDag("GET"),),
    # It shows what it deploys: who may deploy under a name need not be allowed to read what was there before.
    "restore_dag_version": (OnManagedDags("POST"), OnDag("GET"), OnDag("PUT", only_if_known=True)),
    # It asks for those of deploy_dag and delete_dag too, for each DAG that it deploys or deletes.
    "apply_bundle": (OnManagedDags("POST"),),
    "list_bundles": (OnSomeDag(),),
    "get_bundle": (OnSomeDag(),),
    "list_dag_runs": (OnDag("GET", "RUN"),),
    "dag_state": (OnDag("GET", "RUN"),),
    "explain_dag_run": (OnDag("GET", "TASK_INSTANCE"),),
    "list_task_instances": (OnDag("GET", "TASK_INSTANCE"),),
    "list_task_summaries": (OnDag("GET", "TASK_INSTANCE"),),
    "task_instance_detail": (OnDag("GET", "TASK_INSTANCE"),),
    "task_log": (OnDag("GET", "TASK_INSTANCE"), OnDag("GET", "TASK_LOGS")),
    "restart_failed_task": (OnDag("PUT", "TASK_INSTANCE"),),
    "restart_dag_runs": (OnDag("PUT", "TASK_INSTANCE"),),
    "kill_running_tasks": (OnDag("PUT", "TASK_INSTANCE"),),
    "kill_dag_runs": (OnDag("PUT", "TASK_INSTANCE"),),
    "skip_task_instance": (OnDag("PUT", "TASK_INSTANCE"),),
    "succeed_task_instance": (OnDag("PUT", "TASK_INSTANCE"),),
    "trigger_dag": (OnDag("POST", "RUN"),),
    "run_task_instance": (OnDag("POST", "RUN"), OnDag("PUT", "TASK_INSTANCE")),
}


def authorize(operation_id: str, dag_id: str | None) -> None:
    """Raise NotAllowed, naming the permission, unless the request's user may do this with that DAG.

    dag_id: None if the operation names no DAG, or if it is not known yet. A refusal does not show whether the DAG
    exists: its words are the same either way.
    """
    user_permissions.read_permissions(identity.request_user())
    for permission in PERMISSIONS[operation_id]:
        if not permission.granted(dag_id):
            raise NotAllowed(f"{operation_id} needs the permission {permission.sentence(dag_id)}")


def refusal(operation_id: str, dag_id: str) -> str | None:
    """Return the sentence that refuses an operation to the request's user, None if it is allowed."""
    try:
        authorize(operation_id, dag_id)
    except NotAllowed as error:
        return str(error)
    return None


def authorize_replacing(dag_id: str) -> None:
    """Raise NotAllowed unless the request's user may replace what is deployed under that name.

    authorize can't tell: Airflow may have no row of the DAG yet, and somebody may deploy it after that check.
    """
    permission = OnDag("PUT")
    if not permission.granted(dag_id):
        raise NotAllowed(f"deploy_dag needs the permission {permission.sentence(dag_id)}")


def readable_dag_ids() -> set[str] | None:
    """Return the dag_ids that the request's user may read, None for all."""
    return None if dag_permissions.may_on_dag("GET") else dag_permissions.permitted_dag_ids()


def is_known(dag_id: str) -> bool:
    """Tell whether Airflow has a row of that DAG."""
    if "\0" in dag_id or not _is_utf8(dag_id):
        return False  # no database can be asked about it
    question = select(DagModel.dag_id).where(DagModel.dag_id == dag_id)
    return airflow_settings.Session().execute(question).first() is not None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
