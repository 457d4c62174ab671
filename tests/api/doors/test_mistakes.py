"""Mistakes that callers made when they tried the product: each door names the thing, the place and the cure.

The old door may have the older plugin's words; what it says never differs in meaning. Nothing is changed.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import func, select

from support import dag_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

DAGS = "/rest_api/api/dags"
OLD = "/rest_api/api"
JSON = {"Content-Type": "application/json"}


class Mistake(NamedTuple):
    """One mistake at both doors. typed, old: method, path and what Flask's client sends; then status and sentence."""

    typed: tuple[str, str, dict[str, Any]]
    typed_answer: tuple[int, str]
    old: tuple[str, str, dict[str, Any]]
    old_answer: tuple[int, str]


def _json(text: str) -> dict[str, Any]:
    return {"data": text.encode(), "headers": JSON}


RUNS = f"{DAGS}/doors/dagRuns"
CALENDAR = "is in UTC before the year 1 or after the year 9999; give a date between them"
FAR = "9999-12-31T23:59:59-14:00"
WORKFLOW = {
    "workflow": {
        "name": "doors_new",
        "dag_config": {
            "doors_new": {"schedule": None, "tasks": {"a": {"operator": "airflow.operators.empty.EmptyOperator"}}}
        },
    }
}
GZIPPED = {
    "data": gzip.compress(json.dumps(WORKFLOW).encode()),
    "headers": {**JSON, "Content-Encoding": "gzip"},
}
ENCODED = (415, "The body came with Content-Encoding: gzip; send it as it is, without one")
TWICE = (
    '{"workflow": {"name": "doors_new", "dag_config": {"doors_new": {"tasks": {"a": {"retries": 1, "retries": 2}}}}}}'
)
TWICE_ANSWER = (
    400,
    'The key "retries" stands twice in the object at /workflow/dag_config/doors_new/tasks/a; keep one of them',
)

MISTAKES = {
    "a date beyond the calendar": Mistake(
        ("POST", RUNS, {"json": {"logical_date": FAR}}),
        (400, f"The request body is not valid: /logical_date: '{FAR}' {CALENDAR}"),
        ("POST", f"{OLD}?api=trigger_dag", {"json": {"workflow_name": "doors", "logical_date": FAR}}),
        (400, f"The argument 'logical_date' cannot be used: '{FAR}' {CALENDAR}"),
    ),
    "a run_id of a dot": Mistake(
        ("POST", RUNS, {"json": {"run_id": ".."}}),
        (400, "The argument 'run_id' is '..', which no URL can name; give another"),
        ("POST", f"{OLD}?api=trigger_dag", {"json": {"workflow_name": "doors", "run_id": ".."}}),
        (400, "The argument 'run_id' is '..', which no URL can name; give another"),
    ),
    "a conf that is no JSON": Mistake(
        ("POST", RUNS, {"json": {"conf": "{day: 1}"}}),
        (400, "The request body is not valid: /conf: is the text '{day: 1}'; give a map"),
        ("POST", f"{OLD}?api=trigger_dag", {"data": {"workflow_name": "doors", "conf": "{day: 1}"}}),
        (
            400,
            "The argument 'conf' is not JSON: Expecting property name enclosed in double quotes at line 1, column 2",
        ),
    ),
    "a run_id that is taken": Mistake(
        ("POST", RUNS, {"json": {"run_id": "manual__1"}}),
        (
            409,
            "A DagRun with run_id: `manual__1` of the DAG `doors` already exists; give another run_id, or leave it out",
        ),
        ("POST", f"{OLD}?api=trigger_dag", {"json": {"workflow_name": "doors", "run_id": "manual__1"}}),
        (404, "run_id manual__1 already exists"),
    ),
    "an argument of the body in the query": Mistake(
        ("POST", f"{RUNS}?run_id=x", {"json": {}}),
        (400, "The argument 'run_id' belongs into the JSON body, not into the query string"),
        ("POST", f"{OLD}?api=deploy_dag&workflow=x", {"json": WORKFLOW}),
        (
            400,
            (
                "The argument 'workflow' belongs into the JSON body of deploy_dag; beside it, it takes dry_run, "
                "wait, wait_for_nodes, comment, on_import_error"
            ),
        ),
    ),
    "a compressed body": Mistake(("POST", DAGS, GZIPPED), ENCODED, ("POST", f"{OLD}?api=deploy_dag", GZIPPED), ENCODED),
    "a key twice": Mistake(
        ("POST", DAGS, _json(TWICE)),
        TWICE_ANSWER,
        ("POST", f"{OLD}?api=deploy_dag", _json(TWICE)),
        TWICE_ANSWER,
    ),
    "a task that is not there": Mistake(
        ("POST", f"{RUNS}/manual__1/kill?task_id=frist", {}),
        (
            409,
            (
                "The DagRun `manual__1` of the DAG `doors` has no unfinished `frist`; it has no task of that name; "
                "did you mean `first`?"
            ),
        ),
        ("GET", f"{OLD}?api=kill_running_tasks&dag_id=doors&run_id=manual__1&task_id=frist", {}),
        (404, "task is not found or state is neither RUNNING nor NONE"),
    ),
    "a misspelled operation": Mistake(
        ("POST", f"{RUNS}/manual__1/kil", {}),
        (
            404,
            (
                "There is nothing at `/rest_api/api/dags/doors/dagRuns/manual__1/kil`; /rest_api/api/openapi.json has "
                "the paths that there are"
            ),
        ),
        ("GET", f"{OLD}?api=kill-running-task&dag_id=doors&run_id=manual__1", {}),
        (400, "API 'kill-running-task' was not found; did you mean 'kill_running_tasks'?"),
    ),
    "an argument twice": Mistake(
        ("GET", f"{DAGS}?limit=1&limit=2", {}),
        (400, "The argument 'limit' is given more than once, with different values; give it once"),
        ("GET", f"{OLD}?api=dag_state&api=delete_dag&dag_id=doors&run_id=manual__1", {}),
        (400, "The argument 'api' is given more than once, with different values; give it once"),
    ),
}


