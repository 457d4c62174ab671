"""Values that MySQL does not have: Airflow keeps ids there in three bytes a character, and moments until 2038."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from support import dag_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

ELEPHANT = "my 🐘"
START = "2024-01-01T00:00:00Z"
LATE, EARLY = "2100-01-01T00:00:00+00:00", "1960-01-01T00:00:00+00:00"
NO_ID = (
    f"'{ELEPHANT}' cannot be an id here: Airflow's database is MySQL, whose ids have no characters beyond U+FFFF, such "
    "as '🐘'"
)
NO_MOMENT = (
    f"{LATE} cannot be kept: Airflow's database is MySQL, whose moments are those from 1970-01-01T00:00:01+00:00 to "
    "2038-01-19T03:14:07+00:00"
)
NO_TAG = (
    "'{}' and '{}' cannot both be tags of a DAG here: Airflow's database is MySQL, which takes them for the same, "
    "whatever their case, accents and spaces at the end"
)


@pytest.fixture
def is_mysql(session) -> bool:
    """Whether Airflow's database is MySQL or MariaDB."""
    return session.get_bind().dialect.name == "mysql"


@pytest.fixture
def run(dag, session) -> None:
    """A run of the DAG `doors`."""
    dag_runs.new_run(dag, session, {"first": "running"}, run_id="one", run_state="running")


@pytest.fixture
def _deleted(typed_door) -> Iterator[None]:
    """The DAG `of_databases` is deleted after the test."""
    yield
    typed_door("DELETE", "/dags/of_databases")


def refused(detail: str) -> dict[str, object]:
    """The answer to a value that MySQL does not have."""
    problem = "/rest_api/api/problems/invalid-request"
    return {"type": problem, "title": "Bad Request", "status": 400, "detail": detail}


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/dags/{}", None),
        ("DELETE", "/dags/{}", None),
        ("PATCH", "/dags/{}", {"is_paused": True}),
        ("GET", "/dags/{}/dagVersions", None),
        ("POST", "/dags/{}/dagRuns", {}),
        ("GET", "/dags/doors/dagRuns/{}", None),
        ("GET", "/dags/doors/dagRuns/{}/explanation", None),
        ("POST", "/dags/doors/dagRuns/{}/kill", None),
        ("POST", "/dags/doors/dagRuns/{}/restart", None),
        ("POST", "/dags/doors/dagRuns/one/taskInstances/{}/skip", None),
    ],
)
def test_nothing_has_such_an_id(typed_door, is_mysql, method, path, body):
    """What no id can be is answered as what no id is: with 404, or on MySQL with 400 and the reason."""
    status, answer = typed_door(method, path.format(quote(ELEPHANT)), json=body)
    if is_mysql and status == 400:
        assert answer == refused(NO_ID)
    else:
        assert (status, ELEPHANT in answer["detail"]) == (404, True)


def test_a_run_of_such_a_moment(dag, typed_door, is_mysql):
    """A run may be of any moment after its DAG's start, but on MySQL; there it is refused with the reason."""
    status, answer = typed_door("POST", f"/dags/{dag.dag_id}/dagRuns", json={"logical_date": LATE})
    runs = typed_door("GET", f"/dags/{dag.dag_id}/dagRuns")[1]["total_entries"]
    if is_mysql:
        assert (status, answer, runs) == (400, refused(NO_MOMENT), 0)
    else:
        assert (status, runs) == (201, 1)


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("moment", "later", "earlier"), [(LATE, 0, 1), (EARLY, 1, 0), ("9999-12-31T23:59:59Z", 0, 1)])
def test_a_list_up_to_such_a_moment(typed_door, moment, later, earlier):
    """A list that begins or ends with such a moment has what is before or after it, whatever the database."""
    for argument, count in (("logical_date_gte", later), ("logical_date_lte", earlier)):
        status, answer = typed_door("GET", "/dags/doors/dagRuns", query_string={argument: moment})
        assert (status, answer.get("total_entries")) == (200, count)


@pytest.mark.usefixtures("_deleted")
@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"tags": ["Team", "team"]}, NO_TAG.format("Team", "team")),
        ({"tags": ["cafe", "café"]}, NO_TAG.format("cafe", "café")),
        ({"schedule": "@once", "start_date": LATE}, NO_MOMENT),
    ],
    ids=["case", "accents", "a first run after 2038"],
)
@pytest.mark.parametrize("is_new", [True, False], ids=["the first deploy", "another deploy"])
def test_a_deploy_of_such_a_value(typed_door, is_mysql, changed, detail, is_new):
    """A deploy of such a value is refused with the reason, and leaves what was deployed before, or nothing."""
    before = {"schedule": "@daily", "start_date": START, "tags": ["team"]}
    if not is_new:
        assert typed_door("POST", "/dags", json=workflow(before))[0] == 201

    status, answer = typed_door("POST", "/dags", json=workflow({**before, **changed}))

    if is_mysql:
        assert (status, answer) == (400, refused(detail))
        status, answer = typed_door("GET", "/dags/of_databases")
        assert status == (404 if is_new else 200)
        assert is_new or answer["definition"] == workflow(before)["workflow"]
    else:
        assert status == (201 if is_new else 200)


@pytest.mark.usefixtures("_deleted")
def test_a_tag_changes_its_case(typed_door):
    """A deploy may change the case of a tag, also where the database takes both for the same."""
    for tags in (["team"], ["Team", "daily"], ["Daily"]):
        assert (
            typed_door("POST", "/dags", json=workflow({"schedule": None, "start_date": START, "tags": tags}))[0] < 300
        )
        (listed,) = typed_door("GET", "/dags", query_string={"dag_id_pattern": "of_databases"})[1]["dags"]
        assert sorted(tag["name"] for tag in listed["tags"]) == sorted(tags)


def workflow(dag: dict[str, object]) -> dict[str, object]:
    """What is posted to deploy a DAG `of_databases` of one task, in the place of the one that is there."""
    tasks = {"one": {"operator": "airflow.operators.empty.EmptyOperator"}}
    dag_config = {"of_databases": {**dag, "default_args": {"owner": "ada"}, "tasks": tasks}}
    return {"workflow": {"name": "of_databases", "unpause": False, "force": True, "dag_config": dag_config}}
