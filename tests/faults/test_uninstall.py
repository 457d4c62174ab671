"""The plugin leaves as it came: after `uninstall` Airflow has what it had before, and works without the plugin."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from support import airflow_home
from support.live import LiveAirflow
from support.workflows import bash, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.client import Client
    from support.postgres import Cluster

pytestmark = pytest.mark.file_store("each test says itself which store it is of")
DAGS = "/rest_api/api/dags"
_numbers = itertools.count(1)
# Python runs it at its start: this package can neither be found nor imported, as after `pip uninstall`.
WITHOUT_THE_PACKAGE = """
import importlib.util
import sys


class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "openmetadata_airflow_apis":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def others(distributions):
    return lambda **context: (
        found for found in distributions(**context) if found.metadata["Name"] != "openmetadata-airflow-apis"
    )


sys.meta_path.insert(0, Gone())
for name in ("importlib.metadata", "importlib_metadata"):
    if importlib.util.find_spec(name):
        module = importlib.import_module(name)
        module.distributions = others(module.distributions)
"""
ASKED = "{}Type uninstall to remove all of this: "
SOMEBODY_ELSES = """
import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("somebody_elses", start_date=datetime.datetime(2026, 1, 1), schedule=None):
    EmptyOperator(task_id="one")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def airflow(request: pytest.FixtureRequest, database_cache: Path) -> Iterator[LiveAirflow]:
    """An Airflow that this plugin has never been in, and that is not started yet."""
    home = airflow_home.make_home()
    if request.param == "sqlite":
        airflow_home.create_sqlite_database(home, database_cache)
        with LiveAirflow(home, executor="SequentialExecutor") as airflow:
            yield airflow
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    database = f"uninstall_{next(_numbers)}"
    with LiveAirflow(home, cluster.create_database(database, "airflow")) as airflow:
        yield airflow
    cluster.drop_database(database)


