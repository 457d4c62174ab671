"""Each deploy that changes the definition is a version, in a table of our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from airflow import settings as airflow_settings
from airflow.utils import timezone
from sqlalchemy import update
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.schema import CreateTable

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.api.webserver_start import make_versions_ready
from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
from openmetadata_airflow_apis.deploy import delete_dag, deploy, refresh_all_dags
from openmetadata_airflow_apis.errors import ConfigurationError, Unavailable
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.stores.file_store import FileStore
from support.statements import counted
from support.threads import at_once

from .conftest import files_below, make_workflow

if TYPE_CHECKING:
    from openmetadata_airflow_apis.deploy.deployment import Deployment

TABLES = (own_tables.SCHEMA, version_rows.TABLE)


@pytest.fixture
def deploying(session, settings, dags):
    """Deploy a workflow."""

    def run(*, user: str = "ada", comment: str | None = None, dry_run: bool = False, **workflow) -> Deployment:
        return deploy(
            make_workflow(**workflow), user=user, settings=settings, session=session, comment=comment, dry_run=dry_run
        )

    return run


@pytest.fixture
def versions(session):
    """Return some columns of the versions of `nightly`, the oldest first."""

    def read(*columns: str):
        session.rollback()
        page, _ = version_rows.page("nightly", limit=1000, offset=0, oldest_first=True, session=session)
        rows = [tuple(getattr(version, column) for column in columns) for version in page]
        return [row[0] for row in rows] if len(columns) == 1 else rows

    return read


@pytest.fixture
def stored(settings, dags):
    """Store a definition as a deploy does whose process died before it wrote to the database."""

    def store(
        schedule: str, *, user: str = "eve", comment: str | None = None, dag_id: str = "nightly"
    ) -> StoredDocument:
        workflow = make_workflow(dag_id, schedule=schedule)
        document = StoredDocument(
            dag_id, workflow.definition, workflow.source, "eve", timezone.utcnow(), comment=comment
        )
        FileStore(settings).write(document)
        return document

    return store


def forget(session, *, version_numbers=None) -> None:
    """Take away the rows of versions, all or some."""
    rows = version_rows.TABLE.delete()
    if version_numbers is not None:
        rows = rows.where(version_rows.ROW.version_number.in_(version_numbers))
    session.execute(rows)
    session.commit()


def test_each_changed_definition_is_a_version(deploying, versions):
    """A deploy that changes the definition makes the next version, with who, when and what for."""
    first = deploying(comment="The first one")
    second = deploying(force=True, schedule="@daily", user="bob")

    assert (first.version_number, first.changed, first.created) == (1, True, True)
    assert (second.version_number, second.changed, second.created) == (2, True, False)
    assert versions("version_number", "revision", "created_by", "created_at", "comment", "deleted_at") == [
        (1, first.revision, "ada", first.deployed_at, "The first one", None),
        (2, second.revision, "bob", second.deployed_at, None, None),
    ]


def test_the_same_definition_again_makes_no_version(deploying, versions):
    """A deploy of what is deployed already says that nothing is changed, and makes no version."""
    first = deploying()
    second = deploying(force=True, user="bob", comment="Again")

    assert (second.version_number, second.changed, second.revision) == (1, False, first.revision)
    assert versions("version_number", "created_by") == [(1, "ada")]


def test_a_definition_that_comes_back_is_a_new_version(deploying, versions):
    """Deploying an older definition again makes a new version of its revision."""
    first = deploying()
    deploying(force=True, schedule="@daily")
    third = deploying(force=True)

    assert (third.version_number, third.changed) == (3, True)
    assert [revision == first.revision for revision in versions("revision")] == [True, False, True]


def test_a_dry_run_says_which_version_it_would_make(deploying, versions):
    """A dry run makes no version, and says which number the deploy would get."""
    assert deploying(dry_run=True).version_number == 1
    deploying()
    assert deploying(dry_run=True, force=True, schedule="@daily").version_number == 2
    same = deploying(dry_run=True, force=True)
    assert (same.version_number, same.changed) == (1, False)
    assert versions("version_number") == [1]


def test_a_version_has_the_whole_content(deploying, session, settings):
    """What is kept of a version is what was sent, and what the DAG is built from, whatever characters are in it."""
    half = "" if session.get_bind().dialect.name == "mysql" else "\ud800"  # which its JSON has not
    text = f"é 🐘 \x7f {half} " * 20_000  # more than MySQL's smaller types of bytes hold
    deploying(doc_md=text)

    kept = version_rows.read("nightly", 1, session=session)
    document = open_store(settings).read("nightly")
    assert kept.canonical_definition == document.definition
    assert kept.canonical_definition["dag"]["doc_md"] == text
    assert kept.definition == document.source
    assert kept.revision == document.revision


def test_a_deleted_dag_keeps_its_versions(deploying, versions, session, settings):
    """A delete marks the versions; the next deploy under the name goes on counting."""
    deploying()
    deploying(force=True, schedule="@daily")
    before = timezone.utcnow()
    delete_dag("nightly", user="ada", settings=settings, session=session)

    marks = versions("deleted_at")
    assert len(marks) == 2
    assert all(before < mark < timezone.utcnow() for mark in marks)

    assert deploying(schedule="@daily").version_number == 3
    assert [mark is not None for mark in versions("deleted_at")] == [True, True, False]


def test_a_deploy_costs_at_most_one_statement_more(deploying, session, monkeypatch):
    """A deploy that makes a version takes one SQL statement more than one that makes none, which takes none more."""
    deploying()
    with counted(session) as unchanged:
        deploying(force=True)
    with counted(session) as changed:
        deploying(force=True, schedule="@daily")
    ours = [statement for statement in changed if version_rows.TABLE.name in statement]
    assert len([statement for statement in ours if statement.startswith("INSERT")]) == 1
    # The other one asks for the paused state too, as it did before there were versions.
    assert len(ours) == 2
    assert "is_paused" in ours[0]
    assert len([statement for statement in unchanged if version_rows.TABLE.name in statement]) == 1
    # And the version of our tables comes with the question which file Airflow knows the DAG by.
    (of_schema,) = [statement for statement in changed if own_tables.SCHEMA.name in statement]
    assert "fileloc" in of_schema


@pytest.mark.file_store("no other stores a definition without its version")
def test_a_refresh_writes_what_a_crash_has_lost(deploying, stored, versions, session, settings):
    """A version whose row a crash has lost is made good by a refresh, with who, when and what for."""
    deploying()
    lost = stored("@weekly", comment="In a hurry")

    assert refresh_all_dags(user="bob", settings=settings, session=session).failed == ()
    refresh_all_dags(user="bob", settings=settings, session=session)

    assert versions("version_number", "created_by", "created_at", "comment")[1:] == [
        (2, "eve", lost.deployed_at, "In a hurry")
    ]


@pytest.mark.file_store("no other stores a definition without its version")
def test_a_deploy_writes_what_a_crash_has_lost(deploying, stored, versions):
    """A deploy after one that died before its row was written makes both versions."""
    deploying()
    lost = stored("@weekly")
    after = deploying(force=True, schedule="@daily")

    assert after.version_number == 3
    assert versions("revision")[1:] == [lost.revision, after.revision]


@pytest.mark.file_store("no other stores a definition without its version")
def test_the_same_deploy_repeated_after_a_crash_makes_one_version(deploying, stored, versions):
    """Repeating a deploy that died before its row was written makes the one version that it would have made."""
    deploying()
    lost = stored("@weekly")
    again = deploying(force=True, schedule="@weekly")

    assert (again.version_number, again.changed) == (2, False)
    assert versions("revision", "created_by")[1:] == [(lost.revision, "eve")]


@pytest.mark.file_store("no other stores a definition without its version")
def test_a_delete_writes_what_a_crash_has_lost(deploying, stored, versions, session, settings):
    """A version whose row a crash has lost is among those of the deleted DAG."""
    deploying()
    lost = stored("@weekly")
    delete_dag("nightly", user="ada", settings=settings, session=session)

    assert versions("revision")[1:] == [lost.revision]
    assert None not in versions("deleted_at")


@pytest.mark.file_store("no other stores a definition without its version")
def test_what_was_deployed_before_there_were_versions_gets_its_first(stored, versions, session, settings):
    """A start gives what was deployed before the tables were there version 1, each DAG once; so does a refresh."""
    stored("@weekly")
    stored("@daily", dag_id="other")
    make_versions_ready(settings)
    make_versions_ready(settings)
    assert versions("version_number", "created_by") == [(1, "eve")]
    assert set(version_rows.newest(session=session)) == {"nightly", "other"}

    forget(session)
    refresh_all_dags(user="bob", settings=settings, session=session)
    assert versions("version_number", "created_by") == [(1, "eve")]


@pytest.mark.file_store("no other stores a definition without its version")
def test_a_start_writes_what_a_crash_has_lost(deploying, stored, versions, session, settings):
    """A later version whose row a crash has lost is written by the next start too, with the deploy's own name."""
    deploying()
    lost = stored("@weekly")
    make_versions_ready(settings)
    make_versions_ready(settings)
    session.rollback()
    assert versions("version_number", "revision", "created_by")[1:] == [(2, lost.revision, "eve")]


