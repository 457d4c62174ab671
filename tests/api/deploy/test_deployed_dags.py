"""list_deployed, get_deployed, await_parse and health."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from airflow.jobs.job import Job
from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.settings import Session
from airflow.utils import timezone
from sqlalchemy import insert

from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
from openmetadata_airflow_apis.deploy import (
    DamagedDag,
    DeployedDag,
    DeployedDagDetail,
    DeployedPage,
    await_parse,
    deploy,
    get_deployed,
    health,
    list_deployed,
    parse_wait,
)
from openmetadata_airflow_apis.deploy.dag_summaries import DagSummary, LastRun
from openmetadata_airflow_apis.deploy.installation_health import Heart, Part
from openmetadata_airflow_apis.errors import DagNotFound, DamagedDocument
from openmetadata_airflow_apis.stores import open_store, unchanged_files, version_rows
from openmetadata_airflow_apis.stores.file_store import FileStore
from support.statements import counted
from support.stores import STORE, damage, note_import_error

from .conftest import add_run, decorate, make_workflow


@pytest.fixture
def nightly(session, settings, dags):
    """A deployed DAG."""
    return deploy(make_workflow(), user="ada", settings=settings, session=session)


def parse(dag_id: str, *, stacktrace: str | None = None) -> None:
    """Write what the DAG processor writes after parsing a DAG's file, with an import error or without."""
    session = Session()
    if stacktrace is not None:
        note_import_error(dag_id, stacktrace, session=session)
    else:
        row = session.get(DagModel, dag_id)
        row.last_parsed_time, row.is_active = timezone.utcnow(), True
    session.commit()
    Session.remove()


def test_a_deployed_dag_is_told(nightly, session, settings):
    """A deployed DAG is told with who deployed what and when, its state, and the run that was created last."""
    add_run(session, "nightly", "first", "success")
    add_run(session, "nightly", "second", "running")

    found = get_deployed("nightly", settings=settings, session=session)

    known = session.get(DagModel, "nightly")
    next_run = (
        known.next_dagrun,
        known.next_dagrun_data_interval_start,
        known.next_dagrun_data_interval_end,
        known.next_dagrun_create_after,
    )
    assert found == DeployedDagDetail(
        dag_id="nightly",
        dag_display_name="nightly",
        state="parsed",
        import_error=None,
        is_paused=True,
        revision=nightly.revision,
        deployed_by="ada",
        deployed_at=nightly.deployed_at,
        parsed_at=None,
        last_run=LastRun("second", "running", found.last_run.logical_date, found.last_run.start_date, None),
        recent_runs=None,
        summary=DagSummary(("harsha",), (), "0 3 * * *", "At 03:00", *next_run),
        version_number=1,
        bundle_name=None,
        fileloc=nightly.fileloc,
        params={},
        definition={"name": "nightly"},
        task_ids=("check", "load"),
        nodes=None if STORE == "files" else (),
    )
    parse("nightly")
    assert get_deployed("nightly", settings=settings, session=session).parsed_at > nightly.deployed_at


def test_an_import_error_is_told(nightly, session, settings):
    """A DAG whose file the DAG processor could not import has failed, with the error's text."""
    parse("nightly", stacktrace="NameError: name 'x' is not defined")

    found = get_deployed("nightly", settings=settings, session=session)

    assert (found.state, found.import_error) == ("failed", "NameError: name 'x' is not defined")


def test_a_page_is_what_was_asked_for(session, settings, dags):
    """A list is ordered by name, cut to the page, and leaves out what the caller may not read."""
    for name in ("c", "a", "b", "secret"):
        deploy(make_workflow(name), user="ada", settings=settings, session=session)

    def page(**options) -> tuple[list[str], int]:
        found = list_deployed(settings=settings, session=session, **options)
        assert all(type(dag) is DeployedDag for dag in found.dags)
        return [dag.dag_id for dag in found.dags], found.total_entries

    assert page() == (["a", "b", "c", "secret"], 4)
    assert page(limit=2, offset=1) == (["b", "c"], 4)
    assert page(readable={"a", "b", "c", "unknown"}, offset=2) == (["c"], 3)
    assert page(readable={"a", "c"}, order_by="-dag_id", filters={"owners": ["harsha"]}) == (["c", "a"], 2)
    assert page(readable={"b"}, order_by="-next_dagrun", filters={"state": ["parsed"]}) == (["b"], 1)
    assert page(readable=set()) == ([], 0)


