"""What the older plugin has deployed is taken over in its place: the same dag_ids, with their runs."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow import settings as airflow_settings
from airflow.models.dag import DAG, DagModel
from airflow.models.dagrun import DagRun
from airflow.operators.bash import BashOperator

from openmetadata_airflow_apis.cli import migrate_older_plugin
from openmetadata_airflow_apis.cli.migrate_older_plugin import Left, TakenOver, take_over
from openmetadata_airflow_apis.deploy import get_deployed
from openmetadata_airflow_apis.errors import ConfigurationError
from openmetadata_airflow_apis.stores.older_plugin_store import OlderPluginStore

from .conftest import files_below

OLDER = Path(__file__).parents[2] / "data" / "older_plugin"
HOME = "/usr/local/airflow"
BERLIN_MIDNIGHT = {"at": "2021-10-29T00:00:00", "timezone": "Europe/Berlin"}
LAST_RUN = datetime(2024, 5, 3, tzinfo=timezone.utc)
UNHEEDED = ("retries had no effect there and is left out", "workflowCatchup had no effect there and is left out")


@pytest.fixture
def settings(settings, monkeypatch: pytest.MonkeyPatch):
    """The same settings, with the store of files in every run of the tests."""
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DEFINITION_STORE", "files")
    return replace(settings, definition_store="files")


@pytest.fixture
def older(settings, dags, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of the older plugin: its files, and the DAGs that Airflow has parsed of them, one with runs."""
    settings.dag_generated_configs.mkdir()
    for path in OLDER.glob("dag_generated_configs/*.json"):
        text = path.read_text().replace(HOME, str(tmp_path))
        (settings.dag_generated_configs / path.name).write_text(text)
    for path in OLDER.glob("dags/*.txt"):
        (dags / path.stem).write_text(path.read_text().replace(HOME, str(tmp_path)))
    (settings.dag_managed_operators / "metadata_ingestion.py").write_text(
        "def metadata_ingestion_workflow(workflow_config):\n    raise SystemExit('never run by a webserver')\n"
    )
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_GENERATED_CONFIGS", str(settings.dag_generated_configs))
    # As the older plugin's builder makes it.
    dag = DAG(
        "hourly_report",
        schedule="@hourly",
        catchup=True,
        max_active_runs=1,
        max_active_tasks=1,
        dagrun_timeout=timedelta(seconds=60),
        default_args={"start_date": datetime(2024, 5, 1, tzinfo=timezone.utc), "retry_delay": timedelta(seconds=300)},
    )
    BashOperator(task_id="report", bash_command="echo hourly", dag=dag)
    dag.fileloc = str(dags / "hourly_report.py")
    session = airflow_settings.Session()
    dag.sync_to_db(session=session)
    session.add(DagRun("hourly_report", "scheduled__1", execution_date=LAST_RUN, run_type="scheduled", state="success"))
    session.flush()
    dag.sync_to_db(session=session)
    session.get(DagModel, "hourly_report").is_paused = False
    session.commit()
    return tmp_path


@pytest.fixture
def migrated(settings, older: Path):
    """Take everything over, or with dry_run say what would be; return what became of each DAG."""

    def run(*, dry_run: bool, **at_step) -> dict[str, TakenOver | Left]:
        session = airflow_settings.Session()
        store = OlderPluginStore(settings, **at_step)
        outcomes = take_over(store, user="ada", settings=settings, session=session, dry_run=dry_run)
        return {outcome.dag_id: outcome for outcome in outcomes}

    return run


def rows() -> list[tuple[object, ...]]:
    """Return what decides of the DAGs' next runs, and the runs that there are."""
    session = airflow_settings.Session()
    columns = (DagModel.dag_id, DagModel.is_paused, DagModel.is_active, DagModel.next_dagrun)
    found = [tuple(row) for row in session.query(*columns).order_by(DagModel.dag_id)]
    return found + [tuple(row) for row in session.query(DagRun.dag_id, DagRun.run_id, DagRun.state)]


def expected(older: Path) -> dict[str, TakenOver | Left]:
    """Return what becomes of each of the older plugin's workflows."""
    configs = older / "dag_generated_configs"
    return {
        "Sales report": Left(
            "Sales report",
            (
                (
                    f"{configs}/Sales report.json: /name: 'Sales report' is no name for a DAG: it has the letters "
                    "a to z, digits, '_', '-' and '.', begins with a letter or a digit, has no two dots in a row and "
                    "none at its end, and is 200 characters long at most"
                ),
            ),
        ),
        "gone_operator": Left(
            "gone_operator",
            (
                (
                    f"{configs}/gone_operator.json: /tasks/0/operator: 'acme.operators.SaleOperator' is in none of the "
                    "packages that may be used: airflow.operators, airflow.sensors, airflow.providers; allow its "
                    "package in airflow.cfg: [openmetadata_airflow_apis] allowed_operators = acme"
                ),
            ),
        ),
        "home_backup": Left(
            "home_backup",
            (
                (
                    f"{configs}/home_backup.json: /tasks/0/config/bash_command: the older plugin put the environment "
                    "variable $HOME in here at each parse; write its value"
                ),
            ),
        ),
        "hourly_report": TakenOver("hourly_report", 1, is_paused=False, runs=1, notes=UNHEEDED),
        "nightly_ingestion": TakenOver(
            "nightly_ingestion",
            2,
            is_paused=None,
            runs=0,
            notes=(
                *UNHEEDED,
                "startDate is 2021-10-29T00:00:00.000 in Europe/Berlin, as it was read there",
                "endDate is 2031-11-05T00:00:00.000 in Europe/Berlin, as it was read there",
                "dependencies are heeded from now on; release 0.1.0 started all tasks at once",
            ),
        ),
        "on_demand": TakenOver("on_demand", 1, is_paused=None, runs=0, notes=UNHEEDED),
    }


