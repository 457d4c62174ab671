"""Values that MySQL does not have: Airflow keeps ids there in three bytes a character, and moments until 2038.

A dry run refuses each in the words of the real call.
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from airflow.models.log import Log

from openmetadata_airflow_apis import audit
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
TWINS = (
    "'{}' and '{}' cannot both be {} here: Airflow's database is MySQL, which takes them for the same, whatever "
    "their {}"
)
AS_READ = "case, accents and spaces at the end"
LARGE = "x" * 66_000
AS_STORED = len(pickle.dumps({"a": LARGE}, pickle.HIGHEST_PROTOCOL))
NO_ROOM = "{} has {} bytes, and cannot be kept: Airflow's database is MySQL, whose column `{}` has room for 65535"
EMPTY = {"operator": "airflow.operators.empty.EmptyOperator"}


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


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("dagRuns", {"logical_date": LATE}, NO_MOMENT),
        ("dagRuns", {"conf": {"a": LARGE}}, NO_ROOM.format("The conf", AS_STORED, "dag_run.conf")),
        (
            "dagRuns/partial",
            {"task_ids": ["first"], "conf": {"a": LARGE}},
            NO_ROOM.format("The conf", AS_STORED, "dag_run.conf"),
        ),
    ],
    ids=["a moment", "a large conf", "a large conf of a run of some tasks"],
)
def test_a_run_of_such_a_value(dag, typed_door, is_mysql, path, body, detail):
    """A run may be of any moment after its DAG's start, and have any conf, but on MySQL; there the reason is told."""
    planned = typed_door("POST", f"/dags/{dag.dag_id}/{path}", query_string={"dry_run": "true"}, json=body)
    status, answer = typed_door("POST", f"/dags/{dag.dag_id}/{path}", json=body)
    runs = typed_door("GET", f"/dags/{dag.dag_id}/dagRuns")[1]["total_entries"]
    if is_mysql:
        assert (status, answer, runs) == (400, refused(detail), 0)
        assert planned == (status, answer)
    else:
        assert (planned[0], status, runs) == (200, 201, 1)


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
        ({"tags": ["Team", "team"]}, TWINS.format("Team", "team", "tags of a DAG", AS_READ)),
        ({"tags": ["cafe", "café"]}, TWINS.format("cafe", "café", "tags of a DAG", AS_READ)),
        ({"tags": ["groß", "gross"]}, TWINS.format("gross", "groß", "tags of a DAG", AS_READ)),
        ({"tags": ["か", "カ"]}, TWINS.format("か", "カ", "tags of a DAG", AS_READ)),
        (
            {"owner_links": {"Ann": "https://a.example", "ann": "https://b.example"}},
            TWINS.format("Ann", "ann", "owners of a DAG with a link", AS_READ),
        ),
        ({"schedule": ["abc", "abc "]}, TWINS.format("abc", "abc ", "URIs of datasets", "spaces at the end")),
        ({"schedule": "@once", "start_date": LATE}, NO_MOMENT),
        (
            {"schedule": "0 0 1 1 *", "start_date": "2037-06-01"},
            NO_MOMENT.replace(LATE, "2039-01-01T00:00:00+00:00"),
        ),
        ({"description": LARGE}, NO_ROOM.format("The description", 66_000, "dag.description")),
        (
            {"tasks": {"one": {**EMPTY, "executor_config": {"a": LARGE}}}},
            NO_ROOM.format("The executor_config of the task `one`", AS_STORED, "task_instance.executor_config"),
        ),
    ],
    ids=[
        "case",
        "accents",
        "letters",
        "syllables",
        "owners",
        "datasets",
        "a first run after 2038",
        "an interval after 2038",
        "a description",
        "an executor_config",
    ],
)
@pytest.mark.parametrize("is_new", [True, False], ids=["the first deploy", "another deploy"])
def test_a_deploy_of_such_a_value(typed_door, is_mysql, changed, detail, is_new):
    """A deploy of such a value is refused with the reason, and leaves what was deployed before, or nothing."""
    before = {"schedule": "@daily", "start_date": START, "tags": ["team"]}
    if not is_new:
        assert typed_door("POST", "/dags", json=workflow(before))[0] == 201

    planned = typed_door("POST", "/dags", query_string={"dry_run": "true"}, json=workflow({**before, **changed}))
    status, answer = typed_door("POST", "/dags", json=workflow({**before, **changed}))

    if is_mysql:
        assert (status, answer) == (400, refused(detail))
        assert planned == (status, answer)
        status, answer = typed_door("GET", "/dags/of_databases")
        assert status == (404 if is_new else 200)
        assert is_new or answer["definition"] == workflow(before)["workflow"]
    else:
        assert (planned[0], status) == (200, 201 if is_new else 200)


