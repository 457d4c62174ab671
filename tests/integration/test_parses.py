"""What the DAG processor makes of what is deployed: versions that overtake each other, that are broken, or damaged."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

if TYPE_CHECKING:
    from pathlib import Path

    import requests

    from support.client import Client
    from support.live import LiveAirflow

SLOW = """
import pathlib, time

here = pathlib.Path(__file__).parent
with (here / "begun").open("a") as log:
    log.write(".")
if (here / "slowly").exists():
    time.sleep(8)


def work(number=1):
    return number
"""
BROKEN = "raise RuntimeError('the new version does not import')\n\n\ndef work(number=1):\n    return number\n"


@pytest.fixture(scope="module", autouse=True)
def operators(airflow_live: LiveAirflow) -> Path:
    """dag_managed_operators with slow.py, which says in `begun` when it is executed, and broken.py."""
    folder = airflow_live.home / "dag_managed_operators"
    folder.mkdir()
    (folder / "slow.py").write_text(SLOW)
    (folder / "broken.py").write_text(BROKEN)
    return folder


def workflow(dag_id: str, file: str, schedule: str | None, task_id: str, *, decorated: bool) -> dict[str, Any]:
    """Return the request that deploys a DAG of one task, whose function is in a file."""
    task = {"python_callable_name": "work", "python_callable_file": file}
    task |= (
        {"decorator": "airflow.decorators.task"}
        if decorated
        else {"operator": "airflow.operators.python.PythonOperator"}
    )
    definition = {
        "default_args": {"start_date": "2024-01-01T00:00:00Z"},
        "schedule": schedule,
        "catchup": False,
        "tasks": {task_id: task},
    }
    return {"workflow": {"name": dag_id, "force": True, "dag_config": {dag_id: definition}}}


def deploy(client: Client, *arguments: Any, wait: int = 0, **how: Any) -> requests.Response:
    answer = client.post(f"/rest_api/api/dags?wait={wait}", json=workflow(*arguments, **how))
    assert answer.status_code in (200, 201, 202), answer.text
    return answer


def schedules(airflow: LiveAirflow, dag_id: str) -> tuple[str | None, list[str]]:
    """Return the schedule in the DAG's row, and the task ids of its serialized DAG."""
    with airflow.engine.connect() as connection:
        query = sqlalchemy.text(
            "SELECT schedule_interval, data FROM dag JOIN serialized_dag USING (dag_id) WHERE dag_id = :dag_id"
        )
        schedule, data = connection.execute(query, {"dag_id": dag_id}).one()
    tasks = (data if isinstance(data, dict) else json.loads(data))["dag"]["tasks"]
    return json.loads(schedule) if schedule else None, [task.get("__var", task)["task_id"] for task in tasks]


@contextlib.contextmanager
def slow_parse(airflow: LiveAirflow, folder: Path, fileloc: str):
    """Have a parse of a DAG's file under way, which imports slow.py for 8 seconds."""
    (folder / "slowly").touch()
    before = len((folder / "begun").read_text())
    airflow.request_parse(fileloc)
    airflow.wait_for(lambda: len((folder / "begun").read_text()) > before, "the slow parse to begin", seconds=90)
    try:
        yield
    finally:
        (folder / "slowly").unlink()


