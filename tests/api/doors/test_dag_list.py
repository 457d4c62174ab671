"""The list of the DAGs deployed here, and one of them, at the typed door: what is told of each, filters, order."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import update

from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import open_store
from support.stores import damaged_for_a_while

if TYPE_CHECKING:
    from collections.abc import Iterator

PARAM = "airflow.models.param.Param"


def empty(**arguments: Any) -> dict[str, Any]:
    return {"operator": "airflow.operators.empty.EmptyOperator", **arguments}


DAGS: dict[str, dict[str, Any]] = {
    "catalogue_Sales": {
        "schedule": "0 3 * * *",
        "tags": ["sales", "nightly"],
        "default_args": {"owner": "ann"},
        "params": {
            "limit": {
                "__type__": PARAM,
                "default": 10,
                "description": "How many rows are read.",
                "type": "integer",
                "minimum": 1,
            },
            "tables": ["orders"],
            "since": None,
        },
        "tasks": {"read": empty()},
    },
    "catalogue_stock": {
        "schedule": {"__type__": "datetime.timedelta", "hours": 36},
        "tags": ["nightly"],
        "default_args": {"owner": "ann"},
        "tasks": {"read": empty(), "write": empty(owner="bob")},
    },
    "profile.stock": {"schedule": None, "default_args": {"owner": "bob"}, "tasks": {"read": empty()}},
}
NEXT_RUNS = {
    "catalogue_Sales": datetime(2026, 3, 1, 3, tzinfo=timezone.utc),
    "catalogue_stock": datetime(2026, 2, 1, tzinfo=timezone.utc),
}
RUNS = {
    "catalogue_Sales": [("failed", 10, 11), ("success", 12, 13)],
    "catalogue_stock": [("success", 10, 11), ("failed", 14, 15)],
    "profile.stock": [("success", 10, 11), ("running", 16, None)],
}


def day(number: int | None) -> datetime | None:
    return None if number is None else datetime(2026, 1, number, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def deployed(app, tokens) -> Iterator[None]:
    """The three DAGs, with two runs each, and with next runs of dates that are known."""
    from airflow.settings import Session

    def send(method: str, path: str, **arguments: Any) -> int:
        headers = {"Authorization": f"Bearer {tokens['admin']}"}
        return app.test_client().open(f"/rest_api/api{path}", method=method, headers=headers, **arguments).status_code

    for name, dag in DAGS.items():
        dag = {**dag, "default_args": {**dag["default_args"], "start_date": "2026-01-01T00:00:00Z"}, "catchup": False}
        workflow = {"name": name, "unpause": name != "catalogue_stock", "dag_config": {name: dag}}
        assert send("POST", "/dags", json={"workflow": workflow}) == 201
    session = Session()
    for name, runs in RUNS.items():
        for number, (state, start, end) in enumerate(runs):
            # The run that was created last is of the earlier logical date.
            run = DagRun(name, f"run_{number}", execution_date=day(9 - number), run_type="manual", state=state)
            run.start_date, run.end_date = day(start), day(end)
            session.add(run)
            session.flush()
    table = DagModel.__table__
    for name in DAGS:
        session.execute(update(table).where(table.c.dag_id == name).values(next_dagrun=NEXT_RUNS.get(name)))
    session.commit()
    Session.remove()
    yield
    for name in DAGS:
        assert send("DELETE", f"/dags/{name}") == 200


def test_a_dag_is_listed_with_what_airflow_knows_of_it(typed_door, deployed, session):
    """Owners, tags, the schedule as Airflow's own API has it, the next run, and the run that was created last."""
    dag = session.get(DagModel, "catalogue_Sales")
    status, body = typed_door("GET", "/dags?limit=1")
    assert status == 200
    (listed,) = body["dags"]
    assert (body["damaged"], body["total_entries"]) == ([], 3)
    unlike = {name: listed.pop(name) for name in ("revision", "deployed_at")}
    assert all(unlike.values())
    assert listed == {
        "dag_id": "catalogue_Sales",
        "dag_display_name": "catalogue_Sales",
        "version_number": 1,
        "bundle_name": None,
        "state": "parsed",
        "import_error": None,
        "is_paused": False,
        "deployed_by": "admin",
        "parsed_at": None,
        "last_run": {
            "run_id": "run_1",
            "state": "success",
            "logical_date": "2026-01-08T00:00:00.000000Z",
            "start_date": "2026-01-12T00:00:00.000000Z",
            "end_date": "2026-01-13T00:00:00.000000Z",
        },
        "owners": ["ann"],
        "tags": [{"name": "nightly"}, {"name": "sales"}],
        "schedule_interval": {"__type": "CronExpression", "value": "0 3 * * *"},
        "timetable_description": "At 03:00",
        "next_dagrun": "2026-03-01T03:00:00.000000Z",
        "next_dagrun_data_interval_start": rfc3339(dag.next_dagrun_data_interval_start),
        "next_dagrun_data_interval_end": rfc3339(dag.next_dagrun_data_interval_end),
        "next_dagrun_create_after": rfc3339(dag.next_dagrun_create_after),
    }