@pytest.mark.file_store("no other stores a definition without its version")
def test_webservers_that_start_at_once_write_each_version_once(stored, versions, settings, session):
    """Several webservers that start at once on a database without our tables make them, and each version, once."""
    stored("@weekly")
    session.commit()
    for table in TABLES:
        table.drop(airflow_settings.engine, checkfirst=True)
    at_once(lambda _: make_versions_ready(settings), 4)
    assert versions("version_number") == [1]
    assert session.execute(own_tables.SCHEMA.select()).all() == [(1, own_tables.SCHEMA_VERSION)]


def test_tables_that_are_missing_are_made_by_the_next_deploy(deploying, versions, session):
    """A deploy on a database whose tables were lost since the start makes them."""
    session.commit()
    for table in TABLES:
        table.drop(airflow_settings.engine, checkfirst=True)
    assert deploying().version_number == 1
    assert versions("version_number") == [1]


def test_a_database_user_that_may_not_make_tables(deploying, session, monkeypatch, tmp_path):
    """A deploy that needs the tables and may not make them says so, and deploys nothing."""
    session.commit()
    for table in TABLES:
        table.drop(airflow_settings.engine, checkfirst=True)

    def refuse(*_) -> None:
        raise ProgrammingError("CREATE TABLE", {}, Exception("permission denied for schema public"))

    before = files_below(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(own_tables, "create_missing", refuse)
        with pytest.raises(Unavailable, match=r"may not make them \(permission denied for schema public\); let it cr"):
            deploying()
    assert files_below(tmp_path) == before
    version_rows.make_tables()


def test_an_older_webserver_changes_nothing(deploying, stored, session, settings, tmp_path):
    """A webserver of a release that knows older tables than the database has refuses to write, and says so."""
    deploying()
    newer = own_tables.SCHEMA_VERSION + 1
    session.execute(update(own_tables.SCHEMA).values(version=newer))
    session.commit()
    before = files_below(tmp_path)
    sentence = f"are of version {newer}, which a newer release has made; .* install the newer release here too"
    try:
        for change in (
            lambda: deploying(force=True, schedule="@daily"),
            lambda: deploying(force=True, schedule="@daily", dry_run=True),
            lambda: delete_dag("nightly", user="ada", settings=settings, session=session),
            lambda: refresh_all_dags(user="ada", settings=settings, session=session),
        ):
            with pytest.raises(ConfigurationError, match=sentence):
                change()
            session.rollback()
        make_versions_ready(settings)  # logs it
        assert files_below(tmp_path) == before
    finally:
        session.execute(update(own_tables.SCHEMA).values(version=own_tables.SCHEMA_VERSION))
        session.commit()


def test_only_the_newest_versions_are_kept(deploying, versions, settings, session):
    """A refresh leaves as many versions as are to be kept; deploys alone leave nine more at most."""
    few = replace(settings, keep_versions=3)
    for number in range(24):
        deploy(make_workflow(force=True, schedule=f"{number} 3 * * *"), user="ada", settings=few, session=session)
    assert versions("version_number") == list(range(18, 25))
    refresh_all_dags(user="ada", settings=few, session=session)
    assert versions("version_number") == [22, 23, 24]


def test_versions_of_a_deleted_dag_are_kept_for_some_days(deploying, versions, settings, session):
    """A refresh forgets the versions of what was deleted too long ago, and no other."""
    deploying()
    delete_dag("nightly", user="ada", settings=settings, session=session)
    deploying()
    delete_dag("nightly", user="ada", settings=settings, session=session)
    deploying()
    long_ago = timezone.utcnow() - timedelta(days=settings.keep_deleted_days, seconds=1)
    lately = long_ago + timedelta(minutes=1)
    for number, moment in ((1, long_ago), (2, lately)):
        session.execute(
            update(version_rows.TABLE).where(version_rows.ROW.version_number == number).values(deleted_at=moment)
        )
    session.commit()

    refresh_all_dags(user="ada", settings=settings, session=session)

    assert versions("version_number") == [2, 3]
    assert deploying(force=True, schedule="@daily").version_number == 4


def test_the_texts_fit_mysql():
    """On MySQL, where BLOB ends at 64 KiB, both texts are of its largest type."""
    statement = str(CreateTable(version_rows.TABLE).compile(dialect=mysql.dialect()))
    assert statement.count("LONGBLOB NOT NULL") == 2