def watch(airflow: LiveAirflow, dag_id: str, seconds: float) -> set[str | None]:
    """Return the schedules that the DAG's row has had for some seconds."""
    seen, deadline = set(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen.add(schedules(airflow, dag_id)[0])
        time.sleep(0.1)
    return seen


@pytest.mark.parametrize("decorated", [False, True])
def test_a_slow_parse_of_the_old_version_does_not_bring_it_back(
    airflow_live: LiveAirflow, client: Client, operators: Path, decorated: bool
):
    """A schedule that was taken away during a slow parse stays away, and the wait tells of the new version alone."""
    dag_id = f"overtaken_{decorated}".lower()
    first = deploy(client, dag_id, "slow.py", "@daily", "before", decorated=decorated, wait=60).json()
    assert first["state"] == "parsed"

    with slow_parse(airflow_live, operators, first["fileloc"]):
        second = deploy(client, dag_id, "slow.py", None, "after", decorated=decorated, wait=40).json()

    assert (second["state"], second["import_error"]) == ("parsed", None)
    assert schedules(airflow_live, dag_id) == (None, ["after"])
    assert watch(airflow_live, dag_id, 3) == {None}
    found = client.get(f"/rest_api/api/dags/{dag_id}").json()
    assert (found["state"], found["revision"]) == ("parsed", second["revision"])
    assert found["parsed_at"] > found["deployed_at"]


def test_a_version_that_does_not_import_is_never_called_parsed(
    airflow_live: LiveAirflow, client: Client, operators: Path
):
    """A broken version that is deployed during a slow parse of the sound one has failed, with its own import error."""
    sound = deploy(client, "breaks", "slow.py", "@daily", "sound", decorated=False, wait=60).json()
    assert sound["state"] == "parsed"

    with slow_parse(airflow_live, operators, sound["fileloc"]):
        answer = deploy(client, "breaks", "broken.py", None, "broken", decorated=False, wait=40).json()

    assert answer["state"] == "failed"
    assert "the new version does not import" in answer["import_error"]
    found = client.get("/rest_api/api/dags/breaks").json()
    assert (found["state"], found["revision"]) == ("failed", answer["revision"])
    (listed,) = [dag for dag in client.get("/rest_api/api/dags").json()["dags"] if dag["dag_id"] == "breaks"]
    assert (listed["state"], listed["import_error"]) == ("failed", found["import_error"])


DIES = """
import os, signal, sys
from datetime import datetime, timezone
from airflow.settings import Session
import json
from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.checks import check_workflow
from openmetadata_airflow_apis.deploy import deployment
from openmetadata_airflow_apis.settings import Settings
deployment.write_rows = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
settings = Settings.load()
workflow = check_workflow(json.load(sys.stdin), settings, now=datetime.now(timezone.utc))
deploy.deploy(workflow, user="ada", settings=settings, session=Session())
"""


@pytest.mark.file_store("no other stores a definition without its rows")
def test_a_deploy_that_dies_before_its_rows_is_never_half_parsed(airflow_live: LiveAirflow, client: Client):
    """A deploy killed between file and rows is pending until its rows are its own; a refresh makes them so."""
    assert deploy(client, "dies", "slow.py", "@daily", "before", decorated=False, wait=60).json()["state"] == "parsed"
    body = json.dumps(workflow("dies", "slow.py", None, "after", decorated=False)).encode()
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIES], input=body, env=airflow_live.environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert client.get("/rest_api/api/dags/dies").json()["state"] == "pending"

    airflow_live.request_parse(airflow_live.home / "dags" / "dies.py")
    airflow_live.wait_for(
        lambda: schedules(airflow_live, "dies")[0] is None, "the parse of the new version", seconds=90
    )
    state = client.get("/rest_api/api/dags/dies").json()["state"]
    assert (state, schedules(airflow_live, "dies")[1]) in [("pending", ["before"]), ("parsed", ["after"])]

    assert client.post("/rest_api/api/dags/refresh").json()["failed"] == []
    assert client.get("/rest_api/api/dags/dies").json()["state"] == "parsed"
    assert schedules(airflow_live, "dies") == (None, ["after"])
    assert client.post("/rest_api/api/dags/dies/dagRuns", json={"run_id": "r1"}).status_code == 201
    assert list(airflow_live.task_states("dies", "r1")) == ["after"]


def make_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_link(path: Path) -> None:
    path.rename(path.with_suffix(".elsewhere"))
    path.symlink_to(path.with_suffix(".elsewhere"))


DAMAGES = {
    "truncated": lambda path: os.truncate(path, 100),
    "empty": lambda path: os.truncate(path, 0),
    "nested": lambda path: path.write_bytes(b"[" * 200_000),
    "edited": lambda path: path.write_bytes(path.read_bytes().replace(b'"number": 1', b'"number": 2')),
    "fifo": make_fifo,
    "link": make_link,
    "gone": lambda path: path.unlink(),
}


def import_error(airflow: LiveAirflow, dag_id: str) -> str | None:
    """Return the import error that Airflow keeps of a deployed DAG's file."""
    with airflow.engine.connect() as connection:
        query = sqlalchemy.text("SELECT stacktrace FROM import_error WHERE filename LIKE :file")
        return connection.execute(query, {"file": f"%/dags/{dag_id}.py"}).scalar()


@pytest.mark.file_store("each is a way to damage a file")
def test_damaged_records_are_import_errors_that_hold_nobody_up(airflow_live: LiveAirflow, client: Client):
    """Each damaged record is an import error and a 409; the DAG processor goes on, and what is mended is parsed."""
    for name in (*DAMAGES, "sound"):
        definition = workflow(f"record_{name}", "slow.py", None, "work", decorated=False)
        task = definition["workflow"]["dag_config"][f"record_{name}"]["tasks"]["work"]
        task["op_kwargs"] = {"number": 1}
        assert client.post("/rest_api/api/dags", json=definition).status_code == 201
    records = {name: airflow_live.home / "dag_generated_configs" / f"record_{name}.json" for name in DAMAGES}
    for name, record in records.items():
        DAMAGES[name](record)
        airflow_live.request_parse(airflow_live.home / "dags" / f"record_{name}.py")

    for name, record in records.items():
        airflow_live.wait_for(lambda name=name: import_error(airflow_live, f"record_{name}"), f"the error of {name}")
        assert str(record) in import_error(airflow_live, f"record_{name}")
        assert client.get(f"/rest_api/api/dags/record_{name}").status_code == 409
    listed = client.get("/rest_api/api/dags").json()
    assert {dag["dag_id"] for dag in listed["damaged"]} == {f"record_{name}" for name in DAMAGES}
    assert "record_sound" in {dag["dag_id"] for dag in listed["dags"]}
    sound = workflow("record_sound", "slow.py", None, "work", decorated=False)
    assert client.post("/rest_api/api/dags?wait=60", json=sound).json()["state"] == "parsed"

    for name, record in records.items():
        record.unlink(missing_ok=True)
        mended = workflow(f"record_{name}", "slow.py", None, "work", decorated=False)
        mended["workflow"]["force"] = False
        answer = client.post("/rest_api/api/dags?wait=60", json=mended)
        assert (answer.status_code, answer.json()["state"]) == (201, "parsed")
    assert client.get("/rest_api/api/dags").json()["damaged"] == []