def test_the_latest_runs_stand_beside_each_dag_if_they_are_asked_for(typed_door, deployed):
    """`recent_runs` says how many, by their logical dates; a DAG without a run has an empty list."""
    asked = typed_door("GET", "/dags?recent_runs=2")[1]["dags"]
    recent = {dag["dag_id"]: dag.pop("recent_runs") for dag in asked}
    assert [run["run_id"] for run in recent["catalogue_Sales"]] == ["run_0", "run_1"]
    assert recent["catalogue_Sales"][1] == asked[0]["last_run"]  # created last, for an earlier day
    assert [bool(recent[dag["dag_id"]]) for dag in asked] == ["last_run" in dag for dag in asked]
    assert asked == typed_door("GET", "/dags")[1]["dags"]


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_the_words_are_those_of_airflows_own_api(typed_door, deployed, session):
    """What Airflow's own API tells of a DAG under the same name is the same, but for the blanks before owners."""
    from airflow.api_connexion.schemas.dag_schema import dag_schema

    for dag in typed_door("GET", "/dags")[1]["dags"]:
        airflows = dag_schema.dump(session.get(DagModel, dag["dag_id"]))
        airflows["owners"] = sorted(owner.strip() for owner in airflows["owners"])
        airflows["tags"] = sorted(airflows["tags"], key=lambda tag: tag["name"])
        for name in airflows:
            if name.startswith("next_") and airflows[name]:
                airflows[name] = rfc3339(datetime.fromisoformat(airflows[name]))
        assert {name: value for name, value in dag.items() if name in airflows} == {
            name: airflows[name] for name in dag if name in airflows
        }
    assert set(dag) - set(airflows) - {"dag_display_name"} == {  # which Airflow < 2.9 does not have
        "state", "import_error", "revision", "deployed_by", "deployed_at", "parsed_at", "last_run", "version_number",
        "bundle_name",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["catalogue_Sales", "catalogue_stock", "profile.stock"]),
        ("bundle_name=no_such_bundle", []),
        ("recent_runs=1", ["catalogue_Sales", "catalogue_stock", "profile.stock"]),
        ("dag_id_pattern=sales", ["catalogue_Sales"]),
        ("dag_id_pattern=STOCK", ["catalogue_stock", "profile.stock"]),
        ("dag_id_pattern=logue%25st_ck", ["catalogue_stock"]),
        ("dag_id_pattern=e_stock", ["catalogue_stock", "profile.stock"]),
        ("dag_id_pattern=e.stock", ["profile.stock"]),
        ("dag_id_pattern=st%25c%25cat", []),
        ("dag_id_pattern=%25", ["catalogue_Sales", "catalogue_stock", "profile.stock"]),
        ("tags=nightly", ["catalogue_Sales", "catalogue_stock"]),
        ("tags=sales&tags=other", ["catalogue_Sales"]),
        ("tags=other", []),
        ("owners=bob", ["catalogue_stock", "profile.stock"]),
        ("owners=bo", []),
        ("owners=ann,bob&paused=true", ["catalogue_stock"]),
        ("paused=false", ["catalogue_Sales", "profile.stock"]),
        ("state=parsed&tags=sales", ["catalogue_Sales"]),
        ("state=pending&state=failed&state=damaged", []),
        ("state=parsed&limit=1&offset=1", ["catalogue_stock"]),
        ("last_dag_run_state=success", ["catalogue_Sales"]),
        ("last_dag_run_state=failed&last_dag_run_state=running", ["catalogue_stock", "profile.stock"]),
        ("dag_run_start_date_gte=2026-01-13T00:00:00Z", ["catalogue_stock", "profile.stock"]),
        ("dag_run_start_date_lte=2026-01-14T01:00:00%2B01:00", ["catalogue_Sales", "catalogue_stock"]),
        ("dag_run_end_date_gte=2026-01-01T00:00:00Z", ["catalogue_Sales", "catalogue_stock"]),
        ("dag_run_end_date_lte=2026-01-13T00:00:00Z", ["catalogue_Sales"]),
        ("next_dagrun_gte=2026-02-15T00:00:00Z", ["catalogue_Sales"]),
        ("next_dagrun_lte=2026-02-15T00:00:00Z", ["catalogue_stock"]),
        ("order_by=-dag_id", ["profile.stock", "catalogue_stock", "catalogue_Sales"]),
        ("order_by=next_dagrun", ["catalogue_stock", "catalogue_Sales", "profile.stock"]),
        ("order_by=-next_dagrun", ["catalogue_Sales", "catalogue_stock", "profile.stock"]),
        ("order_by=last_run_state", ["catalogue_stock", "profile.stock", "catalogue_Sales"]),
        ("order_by=-last_run_start_date", ["profile.stock", "catalogue_stock", "catalogue_Sales"]),
        ("order_by=-last_run_start_date&tags=nightly", ["catalogue_stock", "catalogue_Sales"]),
        ("order_by=-dag_id&limit=1&offset=1", ["catalogue_stock"]),
    ],
)
def test_dags_are_filtered_and_ordered(typed_door, deployed, query, names):
    """list_dags takes Airflow's filters and its order; what has no value comes last, the total counts the rest."""
    status, body = typed_door("GET", f"/dags?{query}")
    assert status == 200, body
    assert [dag["dag_id"] for dag in body["dags"]] == names
    assert body["total_entries"] == (3 if "limit" in query else len(names))