def test_the_names_are_ordered_by_their_characters(session, settings, dags):
    """A list has one order with every store, database and language, however it is asked: that of the characters."""
    for name in ("b_a", "B.a", "a-b", "ab", "a.b", "AC"):
        deploy(make_workflow(name), user="ada", settings=settings, session=session)
    for options in ({}, {"order_by": "dag_id"}, {"readable": {"b_a", "B.a", "a-b", "ab", "a.b", "AC"}}):
        pages = [list_deployed(settings=settings, session=session, limit=4, offset=n, **options) for n in (0, 4)]
        assert [dag.dag_id for page in pages for dag in page.dags] == ["AC", "B.a", "a-b", "a.b", "ab", "b_a"]
        assert [page.total_entries for page in pages] == [6, 6]


def test_nothing_deployed_is_an_empty_list(session, settings, dags):
    """Where nothing was ever deployed, the list is empty and no folder is made."""
    assert list_deployed(settings=settings, session=session) == DeployedPage((), (), 0)
    assert not settings.dag_generated_configs.exists()
    with pytest.raises(DagNotFound):
        get_deployed("nightly", settings=settings, session=session)


def test_a_damaged_definition_hides_no_other(session, settings, dags):
    """A definition that was damaged by hand is listed as damaged, with its file and the cure, and counted."""
    for name in ("bad", "good"):
        deploy(make_workflow(name), user="ada", settings=settings, session=session)
    place = damage(settings, "bad")

    found = list_deployed(settings=settings, session=session)

    assert [dag.dag_id for dag in found.dags] == ["good"]
    assert found.damaged == (
        DamagedDag(
            "bad",
            f"{place}: is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); "
            f"{'move the file away' if STORE == 'files' else 'delete the row'} and deploy the workflow again, or put "
            "back what was deployed",
        ),
    )
    assert found.total_entries == 2
    with pytest.raises(DamagedDocument):
        get_deployed("bad", settings=settings, session=session)


def test_the_failed_ones_are_found_without_reading_the_others(session, settings, dags, monkeypatch):
    """A list of what has failed reads the definitions of files with import errors alone."""
    for name in ("bad", "good"):
        deploy(make_workflow(name), user="ada", settings=settings, session=session)
    parse("bad", stacktrace="NameError: name 'x' is not defined")
    read = []
    if STORE == "files":
        true_read = FileStore.read
        monkeypatch.setattr(FileStore, "read", lambda store, dag_id: read.append(dag_id) or true_read(store, dag_id))
    else:
        store = type(open_store(settings))
        read_many = store.read_many
        monkeypatch.setattr(store, "read_many", lambda self, names: read.extend(names) or read_many(self, names))
    with counted(session) as statements:
        found = list_deployed(settings=settings, session=session, filters={"state": ["failed"]})
    assert ([dag.dag_id for dag in found.dags], found.total_entries, read) == (["bad"], 1, ["bad"])
    assert len(statements) == (7 if STORE == "files" else 9)