def test_a_dry_run_tells_of_each_and_changes_nothing(older: Path, migrated):
    """Each DAG is told with what would change for it, or why it stays; files and rows are as before."""
    files, before = files_below(older), rows()
    assert migrated(dry_run=True) == expected(older)
    assert (files_below(older), rows()) == (files, before)


def test_a_dag_is_taken_over_with_its_runs_and_goes_on_where_it_was(settings, older: Path, migrated):
    """The DAG is deployed here, its runs and its paused state stay, and its next run is the one that was next."""
    before = [row for row in rows() if row[0] == "hourly_report"]
    migrated(dry_run=False)
    assert [row for row in rows() if row[0] == "hourly_report"] == before
    deployed = get_deployed("hourly_report", settings=settings, session=airflow_settings.Session())
    assert (deployed.state, deployed.deployed_by, deployed.version_number) == ("parsed", "ada", 1)


def test_a_date_means_what_it_meant_there(settings, older: Path, migrated):
    """A start date is midnight in the workflow's time zone, whatever the offset that stands behind it."""
    migrated(dry_run=False)
    stored = json.loads((settings.dag_generated_configs / "nightly_ingestion.json").read_text())
    assert stored["definition"]["dag"]["default_args"]["start_date"] == {"$datetime": BERLIN_MIDNIGHT}


def test_what_stays_is_untouched_and_what_was_there_is_kept(settings, older: Path, migrated):
    """Files of DAGs that could not be taken over are as they were; of the others a copy is kept, and ours are there."""
    before = files_below(older)
    migrated(dry_run=False)
    after = files_below(older)
    for dag_id in ("Sales report", "gone_operator", "home_backup"):
        for name in (f"dags/{dag_id}.py", f"dag_generated_configs/{dag_id}.json"):
            assert after[name] == before[name]
    for dag_id in ("hourly_report", "nightly_ingestion", "on_demand"):
        kept = f"dag_generated_configs/older-plugin/{dag_id}"
        assert after[f"{kept}.json"] == before[f"dag_generated_configs/{dag_id}.json"]
        assert after[f"{kept}.py.txt"] == before[f"dags/{dag_id}.py"]
        assert after[f"dags/{dag_id}.py"] != before[f"dags/{dag_id}.py"]
    assert set(migrated(dry_run=True)) == {"Sales report", "gone_operator", "home_backup"}


def test_a_take_over_that_was_broken_off_goes_on(older: Path, migrated):
    """After a crash between the two files the next try takes the DAG over, and what is kept is the older plugin's."""

    class Crash(BaseException):
        pass

    before = files_below(older)
    steps: list[str] = []

    def crash(step: str) -> None:
        steps.append(step)
        if len([name for name in steps if "rename" in name]) == 2:
            raise Crash

    with pytest.raises(Crash):
        migrated(dry_run=False, at_step=crash)
    airflow_settings.Session().rollback()
    outcomes = migrated(dry_run=False)
    assert outcomes["hourly_report"] == expected(older)["hourly_report"]
    kept = files_below(older)["dag_generated_configs/older-plugin/hourly_report.py.txt"]
    assert kept == before["dags/hourly_report.py"]


def test_the_command_lists_asks_and_says_what_is_left(older: Path, settings, monkeypatch, capsys):
    """`migrate-older-plugin` lists, asks, takes over what it can, and ends with 1 where something is left to do."""
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert migrate_older_plugin.run(argparse.Namespace(dry_run=False, yes=False)) == 1
    printed = capsys.readouterr()
    assert "hourly_report: would be taken over, tasks: 1, runs that stay: 1, not paused, as it was\n" in printed.out
    assert printed.out.endswith(f"{settings.dag_generated_configs}: 3 can be taken over, 3 can not\n")
    assert printed.err == "Nothing was changed\n"
    assert migrate_older_plugin.run(argparse.Namespace(dry_run=False, yes=True)) == 1
    printed = capsys.readouterr().out
    kept = settings.dag_generated_configs / "older-plugin"
    assert printed.endswith(f"3 taken over, 3 left; the older plugin's files are in {kept}\n")


def test_the_command_takes_files_over_into_files_alone(older: Path, monkeypatch):
    """With the store in the database it says what to do first, and changes nothing."""
    before = files_below(older)
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DEFINITION_STORE", "database")
    with pytest.raises(ConfigurationError, match="set it to files for this"):
        migrate_older_plugin.run(argparse.Namespace(dry_run=False, yes=True))
    assert files_below(older) == before
