"""delete_dag: nothing stays but the audit log, and nothing comes back."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from airflow.models.dag import DAG, DagModel
from airflow.models.dagbag import DagBag
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.dataset import DatasetDagRunQueue, DatasetEvent, DatasetModel
from airflow.models.log import Log
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance, TaskInstanceNote
from airflow.models.xcom import XCom
from airflow.utils.session import create_session
from sqlalchemy import String, column, inspect, literal, select, table
from sqlalchemy.exc import OperationalError

from openmetadata_airflow_apis.conflict_errors import DagIsRunning, NotDeployedHere
from openmetadata_airflow_apis.dagbuild.late_file_rows import DefinitionReplaced
from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, IMPORT_ERROR, PARSED_DAG
from openmetadata_airflow_apis.deploy import DeletedDag, delete_dag, deletion, deploy, get_deployed
from openmetadata_airflow_apis.deploy.deletion import _tables_naming_dags
from openmetadata_airflow_apis.errors import DagNotFound, Unavailable
from openmetadata_airflow_apis.stores import version_rows
from support.statements import counted
from support.stores import STORE, note_import_error

from .conftest import add_run, decorate, files_below, make_workflow


@pytest.fixture
def nightly(session, settings, dags):
    """A deployed DAG with two runs, and rows of many kinds."""
    workflow = make_workflow(
        schedule=[{"$dataset": {"uri": "s3://in/"}}], tags=["a"], owner_links={"harsha": "mailto:h@x"}
    )
    workflow.definition["tasks"][1]["arguments"]["outlets"] = [{"$dataset": {"uri": "s3://out/"}}]
    made = deploy(workflow, user="ada", settings=settings, session=session)
    add_run(session, "nightly", "first", "success", {"check": "success", "load": "failed"})
    add_run(session, "nightly", "second", "running", {"check": "queued"})
    run = session.query(DagRun).filter_by(dag_id="nightly", run_id="first").one()
    run.note = "a note"
    run.get_task_instance("load", session=session).note = "another"
    XCom.set("return_value", 1, dag_id="nightly", task_id="check", run_id="first", session=session)
    datasets = {dataset.uri: dataset.id for dataset in session.query(DatasetModel)}
    session.add(DatasetDagRunQueue(dataset_id=datasets["s3://in/"], target_dag_id="nightly"))
    session.add(
        DatasetEvent(
            dataset_id=datasets["s3://out/"], source_dag_id="nightly", source_task_id="load", source_run_id="first"
        )
    )
    note_import_error("nightly", "x", session=session)
    session.commit()
    return made


@pytest.fixture
def deleting(session, settings):
    """Delete a DAG as bob."""

    def run(dag_id: str = "nightly") -> DeletedDag:
        return delete_dag(dag_id, user="bob", settings=settings, session=session)

    return run


def named(session, dag_id: str) -> set[str]:
    """Return the tables and columns of the real database that hold a dag_id, or its file or permissions."""
    found = set()
    inspector = inspect(session.get_bind())
    for table_name in inspector.get_table_names():
        for described in inspector.get_columns(table_name):
            if not isinstance(described["type"], String):
                continue
            value = column(described["name"])
            where = (value == dag_id) | value.like(f"%/{dag_id}.py") | value.like(f"DAG%:{dag_id}")
            if session.execute(select(literal(1)).select_from(table(table_name)).where(where)).first():
                found.add(f"{table_name}.{value.name}")
    return found


OWN = {version_rows.TABLE.name, DEPLOYED_DAG.name, IMPORT_ERROR.name, PARSED_DAG.name}
STAYS = {"log.dag_id", f"{version_rows.TABLE.name}.dag_id"}


def test_every_table_that_names_a_dag_is_known(session):
    """Each table of the real database with a dag_id in a column is one that a delete looks at, or is known to stay."""
    inspector = inspect(session.get_bind())
    naming = {
        table
        for table in inspector.get_table_names()
        if {"dag_id", "target_dag_id", "source_dag_id"} & {column["name"] for column in inspector.get_columns(table)}
    }
    assert {table.name for table in _tables_naming_dags()} == naming - OWN - {"log"}
    assert len(naming) > 15


def test_nothing_stays_but_the_audit_log_and_the_versions(nightly, deleting, session, tmp_path):
    """A delete takes both files and every row that names the DAG; runs, notes, events, code and permissions too."""
    before = named(session, "nightly")
    of_file = {"dag_code.fileloc", "import_error.filename"} if STORE == "files" else {f"{DEPLOYED_DAG.name}.dag_id"}
    assert {"dag_run.dag_id", "xcom.dag_id", "ab_view_menu.name", *of_file} < before

    found = deleting()

    assert found.dag_id == "nightly"
    assert found.deleted_rows > 15
    assert named(session, "nightly") == STAYS
    assert session.query(DagRunNote).count() == session.query(TaskInstanceNote).count() == 0
    assert list(files_below(tmp_path)) == ["dag_managed_operators/checks.py"]
    log = session.query(Log).order_by(Log.id.desc()).first()
    assert (log.event, log.owner, log.dag_id) == ("delete_dag", "bob", "nightly")
    assert nightly.revision in log.extra


def test_dataset_events_stay_for_their_readers(nightly, deleting, session):
    """An event that the DAG's task made still makes others run, and no longer names the DAG."""
    deleting()

    (event,) = session.query(DatasetEvent).all()
    assert (event.source_dag_id, event.source_task_id, event.source_run_id) == (None, None, None)
    session.delete(event)
    session.commit()


