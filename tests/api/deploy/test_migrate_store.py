"""migrate-store: what is deployed is moved from one store to the other, and Airflow does not notice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from airflow import settings as airflow_settings
from airflow.models.dag import DagModel
from airflow.models.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session

from openmetadata_airflow_apis.cli import main
from openmetadata_airflow_apis.cli.migrate_store import Moved, move_all
from openmetadata_airflow_apis.dagbuild import shard_tables
from openmetadata_airflow_apis.deploy import delete_dag, deploy, get_deployed
from openmetadata_airflow_apis.errors import ConfigurationError, Unavailable
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import loader_files, open_store, version_rows
from openmetadata_airflow_apis.stores.file_store import FileStore

from .conftest import add_run, files_below, killed_at, make_workflow

pytestmark = pytest.mark.file_store("these tests choose the store themselves")
SHARDS = 2
OTHER = {"files": "database", "database": "files"}
NAMES = ["hourly", "nightly"]


class Died(Exception):
    """In place of the end of a process."""


@pytest.fixture
def settings(settings) -> Settings:
    """Settings with few shards, the tables made."""
    shard_tables.make_tables()
    return replace(settings, loader_shards=SHARDS)


@pytest.fixture(autouse=True)
def tables_emptied(settings, dags):
    """A dags folder with the loader files; nothing is deployed after the test."""
    list(loader_files.install(dags, SHARDS))
    yield
    with airflow_settings.engine.begin() as connection:
        for table in (shard_tables.DEPLOYED_DAG, shard_tables.IMPORT_ERROR, version_rows.TABLE):
            connection.execute(table.delete())


def of(settings: Settings, store: str) -> Settings:
    """The same settings with this store."""
    return replace(settings, definition_store=store)


def deploy_to(settings: Settings, store: str, dag_id: str = "nightly", **how: Any) -> None:
    """Deploy a DAG to a store, over whatever is there."""
    with create_session() as session:
        deploy(make_workflow(dag_id, force=True, **how), user="ada", settings=of(settings, store), session=session)


def deploy_two(settings: Settings, store: str) -> None:
    """Deploy `nightly`, paused, in two versions and with a run, and `hourly`."""
    deploy_to(settings, store, schedule="0 3 * * *", is_paused=True)
    deploy_to(settings, store, schedule="@daily")
    deploy_to(settings, store, "hourly", schedule="@hourly", is_paused=False)
    session = airflow_settings.Session()
    if session.query(DagRun).count() == 0:
        add_run(session, "nightly", "first", "running", {"check": "success", "load": "queued"})
    airflow_settings.Session.remove()


def move(settings: Settings, to: str, *, dry_run: bool = False, files: FileStore | None = None) -> list[Moved]:
    """Move everything."""
    with create_session() as session:
        return list(move_all(to, dry_run=dry_run, settings=settings, files=files, session=session))


def everything(settings: Settings, store: str) -> dict[str, Any]:
    """All that is kept of what is deployed in a store; fail where anything is in the other one, or Airflow differs."""
    here, there = (open_store(of(settings, name)) for name in (store, OTHER[store]))
    assert (there.dag_ids(), here.dag_ids()) == ([], NAMES)
    with create_session() as session:
        rows = {row.dag_id: row for row in session.query(DagModel)}
        serialized = {row.dag_id: row for row in session.query(SerializedDagModel)}
        for dag_id in NAMES:
            fileloc = here.fileloc(dag_id)
            assert (rows[dag_id].fileloc, serialized[dag_id].fileloc) == (fileloc, fileloc)
            detail = get_deployed(dag_id, settings=of(settings, store), session=session)
            assert (dag_id, detail.state, rows[dag_id].is_active) == (dag_id, "parsed", True)
        return {
            "documents": {dag_id: here.read(dag_id) for dag_id in NAMES},
            "paused": {dag_id: row.is_paused for dag_id, row in rows.items()},
            "versions": [
                version_rows.page(dag_id, limit=100, offset=0, oldest_first=True, session=session) for dag_id in NAMES
            ],
            "runs": [(run.dag_id, run.run_id, run.state) for run in session.query(DagRun)],
            "tasks": sorted((task.dag_id, task.task_id, task.state) for task in session.query(TaskInstance)),
        }


def files(dags) -> list[str]:
    """The files of deployed DAGs."""
    return [path for path in files_below(dags.parent) if not path.startswith("dag_managed_operators")]


@pytest.mark.parametrize("to", OTHER)
def test_a_move(settings, dags, to):
    """Definitions, versions, pauses and runs are as before; a second call finds nothing to do."""
    deploy_two(settings, OTHER[to])
    before = everything(settings, OTHER[to])
    assert (before["paused"], [total for _, total in before["versions"]]) == (
        {"hourly": False, "nightly": True},
        [1, 2],
    )
    assert move(settings, to) == [Moved("hourly"), Moved("nightly")]
    assert everything(settings, to) == before
    paths = [f"{folder}/{name}{suffix}" for folder, suffix in (("dag_generated_configs", ".json"), ("dags", ".py"))
             for name in NAMES]  # fmt: skip
    assert files(dags) == (paths if to == "files" else [])
    assert move(settings, to) == []
    bag = DagBag(str(dags), include_examples=False, read_dags_from_db=False)
    assert (bag.import_errors, sorted(bag.dags)) == ({}, NAMES)


@pytest.mark.parametrize("to", OTHER)
def test_a_dry_run(settings, dags, to):
    """A dry run says what would be moved, and nothing changes."""
    deploy_two(settings, OTHER[to])
    before, there = everything(settings, OTHER[to]), files(dags)
    assert move(settings, to, dry_run=True) == [Moved("hourly"), Moved("nightly")]
    assert (everything(settings, OTHER[to]), files(dags)) == (before, there)


@pytest.mark.parametrize("to", OTHER)
def test_a_move_killed_at_any_step(settings, dags, to):
    """Called again after its process has died, it ends as one call would; in between each DAG can be found."""
    step = 0
    while True:
        deploy_two(settings, OTHER[to])
        before = everything(settings, OTHER[to])
        killed = killed_at(
            step,
            settings,
            lambda store, session: list(move_all(to, dry_run=False, settings=settings, files=store, session=session)),
        )
        bag = DagBag(str(dags), include_examples=False, read_dags_from_db=False)
        assert (step, sorted(bag.dags)) == (step, NAMES)
        move(settings, to)
        assert everything(settings, to) == before
        if not killed:
            break
        step += 1
        move(settings, OTHER[to])
        assert everything(settings, OTHER[to]) == before
    assert step >= 6


def test_what_was_deployed_last_is_moved(settings):
    """A DAG that a call has copied, and that was deployed since, is as it was deployed last, in either store."""
    for last in OTHER:
        for store in (OTHER[last], last):
            deploy_in_both(settings, store)
        with create_session() as session:
            _, versions = version_rows.page("nightly", limit=1, offset=0, oldest_first=False, session=session)
        assert move(settings, "database") == [Moved("nightly")]
        document = open_store(of(settings, "database")).read("nightly")
        assert (document.definition["dag"]["description"], versions >= 2) == (last, True)
        with create_session() as session:
            delete_dag("nightly", user="ada", settings=of(settings, "database"), session=session)


def deploy_in_both(settings: Settings, store: str) -> None:
    """Deploy `nightly` to one store whatever the other has, as after a call that died between the two."""
    with create_session() as session:
        session.query(DagModel).filter(DagModel.dag_id == "nightly").update(
            {"fileloc": open_store(of(settings, store)).fileloc("nightly")}
        )
    deploy_to(settings, store, description=store)


def test_what_was_deleted_since_does_not_come_back(settings, dags):
    """The files of a DAG that a call has copied, and that was deleted since, are taken away and nothing else."""
    deploy_to(settings, "files")

    def die(step: str) -> None:
        if step == "take away .py":
            raise Died

    with pytest.raises(Died):
        move(settings, "database", files=FileStore(settings, at_step=die))
    assert (open_store(of(settings, "database")).dag_ids(), len(files(dags))) == (["nightly"], 2)
    with create_session() as session:
        delete_dag("nightly", user="ada", settings=of(settings, "database"), session=session)
    assert move(settings, "database", dry_run=True) == [Moved("nightly", is_left_over=True)]
    assert move(settings, "database") == [Moved("nightly", is_left_over=True)]
    assert (files(dags), open_store(of(settings, "database")).dag_ids()) == ([], [])


def test_a_damaged_definition_stays(settings, dags):
    """What is not as it was deployed stays where it is, with the reason; the others are moved."""
    deploy_two(settings, "files")
    record = settings.dag_generated_configs / "nightly.json"
    record.write_text("{")
    hourly, nightly = move(settings, "database")
    assert hourly == Moved("hourly")
    assert nightly.reason.startswith(str(record))
    assert files(dags) == ["dag_generated_configs/nightly.json", "dags/nightly.py"]


def test_a_name_that_is_being_written(settings):
    """A DAG that another request deploys or deletes meanwhile stays where it is, and the next call moves it."""
    deploy_to(settings, "files")
    store = FileStore(settings)
    with store.locked("nightly"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("openmetadata_airflow_apis.stores.file_store._LOCK_SECONDS", 0.1)
        (nightly,) = move(settings, "database")
    assert "is being deployed or deleted by another request" in nightly.reason
    assert move(settings, "database") == [Moved("nightly")]


def test_without_loader_files_nothing_is_moved(settings, dags):
    """Where the dags folder has no loader files, no DAG would be found: the cure is the command that writes them."""
    deploy_to(settings, "files")
    for path in loader_files.present(dags):
        path.unlink()
    with pytest.raises(ConfigurationError, match="run `openmetadata-airflow-apis install-loader"):
        move(settings, "database")
    assert len(files(dags)) == 2


def test_the_command(settings, monkeypatch, capsys):
    """The command lists each DAG, then says what to do next; its exit code is 1 where a DAG stays."""
    monkeypatch.setattr(Settings, "load", classmethod(lambda _: settings))
    deploy_to(settings, "files")
    assert main(["migrate-store", "--to", "database", "--dry-run"]) == 0
    assert capsys.readouterr().out == "nightly: would be moved to the database\nWould move 1 DAG\n"
    assert main(["migrate-store", "--to", "database"]) == 0
    assert capsys.readouterr().out == (
        "nightly: moved to the database\nMoved 1 DAG\n"
        "Set definition_store = database for every component, and start the webservers\n"
    )
    deploy_to(settings, "database", "hourly")
    with airflow_settings.engine.begin() as connection:
        damaged = shard_tables.DEPLOYED_DAG.update().where(shard_tables.DEPLOYED_DAG.c.dag_id == "hourly")
        connection.execute(damaged.values(document=b""))
    assert main(["migrate-store", "--to", "files"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("hourly: stays where it is: ")
    assert said.out == "nightly: moved to the files\nMoved 1 DAG; 1 stay where they are\n"


def test_a_database_that_does_not_answer(settings, monkeypatch):
    """A database that is away leaves each DAG where it is."""
    deploy_to(settings, "files")
    monkeypatch.setattr(
        "openmetadata_airflow_apis.stores.database_store.DatabaseStore.write_rows",
        lambda *_, **__: (_ for _ in ()).throw(Unavailable("gone")),
    )
    assert move(settings, "database") == [Moved("nightly", reason="gone")]
    assert FileStore(settings).read("nightly") is not None
