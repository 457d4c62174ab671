"""Who may do what: the table, by role, at both doors and for users who may see single DAGs alone."""

from __future__ import annotations

import pytest

from openmetadata_airflow_apis.errors import NotAllowed
from openmetadata_airflow_apis.security import identity, operation_permissions
from support.callers import OLD_DOOR, bearer
from support.deployments import one_task

ROLES = ("Viewer", "User", "Op", "Admin")
# operationId → the built-in roles that may do it, as docs/security.md has it
TABLE = {
    "deploy_dag": {"Admin"},
    "validate_dag": {"Admin"},
    "delete_dag": {"Admin"},
    "refresh_all_dags": {"User", "Op", "Admin"},
    "list_dags": set(ROLES),
    "get_dag": set(ROLES),
    "patch_dag": {"User", "Op", "Admin"},
    "list_dag_versions": set(ROLES),
    "get_dag_version": set(ROLES),
    "compare_dag_versions": set(ROLES),
    "restore_dag_version": {"Admin"},
    "apply_bundle": {"Admin"},
    "list_bundles": set(ROLES),
    "get_bundle": set(ROLES),
    "list_dag_runs": set(ROLES),
    "dag_state": set(ROLES),
    "explain_dag_run": set(ROLES),
    "list_task_instances": set(ROLES),
    "list_task_summaries": set(ROLES),
    "task_instance_detail": set(ROLES),
    "task_log": set(ROLES),
    "restart_failed_task": {"User", "Op", "Admin"},
    "restart_dag_runs": {"User", "Op", "Admin"},
    "kill_running_tasks": {"User", "Op", "Admin"},
    "kill_dag_runs": {"User", "Op", "Admin"},
    "skip_task_instance": {"User", "Op", "Admin"},
    "succeed_task_instance": {"User", "Op", "Admin"},
    "run_task_instance": {"User", "Op", "Admin"},
    "trigger_dag": {"User", "Op", "Admin"},
}
WITHOUT_DAG = {"refresh_all_dags", "list_dags", "apply_bundle", "list_bundles", "get_bundle", "validate_dag"}


@pytest.fixture
def may(app):
    """Tells whether a user may do an operation with a DAG, by the sentence that refuses it or None."""

    def may(user, operation_id: str, dag_id: str | None) -> str | None:
        with app.test_request_context():
            identity.bind(app.appbuilder.sm.get_user_by_id(user.id))
            try:
                operation_permissions.authorize(operation_id, dag_id)
            except NotAllowed as error:
                return str(error)
            return None

    return may


def test_every_operation_is_in_the_table(app) -> None:
    """Every operation of the specification has its row, but those that need nobody signed in."""
    from openmetadata_airflow_apis.api import operations

    exempt = {"login", "refresh", "logout", "health", "call_by_query", "call_by_body"}
    exempt |= {"list_problem_types", "get_problem_type"}
    assert set(operations.operations()) - exempt == set(operation_permissions.PERMISSIONS) == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation_id", TABLE)
@pytest.mark.parametrize("dag_id", ["nightly", "team.nightly", "unknown", "team.unknown"])
def test_built_in_roles(app, dags, may, operation_id: str, role: str, dag_id: str) -> None:
    """Each built-in role may do what the table says, with a DAG that exists and with one that does not."""
    user = app.appbuilder.sm.find_user(username=role.lower())
    allowed = may(user, operation_id, None if operation_id in WITHOUT_DAG else dag_id) is None
    assert allowed == (role in TABLE[operation_id])


@pytest.mark.parametrize(
    ("operation_id", "sentence"),
    [
        ("deploy_dag", "'can create on Managed DAGs'"),
        ("delete_dag", "'can delete on Managed DAGs'"),
        ("refresh_all_dags", "'can edit on DAGs'"),
        (
            "restart_failed_task",
            "'can edit on DAG:nightly' (or on DAGs) and 'can edit on DAG Runs' and 'can edit on Task Instances'",
        ),
        ("trigger_dag", "'can edit on DAG:nightly' (or on DAGs) and 'can create on DAG Runs'"),
    ],
)
def test_refusals_name_the_permission(app, dags, may, operation_id: str, sentence: str) -> None:
    """A refusal names the permission as Airflow's page of roles does."""
    viewer = app.appbuilder.sm.find_user(username="viewer")
    dag_id = None if operation_id in WITHOUT_DAG else "nightly"
    assert may(viewer, operation_id, dag_id) == f"{operation_id} needs the permission {sentence}"


def test_refusal_over_http(client, sign_in) -> None:
    """A Viewer who deletes is answered 403 with the permission's name, at both doors."""
    headers = bearer(sign_in("viewer")["access_token"])
    sentence = "delete_dag needs the permission 'can delete on Managed DAGs'"
    typed = client.delete("/rest_api/api/dags/nightly", headers=headers)
    old = client.get(f"{OLD_DOOR}?api=delete_dag&dag_id=nightly", headers=headers)
    assert (typed.status_code, typed.json["detail"]) == (403, sentence)
    assert (old.status_code, old.json) == (403, {"error": sentence})


