"""A name that was not found is answered with what was meant, among what the caller may see."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from support import dag_runs

LATER = "manual__2026-01-02T00:00:00+00:00"
WITH_A_SPACE = LATER.replace("+", " ")
NOT_MAPPED = "it is not mapped: leave map_index out"
NOT_OURS = "Airflow has a DAG of that name, which was not deployed through this API"


@pytest.fixture
def dag(session):
    """The DAG `doors` with a task in a group and a mapped one, and two runs."""
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.utils.task_group import TaskGroup

    dag = dag_runs.new_dag("doors")
    with dag:
        with TaskGroup("work"):
            EmptyOperator(task_id="per_region")
        BashOperator.partial(task_id="each").expand(bash_command=["a", "b", "c"])
    dag_runs.store(dag, session)
    dag_runs.new_run(dag, session, {"work.per_region": "success"})
    dag_runs.new_run(dag, session, run_id=LATER)
    return dag


@pytest.fixture
def other_dags(session):
    """Other DAGs that Airflow knows: one that is spelled almost alike, one of another team, one whose file is gone."""
    from airflow.models.dag import DagModel
    from sqlalchemy import delete

    names = {"door": True, "Doors2": True, "doors_gone": False}
    session.add_all(
        DagModel(dag_id=name, fileloc=f"/dags/{name}.py", is_active=active) for name, active in names.items()
    )
    session.commit()
    yield
    session.execute(delete(DagModel).where(DagModel.dag_id.in_(names)))
    session.commit()


RUN = "/dags/doors/dagRuns/manual__1"
NOT_IN_RUN = "was not found in the DagRun `manual__1` of the DAG `doors`"


@pytest.mark.parametrize(
    ("method", "path", "body", "detail"),
    [
        (
            "GET",
            f"{RUN}/taskInstances/per_region",
            None,
            f"The task with task_id: `per_region` {NOT_IN_RUN}; did you mean `work.per_region`?",
        ),
        (
            "POST",
            f"{RUN}/taskInstances/eech/skip",
            None,
            f"The task with task_id: `eech` {NOT_IN_RUN}; did you mean `each`?",
        ),
        ("GET", f"{RUN}/taskInstances/nothing_like_it", None, f"The task with task_id: `nothing_like_it` {NOT_IN_RUN}"),
        (
            "GET",
            f"{RUN}/taskInstances/each?map_index=7",
            None,
            f"The task with task_id: `each` at map_index 7 {NOT_IN_RUN}; its map_index goes from 0 to 2",
        ),
        (
            "GET",
            f"{RUN}/taskInstances/work.per_region?map_index=0",
            None,
            f"The task with task_id: `work.per_region` at map_index 0 {NOT_IN_RUN}; {NOT_MAPPED}",
        ),
        (
            "POST",
            f"{RUN}/kill?task_id=per_region",
            None,
            (
                "The DagRun `manual__1` of the DAG `doors` has no unfinished `per_region`; it has no task of that "
                "name; did you mean `work.per_region`?"
            ),
        ),
        (
            "POST",
            f"{RUN}/kill?task_id=nothing_like_it",
            None,
            (
                "The DagRun `manual__1` of the DAG `doors` has no unfinished `nothing_like_it`; it has no task of that "
                "name"
            ),
        ),
        (
            "POST",
            f"{RUN}/kill?task_id=each&map_index=7",
            None,
            (
                "The DagRun `manual__1` of the DAG `doors` has no unfinished `each` at map_index 7; its map_index goes "
                "from 0 to 2"
            ),
        ),
        (
            "POST",
            f"{RUN}/kill?task_id=work.per_region",
            None,
            "The DagRun `manual__1` of the DAG `doors` has no unfinished `work.per_region`",
        ),
        (
            "POST",
            "/dags/doors/dagRuns/partial",
            {"task_ids": ["per_region"]},
            "The task with task_id: `per_region` was not found in the DAG `doors`; did you mean `work.per_region`?",
        ),
        (
            "POST",
            "/dags/doors/dagRuns/partial",
            {"task_ids": ["wrok"]},
            "The task with task_id: `wrok` was not found in the DAG `doors`; did you mean `work`?",
        ),
        (
            "GET",
            f"/dags/doors/dagRuns/{WITH_A_SPACE}",
            None,
            f"The DagRun with dag_id: `doors` and run_id: `{WITH_A_SPACE}` was not found; did you mean `{LATER}`?",
        ),
        ("GET", "/dags/doors/dagRuns/r1", None, "The DagRun with dag_id: `doors` and run_id: `r1` was not found"),
        (
            "POST",
            "/dags/DOORS/dagRuns",
            None,
            "The DAG with dag_id: `DOORS` was not found; did you mean `doors`?",
        ),
        (
            "GET",
            "/dags/dors/dagRuns/r1",
            None,
            "The DAG with dag_id: `dors` was not found; did you mean `doors`, `door` or `Doors2`?",
        ),
        (
            "GET",
            "/dags/doors",
            None,
            f"The DAG with dag_id: `doors` was not found; {NOT_OURS}",
        ),
        ("GET", "/dags/dors", None, "The DAG with dag_id: `dors` was not found"),
    ],
)
def test_near_names(typed_door, dag, other_dags, method, path, body, detail):
    """The group that was left out, the letters that were swapped, the index that there is not."""
    assert typed_door(method, path, json=body)[1]["detail"] == detail


def test_the_old_doors_sentences_stay(old_door, dag, other_dags):
    """Callers of the older plugin match on them."""
    run = {"dag_id": "doors", "run_id": "manual__1"}
    assert old_door("dag_state", dag_id="dors", run_id="r1") == (400, {"error": "The DAG ID 'dors' does not exist"})
    assert old_door("dag_state", dag_id="doors", run_id="r1") == (404, {"error": "dag run is not found"})
    assert old_door("skip_task_instance", **run, task_id="per_region") == (404, {"error": "dag task is not found"})


@pytest.fixture
def limited(app, session):
    """The headers of a user who may read `doors`, its runs and task instances, and `dor`, which is gone."""
    from openmetadata_airflow_apis.airflow_versions.dag_permissions import make_dag_permissions
    from support.callers import basic

    manager = app.appbuilder.sm
    with app.app_context():
        make_dag_permissions(dag_runs.new_dag("doors"), session=session)
        role = manager.add_role("Only doors")
        for resource in ("DAG:doors", "DAG:dor", "DAG Runs", "Task Instances"):
            manager.add_permission_to_role(role, manager.create_permission("can_read", resource))
        assert manager.add_user("limited", "limited", "Test", "limited@example.org", [role], "a-password")
    yield basic("limited", "a-password")
    with app.app_context():
        manager.get_session.delete(manager.find_user(username="limited"))
        manager.get_session.delete(manager.find_role("Only doors"))
        manager.get_session.commit()


def test_only_what_the_caller_may_see_is_named(app, dag, other_dags, limited):
    """Who may read one DAG alone is told of it and of its runs, and of no other, however near its name is."""
    client = app.test_client()
    run = client.get("/rest_api/api/dags/doors/dagRuns/manual__2", headers=limited)
    assert run.json["detail"].endswith("did you mean `manual__1`?")
    other = client.get("/rest_api/api/dags/dor/dagRuns/r1", headers=limited)
    assert (other.status_code, other.json["detail"]) == (
        404,
        "The DAG with dag_id: `dor` was not found; did you mean `doors`?",
    )


def test_a_hint_costs_one_statement(app, call, dag, other_dags, session):
    """What was meant is asked only when there is something to say, in one statement of its own."""
    from airflow.settings import engine

    asked: list[str] = []

    def note(connection, cursor, statement, *_):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        counts = []
        for task_id in ("work.per_region", "per_region"):
            asked.clear()
            call("GET", f"/rest_api/api{RUN}/taskInstances/{task_id}")
            counts.append(len(asked))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    # the detail of one that is there takes a statement more than the look that finds none
    assert counts[1] == counts[0] - 1 + 1


def test_a_hint_never_fails(typed_door, dag, monkeypatch):
    """Where the names can't be asked for, the error is answered without them."""
    from sqlalchemy.exc import OperationalError

    from openmetadata_airflow_apis.runs import near_dag_run_and_task_ids

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the database went away"))

    monkeypatch.setattr(near_dag_run_and_task_ids, "tasks_of_run", fail)
    assert typed_door("GET", f"{RUN}/taskInstances/per_region")[1]["detail"] == (
        f"The task with task_id: `per_region` {NOT_IN_RUN}"
    )