def test_every_filter_and_order_has_its_proof():
    """Each parameter of list_dags stands in the table above, and each field that it may be ordered by."""
    from openmetadata_airflow_apis.api import operations
    from openmetadata_airflow_apis.deploy import dag_selection

    (table,) = (mark for mark in test_dags_are_filtered_and_ordered.pytestmark if mark.name == "parametrize")
    queries = "&".join(query for query, _ in table.args[1])
    parameters = operations.operations()["list_dags"].query_parameters
    assert [name for name in parameters if f"{name}=" not in queries] == []
    assert [
        name
        for name in dag_selection.ORDERED
        if f"order_by={name}" not in queries and f"order_by=-{name}" not in queries
    ] == []


@pytest.fixture
def damaged_stock() -> Iterator[None]:
    """The stored definition of `catalogue_stock` is damaged; afterwards it is as it was."""
    with damaged_for_a_while(Settings.load(), "catalogue_stock"):
        yield


def test_a_damaged_dag_is_listed_by_its_state_and_in_its_place(typed_door, deployed, damaged_stock):
    """Damaged definitions have a state as well, and count where they are asked for."""
    _, body = typed_door("GET", "/dags?state=damaged")
    assert (body["dags"], [dag["dag_id"] for dag in body["damaged"]], body["total_entries"]) == (
        [],
        ["catalogue_stock"],
        1,
    )
    _, body = typed_door("GET", "/dags?state=parsed")
    assert ([dag["dag_id"] for dag in body["dags"]], body["damaged"], body["total_entries"]) == (
        ["catalogue_Sales", "profile.stock"],
        [],
        2,
    )


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (
            "order_by=state",
            (
                "give one of dag_id, next_dagrun, last_run_state, last_run_start_date, with a - before it for the "
                "other way round"
            ),
        ),
        ("next_dagrun_gte=today", "give a date-time such as 2024-01-31T12:00:00Z"),
        ("paused=maybe", "give true or false"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(typed_door, query, reason):
    """An order or a value that there is not is a 400 that says what there is."""
    status, problem = typed_door("GET", f"/dags?{query}")
    name, value = query.split("=")
    assert (status, problem["detail"]) == (400, f"The argument '{name}' is '{value}'; {reason}")


def test_one_dag_has_its_params_with_their_schemas(typed_door, deployed):
    """get_dag answers the params, in the order of the definition, as Airflow has serialized them."""
    status, body = typed_door("GET", "/dags/catalogue_Sales")
    assert status == 200
    assert body["fileloc"] == open_store(Settings.load()).fileloc("catalogue_Sales")
    assert body["params"] == {
        "limit": {"value": 10, "description": "How many rows are read.", "schema": {"type": "integer", "minimum": 1}},
        "tables": {"value": ["orders"], "description": None, "schema": {}},
        "since": {"value": None, "description": None, "schema": {}},
    }
    assert body["schedule_interval"] == {"__type": "CronExpression", "value": "0 3 * * *"}
    assert typed_door("GET", "/dags/profile.stock")[1]["params"] == {}


def test_params_are_read_from_a_compressed_dag_too(typed_door, deployed, monkeypatch):
    """Where Airflow compresses what it serializes, the answer is the same."""
    before = typed_door("GET", "/dags/catalogue_Sales")[1]["params"]
    compress("catalogue_Sales")
    assert typed_door("GET", "/dags/catalogue_Sales")[1]["params"] == before != {}


def compress(dag_id: str) -> None:
    """Store a serialized DAG as [core] compress_serialized_dags would."""
    import json
    import zlib

    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.settings import Session

    table = SerializedDagModel.__table__
    session = Session()
    data = session.execute(table.select().where(table.c.dag_id == dag_id)).mappings().one()["data"]
    values = {"data": None, "data_compressed": zlib.compress(json.dumps(data).encode())}
    session.execute(update(table).where(table.c.dag_id == dag_id).values(**values))
    session.commit()