def command(airflow: LiveAirflow, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Run the command of the package; return its exit code, and what it printed to either output."""
    program = "import sys; from openmetadata_airflow_apis.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        env=airflow.environment,
        cwd=airflow.home,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def uninstall(airflow: LiveAirflow, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Uninstall; return the exit code, and what it printed to either output."""
    return command(airflow, "uninstall", *arguments, typed=typed)


def tables(airflow: LiveAirflow) -> set[str]:
    """Return the names of all tables."""
    return set(sqlalchemy.inspect(airflow.engine).get_table_names())


def granted(airflow: LiveAirflow) -> set[tuple[str, str, str | None]]:
    """Return every permission: the resource, the action, and a role that has it; those on single DAGs are left out."""
    query = sqlalchemy.text(
        "SELECT resource.name, action.name, role.name FROM ab_view_menu resource"
        " LEFT JOIN ab_permission_view pair ON pair.view_menu_id = resource.id"
        " LEFT JOIN ab_permission action ON action.id = pair.permission_id"
        " LEFT JOIN ab_permission_view_role grants ON grants.permission_view_id = pair.id"
        " LEFT JOIN ab_role role ON role.id = grants.role_id"
        " WHERE resource.name NOT LIKE 'DAG:%' AND resource.name NOT LIKE 'DAG Run:%'"
    )
    with airflow.engine.connect() as connection:
        return {tuple(row) for row in connection.execute(query)}


def deploy(client: Client, dag_id: str) -> Any:
    """Deploy a DAG and return the answer, once the DAG processor has parsed it."""
    body = request(dag_id, tasks={"one": bash("true")})
    body["workflow"] |= {"unpause": True}
    answer = client.post(f"{DAGS}?wait=60", json=body)
    assert (answer.status_code, answer.json()["state"]) == (201, "parsed"), answer.text
    return answer.json()


def run(airflow: LiveAirflow, client: Client, dag_id: str, run_id: str, **options: Any) -> None:
    """Trigger a DAG by Airflow's own API and wait for the success of its run."""
    answer = client.post(f"/api/v1/dags/{dag_id}/dagRuns", json={"dag_run_id": run_id}, **options)
    assert answer.status_code == 200, answer.text
    airflow.wait_for(lambda: airflow.run_state(dag_id, run_id) == "success", f"the run of {dag_id}", seconds=120)


def files(airflow: LiveAirflow) -> list[str]:
    """Return the files of DAGs and definitions, hidden ones too, without what Python has compiled."""
    paths = [path for path in airflow.home.glob("dag*/**/*") if path.suffix != ".pyc" and path.name != "__pycache__"]
    return sorted(str(path.relative_to(airflow.home)) for path in paths)


def test_after_an_uninstall_airflow_works_and_so_does_another_install(airflow, tmp_path):
    """All that the plugin has put into Airflow is listed, asked about and removed; what is Airflow's or yours stays."""
    basic = {"auth": ("admin", airflow_home.USERS["admin"][1])}
    before = (tables(airflow), granted(airflow))
    (airflow.home / "dag_managed_operators").mkdir()
    (airflow.home / "dag_managed_operators" / "mine.py").write_text("def work():\n    return 1\n")
    airflow.start("scheduler", "webserver")
    airflow.write_dag("somebody_elses.py", SOMEBODY_ELSES)
    client = airflow.client()
    for dag_id in ("leaves", "leaves_too"):
        deploy(client, dag_id)
    run(airflow, client, "leaves", "r", **basic)
    assert airflow.command("roles", "create", "Deployer")
    airflow.command("roles", "add-perms", "Deployer", "-r", "Managed DAGs", "-a", "can_create")
    for service in ("webserver", "scheduler"):
        airflow.stop(service)
    made = tables(airflow) - before[0]
    assert made == {name for name in tables(airflow) if name.startswith("openmetadata_airflow_apis_")} != set()

    # Neither a dry run nor anything but the word itself removes anything.
    there = (files(airflow), tables(airflow), granted(airflow))
    code, listed, refused = uninstall(airflow, "--dry-run")
    assert (code, refused) == (0, "")
    assert [line for line in listed.splitlines() if line.startswith("  the DAG ")] == [
        f"  the DAG {dag_id} ({airflow.home}/dags/{dag_id}.py), and its definition"
        for dag_id in ("leaves", "leaves_too")
    ]
    assert {name for name in made if f"the table {name} (" in listed} == made
    assert "the permissions on Managed DAGs, REST API, ConsoleView, of these roles: Admin, Deployer\n" in listed
    assert uninstall(airflow, typed="yes\n") == (1, ASKED.format(listed), "Nothing was removed\n")
    assert uninstall(airflow) == (1, ASKED.format(listed), "Nothing was removed\n")
    # Nor is anything removed while a deployed file has somebody's work in it.
    damaged = airflow.home / "dags" / "leaves_too.py"
    written = damaged.read_bytes()
    damaged.write_bytes(written + b"# mine\n")
    code, printed, refused = uninstall(airflow, "--yes")
    assert (code, printed) == (1, listed)
    assert str(damaged) in refused
    damaged.write_bytes(written)
    assert (files(airflow), tables(airflow), granted(airflow)) == there

    assert uninstall(airflow, typed="uninstall\n") == (0, f"{ASKED.format(listed)}Removed\n", "")
    assert (tables(airflow) ^ before[0], granted(airflow) ^ before[1]) == (set(), set())
    assert files(airflow) == ["dag_managed_operators/mine.py", "dags/somebody_elses.py"]
    code, listed, refused = uninstall(airflow, "--yes")
    assert (code, refused, "the table openm" in listed, "the DAG " in listed) == (0, "", False, False)

    # Airflow without the package.
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_THE_PACKAGE)
    paths = airflow.environment.get("PYTHONPATH")
    airflow.environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{paths or ''}"
    airflow.start("scheduler", "webserver")
    client.token = None
    assert client.get("/rest_api/api/health").status_code == 404
    assert client.get("/rest_api/", **basic).status_code == 404
    answer = client.patch("/api/v1/dags/somebody_elses", json={"is_paused": False}, **basic)
    assert answer.status_code == 200, answer.text
    run(airflow, client, "somebody_elses", "alone", **basic)
    dags = client.get("/api/v1/dags", **basic).json()["dags"]
    assert [dag["dag_id"] for dag in dags] == ["somebody_elses"]
    assert client.get("/api/v1/importErrors", **basic).json()["import_errors"] == []
    assert airflow.run_state("leaves", "r") == "success"
    assert "openmetadata" not in airflow.command("plugins", "--output", "plain")
    for service in ("webserver", "scheduler"):
        airflow.stop(service)
    airflows_own = {("Website", "can_read", "Deployer")}  # which it gives to every role when it starts
    assert (tables(airflow) ^ before[0], granted(airflow) ^ before[1]) == (set(), airflows_own)

    # And with it again.
    airflow.environment["PYTHONPATH"] = paths or ""
    airflow.start("scheduler", "webserver")
    client = airflow.client()
    assert deploy(client, "leaves")["version_number"] == 1
    run(airflow, client, "leaves", "again", **basic)
    assert made | before[0] == tables(airflow)