def test_other_dags_keep_their_rows(nightly, deleting, session, settings):
    """A delete touches no other DAG, also one whose name begins with the same letters."""
    deploy(make_workflow("nightly_2"), user="ada", settings=settings, session=session)
    add_run(session, "nightly_2", "first", "running", {"check": "running"})
    before = named(session, "nightly_2")

    deleting()

    assert named(session, "nightly_2") == before


@pytest.mark.parametrize("state", ["running", "restarting"])
def test_a_running_task_refuses_the_delete(nightly, deleting, session, settings, tmp_path, state):
    """While a task runs nothing is deleted, neither file nor row."""
    session.query(TaskInstance).filter_by(run_id="second").update({"state": state})
    session.commit()
    files, rows = files_below(tmp_path), named(session, "nightly")

    with pytest.raises(DagIsRunning, match="The DAG `nightly` has 1 running task instance"):
        deleting()

    assert files_below(tmp_path) == files
    assert named(session, "nightly") == rows


def test_a_task_that_starts_meanwhile_refuses_the_delete(nightly, deleting, session, tmp_path, monkeypatch):
    """A task that a worker starts after the first look is seen when its rows are to go, and brings all back."""
    look = deletion.refuse_running

    def look_and_start(dag_ids: list[str], *, session) -> None:
        monkeypatch.setattr(deletion, "refuse_running", look)
        look(dag_ids, session=session)
        session.query(TaskInstance).filter_by(run_id="second").update({"state": "running"})

    monkeypatch.setattr(deletion, "refuse_running", look_and_start)
    files, rows = files_below(tmp_path), named(session, "nightly")

    with pytest.raises(DagIsRunning):
        deleting()

    assert files_below(tmp_path) == files
    assert named(session, "nightly") == rows


def test_a_commit_that_fails_brings_the_files_back(nightly, deleting, session, tmp_path, monkeypatch):
    """When the database does not take the delete, the DAG is as it was."""
    files, rows = files_below(tmp_path), named(session, "nightly")
    commit, calls = session.commit, []

    def fail() -> None:
        calls.append((tmp_path / "dags" / "nightly.py").exists())
        raise OperationalError("COMMIT", {}, Exception("gone"))

    monkeypatch.setattr(session, "commit", fail)
    with pytest.raises(Unavailable, match="`nightly` was not deleted"):
        deleting()
    monkeypatch.setattr(session, "commit", commit)

    assert calls == [False] * 3  # tried again, with the file away each time
    assert files_below(tmp_path) == files
    assert named(session, "nightly") == rows


def test_what_was_not_deployed_here_is_refused(deleting, session, dags):
    """A DAG from another file, deployed by hand, is refused and left."""
    (dags / "theirs.py").write_text("print('theirs')\n")
    session.add(DagModel(dag_id="theirs", fileloc=str(dags / "theirs.py")))
    session.commit()

    with pytest.raises(NotDeployedHere, match=f"it comes from {dags}/theirs.py"):
        deleting("theirs")

    assert (dags / "theirs.py").read_text() == "print('theirs')\n"


def test_an_unknown_dag_is_not_found(deleting, tmp_path):
    """A name that nothing has is not found, and leaves no trace."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DagNotFound):
        deleting("unknown")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_deleted_dag_is_not_found(nightly, deleting, session, settings):
    """Deleting twice says the second time that there is no such DAG."""
    deleting()
    with pytest.raises(DagNotFound):
        deleting()
    with pytest.raises(DagNotFound):
        get_deployed("nightly", settings=settings, session=session)


def test_a_deleted_name_is_free(nightly, deleting, session, settings):
    """A DAG can be deployed anew under a deleted one's name, and has none of its runs."""
    loaded = session.get(SerializedDagModel, "nightly")
    deleting()

    made = deploy(make_workflow(), user="ada", settings=settings, session=session)

    assert loaded is not session.get(SerializedDagModel, "nightly")
    assert (made.created, made.unfinished_runs) == (True, 0)
    assert session.query(DagRun).count() == 0


def test_a_parse_that_read_the_file_before_does_not_bring_the_dag_back(nightly, deleting, session, dags):
    """A DAG processor that loaded the file just before it went can't write the DAG again."""
    bag = DagBag(nightly.fileloc, include_examples=False)
    assert list(bag.dags) == ["nightly"]
    deleting()

    refused = pytest.raises(DefinitionReplaced) if STORE == "files" else nullcontext()  # a shard is not refused for one
    with refused, create_session() as other:
        DAG.bulk_write_to_db(bag.dags.values(), processor_subdir=str(dags), session=other)

    assert session.query(DagModel).count() == 0
    assert session.query(SerializedDagModel).count() == 0


def test_a_pending_dag_is_deleted_too(deleting, session, settings, dags, tmp_path):
    """A DAG that the DAG processor has not parsed yet is deleted like any other."""
    workflow = make_workflow()
    decorate(workflow)
    deploy(workflow, user="ada", settings=settings, session=session)

    deleting()

    assert named(session, "nightly") == STAYS
    assert list(files_below(tmp_path)) == ["dag_managed_operators/checks.py"]


def test_the_number_of_statements_does_not_grow_with_the_runs(deleting, session, settings, dags):
    """Deleting a DAG with 30 runs costs as many SQL statements as one with two."""
    numbers = []
    for runs in (2, 30):
        deploy(make_workflow(), user="ada", settings=settings, session=session)
        for index in range(runs):
            add_run(session, "nightly", f"run{index}", "success", {"check": "success"})
        with counted(session) as statements:
            deleting()
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    assert numbers[0] < 60