def test_user_of_one_dag(app, dags, may, make_role, make_user) -> None:
    """A user whom a DAG's access_control lets in may do there what it grants, and nothing elsewhere."""
    role = make_role(
        "Nightly crew",
        ("can_read", "DAG:nightly"),
        ("can_edit", "DAG:nightly"),
        ("can_read", "DAG Runs"),
        ("can_create", "DAG Runs"),
        ("can_edit", "DAG Runs"),
        ("can_read", "Task Instances"),
        ("can_edit", "Task Instances"),
        ("can_read", "Task Logs"),
    )
    user = make_user(role)
    allowed = {name for name in TABLE if may(user, name, None if name in WITHOUT_DAG else "nightly") is None}
    for_admins = {"deploy_dag", "validate_dag", "delete_dag", "refresh_all_dags", "restore_dag_version", "apply_bundle"}
    assert allowed == set(TABLE) - for_admins
    for dag_id in ("hidden", "team.nightly"):
        assert {name for name in TABLE if may(user, name, None if name in WITHOUT_DAG else dag_id) is None} == {
            "list_dags",
            "list_bundles",
            "get_bundle",
        }


@pytest.mark.parametrize("dotted", [False, True])
def test_existence_does_not_show(app, dags, may, make_role, make_user, dotted: bool) -> None:
    """Who may not read a DAG is refused in the same words whether or not it exists."""
    user = make_user(make_role("Nobody's"))
    known, unknown = ("team.nightly", "team.unknown") if dotted else ("nightly", "unknown")
    for operation_id in sorted(set(TABLE) - WITHOUT_DAG):
        refusal = may(user, operation_id, known)
        assert refusal is not None
        assert refusal.replace(known, unknown) == may(user, operation_id, unknown)


@pytest.mark.parametrize(
    "dag_id", ["\0", "a\0b", "\udcff", "x" * 300, "' OR 1=1", "../..", "DAG:nightly", "DAGs"], ids=repr
)
def test_hostile_names(app, dags, may, make_role, make_user, dag_id: str) -> None:
    """A DAG's name that no DAG can have is asked about without a failure."""
    user = make_user(make_role("Curious", ("can_create", "Managed DAGs"), ("can_delete", "Managed DAGs")))
    for operation_id in sorted(set(TABLE) - WITHOUT_DAG - {"deploy_dag"}):
        assert may(user, operation_id, dag_id) is not None


def test_deployer(app, dags, may, make_role, make_user) -> None:
    """A role with "Managed DAGs" may deploy and delete new DAGs, and others only with Airflow's own permissions too."""
    deployer = make_user(
        make_role("Deployer", *((name, "Managed DAGs") for name in operation_permissions.MANAGED_DAGS_ACTIONS))
    )
    assert may(deployer, "deploy_dag", None) is None
    assert may(deployer, "deploy_dag", "unknown") is None
    assert may(deployer, "deploy_dag", "nightly") is not None
    assert may(deployer, "delete_dag", "nightly") is not None
    make_role("Editor", ("can_edit", "DAGs"), ("can_delete", "DAGs"))
    both = make_user("Deployer", "Editor")
    assert may(both, "deploy_dag", "nightly") is None
    assert may(both, "delete_dag", "nightly") is None


def test_checker(app, dags, may, make_role, make_user) -> None:
    """A role with nothing but "can read on Managed DAGs" may check definitions and do nothing else."""
    checker = make_user(make_role("Checker", ("can_read", "Managed DAGs")))
    allowed = {
        name
        for name in TABLE
        for dag_id in ("nightly", "unknown")
        if may(checker, name, None if name in WITHOUT_DAG else dag_id) is None
    }
    assert allowed == {"validate_dag"}


def test_a_checker_learns_nothing_of_what_is_deployed(client, sign_in, make_role, make_user) -> None:
    """A definition under the name of a DAG that is there is answered as one of a new name; a dry run is refused."""
    checker = make_user(make_role("Checker of names", ("can_read", "Managed DAGs")))
    headers = bearer(sign_in(checker.username, "a-password")["access_token"])
    answers = {}
    for name in ("nightly", "unknown"):
        answer = client.post("/rest_api/api/dags/validate", json=one_task(name), headers=headers)
        answers[name] = (answer.status_code, answer.json)
        refused = client.post("/rest_api/api/dags?dry_run=true", json=one_task(name), headers=headers)
        assert refused.status_code == 403
    assert answers == {
        name: (200, {"dag_id": name, "task_count": 1, "needs_parse": False}) for name in ("nightly", "unknown")
    }


def test_deploying_needs_our_own_permission(app, dags, may) -> None:
    """Airflow's own permissions alone, an Op's, do not let anybody deploy."""
    operator = app.appbuilder.sm.find_user(username="op")
    assert may(operator, "deploy_dag", None) == "deploy_dag needs the permission 'can create on Managed DAGs'"


def test_lists_are_filtered(app, dags, make_role, make_user) -> None:
    """Who may read all DAGs has no filter, who may read some has these, who may read none may not list."""
    some = make_user(make_role("Reader of one", ("can_read", "DAG:nightly")))
    none = make_user(make_role("Reader of none"))
    found = {}
    for name, user in (("viewer", app.appbuilder.sm.find_user(username="viewer")), ("some", some), ("none", none)):
        with app.test_request_context():
            identity.bind(app.appbuilder.sm.get_user_by_id(user.id))
            found[name] = operation_permissions.readable_dag_ids()
    assert found == {"viewer": None, "some": {"nightly"}, "none": set()}


def test_listing_without_a_readable_dag(client, sign_in, make_role, make_user) -> None:
    """Who may read no DAG at all is refused the list."""
    user = make_user(make_role("Reader of nothing"))
    answer = client.get("/rest_api/api/dags", headers=bearer(sign_in(user.username, "a-password")["access_token"]))
    assert answer.status_code == 403
