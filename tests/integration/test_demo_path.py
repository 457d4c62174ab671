"""Both examples, from the request to the scheduler's own task processes, at the old door."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from support.stores import STORE

if TYPE_CHECKING:
    import requests

    from support.client import Client
    from support.live import LiveAirflow

EXAMPLES = Path(__file__).parents[2] / "examples"
OLD_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000")


@pytest.fixture(scope="module", autouse=True)
def operators(airflow_live: LiveAirflow) -> None:
    """The examples' callables, where the documentation says to put them."""
    shutil.copytree(EXAMPLES / "dag_managed_operators", airflow_live.home / "dag_managed_operators")


def deploy(client: Client, example: str) -> requests.Response:
    body = (EXAMPLES / f"{example}.json").read_bytes()
    return client.old_door("deploy_dag", "POST", data=body, headers={"Content-Type": "application/json"})


def undated(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with each date in the older plugin's format replaced by the word date."""
    return {key: "date" if OLD_DATE.fullmatch(str(value)) else value for key, value in body.items()}


def test_nightly_catalogue_runs_to_success(airflow_live: LiveAirflow, client: Client):
    """A workflow is deployed, triggered at once, run by the scheduler's tasks, and reported at the old door."""
    answer = deploy(client, "nightly_catalogue")
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Workflow [nightly_catalogue] has been created", "status": "success"},
    )

    asked = {"workflow_name": "nightly_catalogue", "run_id": "integration_1"}
    answer = client.old_door("trigger_dag", "POST", json=asked)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "message": "Workflow [nightly_catalogue] has been triggered as integration_1",
            "status": "success",
        },
    )

    airflow_live.wait_for(
        lambda: airflow_live.run_state("nightly_catalogue", "integration_1") in {"success", "failed"},
        "the run's end",
        seconds=180,
    )
    tasks = ["sample_database", "extract", "profile", "write_catalogue", "report"]
    assert airflow_live.task_states("nightly_catalogue", "integration_1") == dict.fromkeys(tasks, "success")

    run = {"dag_id": "nightly_catalogue", "run_id": "integration_1"}
    answer = client.old_door("dag_state", **run)
    assert undated(answer.json()) == {
        "state": "success",
        "startDate": "date",
        "endDate": "date",
        "status": "success",
    }
    answer = client.old_door("task_instance_detail", task_id="report", **run)
    body = undated(answer.json())
    assert float(body.pop("duration")) > 0
    assert body == {
        "taskId": "report",
        "dagId": "nightly_catalogue",
        "state": "success",
        "tryNumber": "1",
        "maxTries": "1",
        "startDate": "date",
        "endDate": "date",
        "status": "success",
    }
    catalogue = json.loads((airflow_live.home / "nightly_catalogue/catalogue.json").read_text())
    assert [(table["name"], table["rows"]) for table in catalogue["tables"]] == [
        ("customer", 3),
        ("product", 3),
        ("purchase", 4),
    ]


def test_request_of_the_older_documentation_deploys_unchanged(airflow_live: LiveAirflow, client: Client):
    """The older plugin's documented request is answered byte for byte, and its task says what to install."""
    answer = deploy(client, "test_ingestion_x_35")
    assert answer.status_code == 200
    assert answer.text == '{"message": "Workflow [test_ingestion_x_35] has been created", "status": "success"}'

    # Its dates are in 2021: the scheduler catches up, and runs nothing that is asked for today.
    run = {"dag_id": "test_ingestion_x_35", "run_id": "scheduled__2021-10-29T03:00:00+00:00"}
    airflow_live.wait_for(
        lambda: airflow_live.task_states(**run).get("task_1") == "up_for_retry", "task_1's first try", seconds=120
    )
    answer = client.old_door("task_instance_detail", task_id="task_1", **run)
    body = undated(answer.json())
    assert float(body.pop("duration")) > 0
    assert body == {
        "taskId": "task_1",
        "dagId": "test_ingestion_x_35",
        "state": "up_for_retry",
        "tryNumber": "1",
        "maxTries": "1",
        "startDate": "date",
        "endDate": "date",
        "status": "success",
    }
    (log,) = airflow_live.home.glob(f"logs/dag_id=*/run_id={run['run_id']}/task_id=task_1/attempt=1.log")
    assert 'pip install "openmetadata-ingestion[' in log.read_text()

    answer = client.old_door("delete_dag", dag_id="test_ingestion_x_35")
    assert answer.json() == {"message": "DAG [test_ingestion_x_35] deleted", "status": "success"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_lib", "No module named 'no_such_lib'"),
        ("raise SystemExit(3)", "it calls sys.exit(3)"),
    ],
)
def test_an_import_error_begins_with_its_sentence(airflow_live: LiveAirflow, client: Client, code: str, reason: str):
    """`wait`, get_dag and Airflow's own list of import errors name the task, the file and the line before all else.

    With the database store a DAG has no file that could be in Airflow's list.
    """
    file = airflow_live.home / "dag_managed_operators" / "boom.py"
    file.write_text(f"{code}\n\n\ndef run():\n    pass\n")
    definition = {
        "default_args": {"start_date": "2024-01-01T00:00:00Z"},
        "schedule": None,
        "tasks": {
            "first": {
                "operator": "airflow.operators.python.PythonOperator",
                "python_callable_name": "run",
                "python_callable_file": "boom.py",
            }
        },
    }
    workflow = {"name": "booming", "force": True, "dag_config": {"booming": definition}}
    answer = client.post("/rest_api/api/dags?wait=60", json={"workflow": workflow})
    told = f'task `first`: boom.py, line 1: {reason}\n  File "{file}", line 1, in <module>\n    {code}'
    assert (answer.json()["state"], answer.json()["import_error"]) == ("failed", told)
    assert client.get("/rest_api/api/dags/booming").json()["import_error"] == told
    listed = client.get("/api/v1/importErrors", auth=("admin", "admin-secret")).json()["import_errors"]
    if STORE == "files":
        (kept,) = [error["stack_trace"] for error in listed if error["filename"].endswith("/booming.py")]
        assert kept.startswith(f"openmetadata_airflow_apis.errors.DagNotBuilt: {told}\n\n")
    else:  # whose shard imports, and Airflow lists files alone
        assert listed == []
    assert client.delete("/rest_api/api/dags/booming").status_code == 200


