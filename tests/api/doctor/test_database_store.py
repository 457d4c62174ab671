"""What `openmetadata-airflow-apis doctor` finds on a node of the database store."""

from __future__ import annotations

import argparse
import json
from hashlib import sha256

import pytest
from airflow.jobs.job import Job
from airflow.utils import timezone

from openmetadata_airflow_apis import __version__
from openmetadata_airflow_apis.cli import doctor, main
from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, PARSED_DAG
from openmetadata_airflow_apis.stores import loader_files
from support.doctor import OPTION, look

SHARDS = 2


@pytest.fixture(autouse=True)
def database_store(app, monkeypatch) -> None:
    """The database store is chosen, and its tables are there."""
    from openmetadata_airflow_apis.dagbuild.shard_tables import make_tables

    make_tables()
    monkeypatch.setenv(f"{OPTION}DEFINITION_STORE", "database")
    monkeypatch.setenv(f"{OPTION}LOADER_SHARDS", str(SHARDS))


@pytest.fixture
def dags(folders):
    """A node's dags folder, with the loader files."""
    list(loader_files.install(folders / "dags", SHARDS))
    return folders / "dags"


def test_a_node_that_is_well(dags, healthy, capsys):
    """Nothing is wrong with a node that has its loader files, whatever the folder of the file store is."""
    (dags.parent / "configs").rmdir()
    assert doctor.run(argparse.Namespace(quiet=True)) == 0
    assert capsys.readouterr().out == f"openmetadata-airflow-apis {__version__}: 0 problem(s), 1 note(s)\n"


def test_a_node_without_loader_files(folders):
    """Loader files that are missing are one problem, and install-loader, as it says, is the cure."""
    dags = folders / "dags"
    assert [str(finding) for finding in look("loader files")] == [
        f"problem  loader files: {dags}/openmetadata_airflow_apis_loader_1_of_2.py (and 1 more) is missing; "
        f"run `openmetadata-airflow-apis install-loader {dags}`"
    ]
    assert main(["install-loader", str(dags)]) == 0
    assert look("loader files") == []


def test_a_node_without_a_dags_folder(folders):
    """A webserver needs no dags folder, which is worth a note."""
    (folders / "dags").rmdir()
    assert [str(finding) for finding in look("folders", "loader files")] == [
        f"note     loader files: {folders}/dags does not exist: DAG processors and workers need the loader files "
        f"there, webservers do not; on those, run `openmetadata-airflow-apis install-loader {folders}/dags`"
    ]


def test_loader_files_that_are_not_as_they_should_be(dags, monkeypatch):
    """A loader file that was changed is a problem, and so is one of another number of shards."""
    (dags / loader_files.file_name(0, SHARDS)).write_text("# changed\n")
    (dags / loader_files.file_name(0, 3)).write_bytes(loader_files.rendered(0, 3))
    cure = f"run `openmetadata-airflow-apis install-loader {dags}`"
    assert [str(finding) for finding in look("loader files")] == [
        f"problem  loader files: {dags}/openmetadata_airflow_apis_loader_1_of_2.py is not what install-loader writes; "
        f"{cure}",
        f"problem  loader files: {dags}/openmetadata_airflow_apis_loader_1_of_3.py is of another number of shards than "
        f"2; {cure}",
    ]


def test_loader_files_that_are_ignored(dags):
    """A loader file that an .airflowignore covers is a problem, once a DAG is deployed that comes from it."""
    from openmetadata_airflow_apis.stores.database_store import DatabaseStore

    (dags / ".airflowignore").write_text("openmetadata_\n")
    assert look("ignored files") == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseStore, "dag_ids", lambda _: ["nightly"])
        (finding,) = look("ignored files")
    assert finding.detail.endswith("is hidden from the DAG processor by an .airflowignore")


def test_loader_files_of_an_installation_that_uses_files(dags, monkeypatch):
    """With the file store, loader files that were left behind are a problem."""
    monkeypatch.setenv(f"{OPTION}DEFINITION_STORE", "files")
    assert [str(finding) for finding in look("loader files")] == [
        f"problem  loader files: {dags}/openmetadata_airflow_apis_loader_1_of_2.py (and 1 more) is of use with "
        "definition_store = database alone, and may bring old DAGs back; take it away"
    ]


@pytest.fixture
def deployed(session):
    """Note that a DAG is deployed, and on which hosts it was parsed with which callable files; gone after the test."""

    def note(dag_id: str, files_of: dict[str, dict[str, str]]) -> None:
        now = timezone.utcnow()
        row = {"dag_id": dag_id, "folded_dag_id": dag_id, "id_hash": 0, "mark": "m", "deployed_at": now}
        session.execute(DEPLOYED_DAG.insert().values(**row, deployed_by="ann", document=b""))
        for hostname, files in files_of.items():
            parse = {"dag_id": dag_id, "hostname": hostname, "mark": "m", "timestamp": now}
            session.execute(PARSED_DAG.insert().values(**parse, callable_files=json.dumps(files)))
        session.commit()

    yield note
    session.rollback()
    for table in (DEPLOYED_DAG, PARSED_DAG, Job.__table__):
        session.execute(table.delete())
    session.commit()


def test_nodes_that_lag_behind(folders, deployed, session):
    """A DAG processor with a heartbeat that has parsed nothing is a problem, and one that lacks a DAG worth a note."""
    for hostname in ("node-1", "node-2", "node-3"):
        job = Job(job_type="SchedulerJob", state="running", latest_heartbeat=timezone.utcnow())
        job.hostname = hostname
        session.add(job)
    session.commit()
    assert look("nodes") == []
    deployed("first", {"node-1": {}, "node-2": {}, "gone": {}})
    deployed("second", {"node-1": {}})
    assert [str(finding) for finding in look("nodes")] == [
        "note     nodes: the DAG processor of node-2 has parsed 1 of the 2 deployed DAGs; it may be about to; "
        "`get_dag` says of each DAG what a node has of it, and why it could not import it",
        "problem  nodes: the DAG processor of node-3 has parsed none of the 2 deployed DAGs; "
        "run `openmetadata-airflow-apis doctor` there, which names the loader files that are missing",
    ]


def test_nodes_that_have_other_callable_files(folders, deployed):
    """A callable file that a DAG processor has parsed with, and that is another one here, is a problem."""
    files = {name: f"{name} = 1\n" for name in ("a", "b", "c")}
    for name, text in files.items():
        (folders / "operators" / f"{name}.py").write_text(text)
    sums = {f"{name}.py": sha256(text.encode()).hexdigest() for name, text in files.items()}
    deployed("first", {"node-1": sums, "node-2": {**sums, "a.py": "0" * 64, "c.py": "0" * 64}})
    assert [str(finding) for finding in look("nodes")] == [
        f"problem  nodes: {folders}/operators/a.py (and 1 more) is not the file that node-2 had at its last parse; "
        "put the same files on every machine"
    ]


def test_tables_that_are_missing(monkeypatch, healthy):
    """The tables of the database store are looked for, and without them no DAG is loaded."""
    monkeypatch.setattr("openmetadata_airflow_apis.own_tables.is_there", lambda _: False)
    assert [finding.detail for finding in look("own tables")][-3:] == [
        "the table of deployed definitions is missing, so that no DAG is loaded",
        "the table of DAGs' import errors is missing, so that no DAG is loaded",
        "the table of what nodes have parsed is missing, so that no DAG is loaded",
    ]
