"""`migrate-store` between two stores, killed twice on each way, beside a scheduler that goes on."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support import airflow_home
from support.live import LiveAirflow
from support.workflows import bash, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres import Cluster

API = "/rest_api/api"
OPTION = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"
NAMES = [f"moved_{number:02}" for number in range(12)]
PROGRAM = "import sys; from openmetadata_airflow_apis.cli import main; sys.exit(main())"
KEPT = ("definition", "version_number", "revision", "deployed_by", "deployed_at", "is_paused", "state")


@pytest.fixture(scope="module")
def airflow(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A scheduler and a webserver with the file store, and the loader files of three shards."""
    url = cluster.create_database("migrate_store", "airflow")
    settings = {f"{OPTION}DEFINITION_STORE": "files", f"{OPTION}LOADER_SHARDS": "3"}
    with LiveAirflow(airflow_home.make_home(), url, settings=settings) as airflow:
        airflow.start("scheduler", "webserver")
        yield airflow
    cluster.drop_database("migrate_store")


def command(airflow: LiveAirflow, *arguments: str) -> subprocess.Popen[str]:
    """Start the package's command."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *arguments],
        env=airflow.environment,
        cwd=airflow.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def move(airflow: LiveAirflow, to: str) -> None:
    """Move everything while the webserver is stopped, and kill the first two calls; start the webserver again."""
    airflow.stop("webserver")
    moved: list[str] = []
    for lines in (1, 5, None):
        call = command(airflow, "migrate-store", "--to", to)
        assert call.stdout is not None
        while (lines is None or lines > 0) and (line := call.stdout.readline()):
            lines = None if lines is None else lines - 1
            moved.append(line)
        if lines is not None:
            call.kill()
        printed, _ = call.communicate()
        moved += printed.splitlines(keepends=True)
    assert call.returncode == 0, "".join(moved)
    # The one at which a call died may be told of twice, or by the next call.
    names = [line.partition(":")[0] for line in moved if ": moved to the" in line]
    assert set(names) == {*NAMES, "goes_on"}
    airflow.environment[f"{OPTION}DEFINITION_STORE"] = to
    airflow.start("webserver")


def everything(airflow: LiveAirflow) -> dict[str, Any]:
    """What callers see of each DAG, its versions and its runs."""
    client = airflow.client()
    seen: dict[str, Any] = {}
    for name in (*NAMES, "goes_on"):
        airflow.wait_for(
            lambda name=name: client.get(f"{API}/dags/{name}").json()["state"] == "parsed", f"{name} to be parsed"
        )
        dag = client.get(f"{API}/dags/{name}").json()
        versions = client.get(f"{API}/dags/{name}/dagVersions").json()
        runs = client.get(f"{API}/dags/{name}/dagRuns").json()["dag_runs"]
        seen[name] = {key: dag[key] for key in KEPT}, versions, [run["run_id"] for run in runs]
    bundle = client.get(f"{API}/bundles/moved").json()
    return {**seen, "bundle": bundle}


def files(airflow: LiveAirflow) -> list[str]:
    """The files of deployed DAGs, and what is left of any."""
    paths = [path for folder in ("dags", "dag_generated_configs") for path in (airflow.home / folder).glob("*")]
    return sorted(path.name for path in paths if path.is_file() and "apis_loader" not in path.name)


def run(airflow: LiveAirflow, name: str, run_id: str) -> None:
    """Trigger a DAG and wait for the run's success."""
    answer = airflow.client().post(f"{API}/dags/{name}/dagRuns", json={"run_id": run_id})
    assert answer.status_code == 201, answer.text
    airflow.wait_for(lambda: airflow.run_state(name, run_id) == "success", f"{name} {run_id}", seconds=300)


def test_there_and_back_again(airflow: LiveAirflow, tmp_path: Path) -> None:
    """Nothing is lost and nothing is there twice; runs that are under way, and later ones, succeed."""
    client = airflow.client()
    gate = tmp_path / "gate"
    tasks = {"waits": bash(f"until [ -e {gate} ]; do sleep 0.2; done"), "goes": bash(dependencies=["waits"])}
    body = request("goes_on", tasks=tasks)
    body["workflow"]["unpause"] = True
    assert client.post(f"{API}/dags", json=body).status_code == 201
    assert client.post(f"{API}/dags/goes_on/dagRuns", json={"run_id": "under_way"}).status_code == 201
    for word in ("old", "new"):
        workflows = [request(name, description=word, tasks={"one": bash(f"echo {word}")}) for name in NAMES]
        answer = client.request("PUT", f"{API}/bundles/moved", json={"workflows": workflows})
        assert answer.status_code == 200, answer.text
    assert client.patch(f"{API}/dags/{NAMES[0]}", json={"is_paused": False}).status_code == 200
    run(airflow, NAMES[0], "before")
    before = everything(airflow)

    installed = command(airflow, "install-loader", str(airflow.home / "dags"))
    assert (installed.communicate()[0].count(": written"), installed.returncode) == (3, 0)
    move(airflow, "database")
    assert files(airflow) == []
    assert everything(airflow) == before
    gate.touch()
    airflow.wait_for(lambda: airflow.run_state("goes_on", "under_way") == "success", "the run that was under way")
    run(airflow, NAMES[0], "in_the_database")

    before = everything(airflow)
    move(airflow, "files")
    deployed = (*NAMES, "goes_on")
    assert files(airflow) == sorted(f"{name}{suffix}" for name in deployed for suffix in (".json", ".py"))
    assert everything(airflow) == before
    run(airflow, NAMES[0], "in_files_again")
    assert airflow.task_states("goes_on", "under_way") == {"waits": "success", "goes": "success"}