@pytest.mark.file_store("no other keeps files")
def test_what_was_read_before_is_not_read_for_its_state(session, settings, dags, monkeypatch):
    """A list by state reads what it shows, and of all else what has changed since this process read it last."""
    monkeypatch.setattr(unchanged_files, "_SETTLED_NANOSECONDS", 0)  # as if all files had been written a while ago
    monkeypatch.setattr(unchanged_files, "_seen", {})
    list_of(20, session, settings)
    read = []
    true_read = FileStore.read
    monkeypatch.setattr(FileStore, "read", lambda store, dag_id: read.append(dag_id) or true_read(store, dag_id))

    def page(*states: str) -> tuple[list[str], list[str], int, list[str]]:
        read.clear()
        with counted(session) as statements:
            found = list_deployed(settings=settings, session=session, limit=2, filters={"state": list(states)})
        assert len(statements) == 6
        return [dag.dag_id for dag in found.dags], [dag.dag_id for dag in found.damaged], found.total_entries, read

    everything = sorted(f"dag{index}" for index in range(20))
    first = ["dag0", "dag1"]
    assert page("parsed") == (first, [], 20, everything)
    assert page("parsed") == (first, [], 20, first)
    assert page("pending") == ([], [], 0, [])
    deploy(replace(make_workflow("dag7"), force=True), user="ada", settings=settings, session=session)
    session.query(DagModel).filter_by(dag_id="dag7").update({"last_parsed_time": None})
    session.commit()
    assert page("pending") == (["dag7"], [], 1, ["dag7"])
    (settings.dag_generated_configs / "dag3.json").write_text("{")
    (dags / "dag4.py").write_text("# mine\n")
    (dags / "dag5.py").unlink()
    damaged = ["dag3", "dag4"]
    assert page("damaged") == ([], damaged, 2, [*damaged, "dag5"])
    assert page("pending") == (["dag5", "dag7"], [], 2, [*damaged, "dag5", "dag7"])
    assert page("parsed") == (first, [], 16, [*damaged, *first])


@pytest.mark.file_store("no other keeps files")
def test_a_file_that_was_just_written_is_read_again(session, settings, dags, monkeypatch):
    """What was written a moment ago may be written again at the same moment, and is not taken for known."""
    monkeypatch.setattr(unchanged_files, "_SETTLED_NANOSECONDS", 3600 * 10**9)
    monkeypatch.setattr(unchanged_files, "_seen", {})
    deploy(make_workflow("nightly"), user="ada", settings=settings, session=session)
    for _ in range(2):
        assert list_deployed(settings=settings, session=session, filters={"state": ["parsed"]}).total_entries == 1
    assert unchanged_files._seen == {}


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({}, 6),
        ({"order_by": "-dag_id"}, 6),
        ({"filters": {"state": ["parsed", "pending"]}}, 6),
        ({"recent_runs": 2}, 7),
        ({"filters": {"tags": ["a"], "owners": ["harsha"], "paused": True}, "order_by": "-last_run_state"}, 7),
        ({"filters": {"bundle_name": "crew"}}, 6),
    ],
)
def test_the_number_of_statements_does_not_grow_with_the_page(session, settings, dags, options, number):
    """A list costs six SQL statements, one more for recent runs or where the database chooses, at any size."""
    for size in (1, 200):
        list_of(size, session, settings)
        with counted(session) as statements:
            page = list_deployed(settings=settings, session=session, limit=1000, **options)
        # The names, or a page of them with their number; the definitions; which bundles they are of.
        by_database = {"files": 0}.get(STORE, 2 if "order_by" in options or "state" in str(options) else 3)
        assert len(statements) == number + by_database
        assert page.total_entries == size
        assert {dag.last_run.run_id for dag in page.dags} == {"run_2"}
        assert {len(dag.summary.tags) for dag in page.dags} == {2}


def test_the_latest_runs_of_each_dag_are_told_if_they_are_asked_for(session, settings, dags):
    """So many of each DAG's latest runs stand beside it, the latest logical date first; one that never ran has none."""
    list_of(2, session, settings)
    deploy(make_workflow("never_ran"), user="ada", settings=settings, session=session)
    page = list_deployed(settings=settings, session=session, recent_runs=2)
    runs = {dag.dag_id: tuple(run.run_id for run in dag.recent_runs) for dag in page.dags}
    assert runs == {**dict.fromkeys(runs, ("run_2", "run_1")), "never_ran": ()}
    assert page.dags[0].recent_runs[0] == page.dags[0].last_run