@pytest.fixture
def run(dag, session) -> None:
    """The DAG `doors` with a run."""
    dag_runs.new_run(dag, session, {"first": "running", "second": None, "third": None})


@pytest.fixture
def unchanged(app, run, session) -> Iterator[None]:
    """After the test: no run has come or changed, nothing was noted, and no file was written."""
    from airflow.models import DagRun, Log, TaskInstance

    def everything() -> Any:
        session.rollback()
        runs = session.execute(select(DagRun.run_id, DagRun.state).order_by(DagRun.id)).all()
        tasks = session.execute(select(TaskInstance.task_id, TaskInstance.state).order_by(TaskInstance.task_id)).all()
        return runs, tasks, session.scalar(select(func.count(Log.id)))

    before = everything()
    yield
    assert everything() == before


def _answer(response: Any, key: str) -> tuple[int, str]:
    return response.status_code, response.json[key]


@pytest.mark.parametrize("name", MISTAKES)
def test_both_doors_say_what_is_wrong_where_and_what_to_do(call, unchanged, name: str) -> None:
    """The two doors agree in what they say, and nothing is changed."""
    mistake = MISTAKES[name]
    method, path, sent = mistake.typed
    assert _answer(call(method, path, **sent), "detail") == mistake.typed_answer
    method, path, sent = mistake.old
    assert _answer(call(method, path, **sent), "error") == mistake.old_answer


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_filter_beyond_the_calendar(call, dag, date: str) -> None:
    """A date that UTC's calendar does not have is refused as an argument; it was a 500."""
    answer = call("GET", RUNS, query_string={"start_date_gte": date})
    assert _answer(answer, "detail") == (400, f"The argument 'start_date_gte' is '{date}', which {CALENDAR}")


def test_a_date_that_the_schedule_cannot_reckon_with(call, session) -> None:
    """The date is named, not the schedule, which is right."""
    from airflow.models.dag import DAG
    from airflow.operators.empty import EmptyOperator

    with DAG("doors", start_date=dag_runs.START, schedule="0 3 * * *", catchup=False) as dag:
        EmptyOperator(task_id="first")
    dag_runs.store(dag, session)
    answer = call("POST", RUNS, json={"logical_date": "9999-12-31T23:59:59Z"})
    assert _answer(answer, "detail") == (
        400,
        (
            "The argument 'logical_date' is 9999-12-31T23:59:59+00:00, so near the calendar's end that the schedule "
            "`0 3 * * *` cannot reckon with it; give a date from 1900 to 9998"
        ),
    )


def test_a_logical_date_that_is_taken(call, run, session) -> None:
    """The run that has the date is named, and that it is the date which is taken."""
    from airflow.models import DagRun

    date = session.scalar(select(DagRun.execution_date)).isoformat()
    answer = call("POST", RUNS, json={"run_id": "another", "logical_date": date})
    assert _answer(answer, "detail") == (
        409,
        (
            f"A DagRun with run_id: `manual__1` and the logical date {date} of the DAG `doors` already exists; "
            "give another logical_date"
        ),
    )


def test_paths_without_api(call) -> None:
    """Whoever forgets the second part of /rest_api/api is told so in JSON, not on a page of Airflow's."""
    answer = call("GET", "/rest_api/dags")
    assert (answer.content_type, *_answer(answer, "detail")) == (
        "application/problem+json",
        404,
        "There is nothing at `/rest_api/dags`; /rest_api/api/openapi.json has the paths that there are",
    )


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer abc"}], ids=["none", "a bad one"])
def test_a_refresh_without_its_token(call, header: dict[str, str]) -> None:
    """A refresh wants the refresh token, and says so."""
    answer = call("POST", "/api/v1/security/refresh", user=None, headers=header)
    assert answer.status_code == 401
    assert "send 'Authorization: Bearer <refresh_token>'" in answer.json["detail"]


def test_a_body_of_no_content_type(call) -> None:
    """The header that is missing is named."""
    answer = call("POST", DAGS, data=b"{}")
    assert _answer(answer, "detail") == (
        415,
        "The body must be sent with Content-Type: application/json, and came with none",
    )


def test_a_flag_that_is_a_number(call) -> None:
    """A flag is true or false; that its text is taken too is nothing to choose."""
    dag = {**WORKFLOW["workflow"]["dag_config"]["doors_new"], "default_args": {"start_date": "2024-01-01"}}
    workflow = {"workflow": {"name": "doors_new", "dag_config": {"doors_new": dag}, "force": 1}}
    answer = call("POST", DAGS, json=workflow)
    assert answer.json["errors"] == [{"pointer": "/workflow/force", "detail": "is the number 1; give true or false"}]


def test_what_is_code_in_an_explanation_is_shown_as_code(app) -> None:
    """The page of a kind of problem has no marks of Markdown."""
    page = app.test_client().get("/rest_api/api/problems/dag-exists", headers={"Accept": "text/html"})
    assert "Send <code>force: true</code> to replace it" in page.get_data(as_text=True)