@pytest.mark.usefixtures("_deleted")
def test_a_bundle_with_such_a_value(typed_door, is_mysql):
    """Nothing of a bundle is deployed where a value of one of its workflows is refused, which is named."""
    good = {"schedule": "@daily", "start_date": START, "tags": ["team"]}
    other = workflow({**good, "tags": ["Team", "team"]})
    other["workflow"]["name"] = "of_databases_too"
    other["workflow"]["dag_config"] = {"of_databases_too": other["workflow"]["dag_config"]["of_databases"]}
    body = {"workflows": [workflow(good), other]}

    planned = typed_door("PUT", "/bundles/values", query_string={"dry_run": "true"}, json=body)
    status, answer = typed_door("PUT", "/bundles/values", json=body)

    if is_mysql:
        detail = TWINS.format("Team", "team", "tags of a DAG", AS_READ)
        assert (status, answer["errors"]) == (400, [{"pointer": "/workflows/1", "detail": detail}])
        assert planned == (status, answer)
        assert typed_door("GET", "/dags/of_databases")[0] == 404
    else:
        assert (planned[0], status, len(answer["created"])) == (200, 200, 2)
        assert typed_door("DELETE", "/dags/of_databases_too")[0] == 200


def test_the_audit_row_of_many_tasks(session, is_mysql):
    """An operation with thousands of named tasks has its row in the audit log, or their number."""
    names = [f"a_task_{number:06}" for number in range(6000)]
    audit.record("run_task_instance", user="ada", dag_id="many", details={"task_ids": names}, session=session)
    (extra,) = session.query(Log.extra).filter_by(dag_id="many").one()
    assert json.loads(extra) == {"task_ids": len(names) if is_mysql else names}


@pytest.mark.usefixtures("_deleted")
def test_a_tag_changes_its_case(typed_door):
    """A deploy may change the case of a tag, also where the database takes both for the same."""
    for tags in (["team"], ["Team", "daily"], ["Daily"]):
        assert (
            typed_door("POST", "/dags", json=workflow({"schedule": None, "start_date": START, "tags": tags}))[0] < 300
        )
        (listed,) = typed_door("GET", "/dags", query_string={"dag_id_pattern": "of_databases"})[1]["dags"]
        assert sorted(tag["name"] for tag in listed["tags"]) == sorted(tags)


@pytest.mark.usefixtures("_deleted")
def test_an_owner_with_a_link_changes_its_case(typed_door):
    """As a tag may: each deploy leaves the links that it has."""
    for owners in ({"ann": "https://a.example"}, {"Ann": "https://a.example"}, {"Ann": "https://b.example"}, {}):
        changed = {"schedule": None, "start_date": START, "owner_links": owners}
        assert typed_door("POST", "/dags", json=workflow(changed))[0] < 300
        assert links_of("of_databases") == owners


def links_of(dag_id: str) -> dict[str, str]:
    """The links of a DAG's owners, as Airflow's pages have them."""
    from airflow.models.dag import DagOwnerAttributes
    from airflow.utils.session import create_session

    with create_session() as session:
        rows = session.query(DagOwnerAttributes).filter_by(dag_id=dag_id)
        return {row.owner: row.link for row in rows}


def workflow(dag: dict[str, object]) -> dict[str, object]:
    """What is posted to deploy a DAG `of_databases` of one task, in the place of the one that is there."""
    dag_config = {"of_databases": {"tasks": {"one": EMPTY}, **dag, "default_args": {"owner": "ada"}}}
    return {"workflow": {"name": "of_databases", "unpause": False, "force": True, "dag_config": dag_config}}