def list_of(size: int, session, settings) -> None:
    """Store so many DAGs with three runs each, as deploys, the DAG processor and the scheduler would leave them."""
    version_rows.make_tables()
    store = open_store(settings)
    now = timezone.utcnow()
    for index in range(size):
        dag_id = f"dag{index}"
        if store.knows(dag_id):
            continue
        document = StoredDocument(dag_id, make_workflow(dag_id).definition, {}, "ada", now, bundle_name="crew")
        store.write(document)
        store.write_rows(document, session=session)
        data = {"__version": 1, "dag": {"edge_info": {"#deployed": {"#": {"label": document.mark}}}}}
        session.add(DagModel(
            dag_id=dag_id, fileloc=store.fileloc(dag_id), owners="harsha, ada", is_active=True, is_paused=True,
            last_parsed_time=timezone.utcnow(), tags=[DagTag(name="a"), DagTag(name="b")],
        ))  # fmt: skip
        session.execute(insert(SerializedDagModel.__table__).values(
            dag_id=dag_id, fileloc=store.fileloc(dag_id), fileloc_hash=index, data=data, dag_hash=f"{index}",
            last_updated=now,
        ))  # fmt: skip
        for number in range(3):
            date = now + timedelta(days=number)
            session.add(DagRun(dag_id, f"run_{number}", execution_date=date, run_type="manual", state="success"))
    session.commit()


def test_waiting_ends_with_the_parse(nightly, session, monkeypatch, settings):
    """Waiting ends as soon as the DAG processor has parsed the file."""
    monkeypatch.setattr(parse_wait, "_POLL", 0.01)
    thread = threading.Timer(0.1, parse, ["nightly"])
    thread.start()
    begun = time.monotonic()

    found = await_parse(nightly, 30, settings=settings, session=session)

    thread.join()
    assert (found.state, found.import_error, found.revision) == ("parsed", None, nightly.revision)
    assert time.monotonic() - begun < 10


def test_waiting_tells_the_import_error(nightly, session, settings):
    """Waiting ends with the import error's text where the DAG processor could not import the file."""
    parse("nightly", stacktrace="NameError: name 'x' is not defined")

    found = await_parse(nightly, 30, settings=settings, session=session)

    assert (found.state, found.import_error) == ("failed", "NameError: name 'x' is not defined")


@pytest.mark.parametrize("decorated", [True, False])
def test_waiting_says_when_the_time_was_not_enough(session, settings, dags, decorated):
    """Where the DAG processor does not come in time, the deployment is pending."""
    workflow = make_workflow("late")
    if decorated:
        decorate(workflow)
    made = deploy(workflow, user="ada", settings=settings, session=session)

    assert await_parse(made, 0.05, settings=settings, session=session).state == "pending"


def test_waiting_asks_again(nightly, session, monkeypatch, settings):
    """A request that the DAG processor dropped, since it was parsing that file just then, is made again."""
    monkeypatch.setattr(parse_wait, "_ASK_AGAIN", 0.02)
    monkeypatch.setattr(parse_wait, "_POLL", 0.01)
    asked = []
    monkeypatch.setattr(parse_wait, "request_parsing", lambda filelocs, **_: asked.extend(filelocs))

    await_parse(nightly, 0.2, settings=settings, session=session)

    assert set(asked) == {nightly.fileloc}


def test_a_healthy_installation(session, settings, dags):
    """Health tells the database, both folders, and how old the scheduler's last heartbeat is; no path or name."""
    job = Job(job_type="SchedulerJob", state="running")
    job.latest_heartbeat = timezone.utcnow() - timedelta(seconds=3)
    session.add(job)
    session.commit()

    found = health(settings)

    assert (found.status, found.metadatabase) == ("healthy", Part("healthy"))
    assert (found.definitions_folder, found.dags_folder) == (Part("healthy"), Part("healthy"))
    assert (found.scheduler.status, found.scheduler.latest_heartbeat) == ("healthy", job.latest_heartbeat)
    assert 3 <= found.scheduler.age < 60
    assert found.dag_processor == Heart(None, None, None)
    session.delete(job)
    session.commit()


@pytest.mark.file_store("no other needs the folder")
def test_a_folder_that_cannot_be_used_is_unhealthy(session, settings, dags, tmp_path):
    """Health says which folder a deploy could not write to."""
    (tmp_path / "dag_generated_configs").write_text("in the way")

    found = health(settings)

    assert (found.status, found.definitions_folder, found.dags_folder) == (
        "unhealthy",
        Part("unhealthy"),
        Part("healthy"),
    )