def test_what_the_database_store_needs_leaves_too(database_cache):
    """Rows, tables and the loader files of this node are listed and removed, and the list names those elsewhere."""
    home = airflow_home.make_home()
    airflow_home.create_sqlite_database(home, database_cache)
    option = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"
    settings = {f"{option}DEFINITION_STORE": "database", f"{option}LOADER_SHARDS": "2"}
    with LiveAirflow(home, executor="SequentialExecutor", settings=settings) as airflow:
        before = (tables(airflow), granted(airflow))
        loaders = loader_files_of(airflow, 2)
        airflow.start("webserver")
        answer = airflow.client().post(DAGS, json=request("leaves", tasks={"one": bash("true")}))
        assert answer.status_code == 201, answer.text
        airflow.stop("webserver")
        there = (files(airflow), tables(airflow), granted(airflow))
        assert there[0] == [f"dags/{path.name}" for path in loaders]

        code, listed, refused = uninstall(airflow, "--dry-run")
        assert (code, refused) == (0, "")
        assert f"  the DAG leaves ({airflow.home}/dags/openmetadata_airflow_apis_loader_" in listed
        for line in (
            *(f"the loader file {path}" for path in loaders),
            "the table openmetadata_airflow_apis_deployed_dag (1 row)",
            "the table openmetadata_airflow_apis_import_error (0 rows)",
            "delete openmetadata_airflow_apis_loader_*_of_*.py wherever else install-loader has written them",
        ):
            assert f"\n  {line}" in listed
        assert "dag_generated_configs" not in listed
        written = loaders[1].read_bytes()
        loaders[1].write_text("# mine\n")
        sentence = f"{loaders[1]} was not written by install-loader; move it away and try again"
        wrong = f"Nothing is removed while there is something wrong:\n  {sentence}\n"
        assert uninstall(airflow, "--yes") == (1, listed, wrong)
        loaders[1].write_bytes(written)
        assert (files(airflow), tables(airflow), granted(airflow)) == there

        assert uninstall(airflow, "--yes") == (0, f"{listed}Removed\n", "")
        assert files(airflow) == []
        assert (tables(airflow) ^ before[0], granted(airflow) ^ before[1]) == (set(), set())
        with airflow.engine.connect() as connection:
            query = "SELECT is_active, (SELECT count(*) FROM serialized_dag) FROM dag WHERE dag_id = 'leaves'"
            assert connection.execute(sqlalchemy.text(query)).all() == [(0, 0)]


def loader_files_of(airflow: LiveAirflow, shards: int) -> list[Path]:
    """Have install-loader write the loader files, and return their paths, sorted."""
    folder = airflow.home / "dags"
    folder.mkdir(exist_ok=True)
    code, printed, _ = command(airflow, "install-loader", str(folder))
    assert (code, len(printed.splitlines())) == (0, shards)
    return sorted(folder.glob("*.py"))