def tables_that_name(airflow_live: LiveAirflow, dag_id: str) -> set[str]:
    """Return the columns of Airflow's database that hold the dag_id, whatever their table."""
    found = set()
    with airflow_live.session() as session:
        inspector = sqlalchemy.inspect(session.get_bind())
        for table in inspector.get_table_names():
            for column in inspector.get_columns(table):
                if column["name"] in {"dag_id", "target_dag_id", "source_dag_id", "root_dag_id"}:
                    rows = sqlalchemy.table(table, sqlalchemy.column(column["name"]))
                    asked = sqlalchemy.select(rows).where(rows.c[column["name"]] == dag_id).limit(1)
                    if session.execute(asked).first():
                        found.add(f"{table}.{column['name']}")
    return found


def parsed_times(airflow_live: LiveAirflow, dag_id: str) -> set[object]:
    """Return when the DAG processor last took a DAG in, to see that it goes on."""
    with airflow_live.session() as session:
        asked = sqlalchemy.text("SELECT last_parsed_time FROM dag WHERE dag_id = :dag_id")
        return {row[0] for row in session.execute(asked, {"dag_id": dag_id})}


def test_a_running_dag_is_not_deleted_and_a_deleted_one_stays_away(airflow_live: LiveAirflow, client: Client):
    """Delete is refused while a task runs; then no file and no row is left, and the scheduler brings nothing back."""
    definition = {
        "default_args": {"start_date": "2024-01-01T00:00:00Z"},
        "schedule": None,
        "tasks": {"doze": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "sleep 600"}},
    }
    workflow = {"name": "dozing", "unpause": True, "dag_config": {"dozing": definition}}
    assert client.post("/rest_api/api/dags", json={"workflow": workflow}).status_code == 201
    assert client.post("/rest_api/api/dags/dozing/dagRuns", json={"run_id": "r1"}).status_code == 201
    airflow_live.wait_for(lambda: airflow_live.task_states("dozing", "r1") == {"doze": "running"}, "the task to run")

    refused = "The DAG `dozing` has 1 running task instance; kill or await it, then delete"
    answer = client.old_door("delete_dag", dag_id="dozing")
    assert (answer.status_code, answer.json()) == (409, {"error": refused})
    answer = client.delete("/rest_api/api/dags/dozing")
    assert (answer.status_code, answer.json()) == (
        409,
        {
            "type": "/rest_api/api/problems/dag-is-running",
            "title": "Conflict",
            "status": 409,
            "detail": refused,
        },
    )
    assert airflow_live.task_states("dozing", "r1") == {"doze": "running"}

    answer = client.post("/rest_api/api/dags/dozing/dagRuns/r1/kill?wait=60")
    assert (answer.status_code, answer.json()["still_running"]) == (200, [])
    answer = client.old_door("delete_dag", dag_id="dozing")
    assert (answer.status_code, answer.json()) == (200, {"message": "DAG [dozing] deleted", "status": "success"})

    # The processor has looked at everything once more when it has taken in a DAG that came after.
    before = parsed_times(airflow_live, "nightly_catalogue")
    assert client.old_door("refresh_all_dags").status_code == 200
    airflow_live.wait_for(lambda: parsed_times(airflow_live, "nightly_catalogue") != before, "another parse")
    # Its versions stay as long as keep_deleted_days says: the DAG can be restored from them.
    assert tables_that_name(airflow_live, "dozing") == {"log.dag_id", "openmetadata_airflow_apis_dag_version.dag_id"}
    assert list(airflow_live.home.glob("dags/dozing*")) == []
    assert list(airflow_live.home.glob("dag_generated_configs/dozing*")) == []
    assert client.get("/rest_api/api/dags/dozing").status_code == 404
