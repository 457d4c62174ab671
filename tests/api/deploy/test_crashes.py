"""A webserver that dies in the middle of a deploy or a delete: old or new, and repaired by what comes next."""

from __future__ import annotations

from contextlib import suppress

import pytest
from airflow import settings as airflow_settings
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel

from openmetadata_airflow_apis.deploy import delete_dag, deploy, get_deployed, refresh_all_dags
from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.stores import version_rows
from openmetadata_airflow_apis.stores.file_store import FileStore

from .conftest import add_run, files_below, killed_at, make_workflow

pytestmark = pytest.mark.file_store("every other changes the store and Airflow's rows in one transaction")

OLD = {"force": True, "schedule": "0 3 * * *"}
NEW = {"force": True, "schedule": "@daily"}


@pytest.fixture
def act(settings, dags):
    """Deploy or delete in this process, with a session of its own."""

    def deploying(**how):
        def run(store=None, session=None) -> None:
            deploy(
                make_workflow(**how),
                user="ada",
                settings=settings,
                session=session or airflow_settings.Session(),
                store=store,
            )

        return run

    def deleting(store=None, session=None) -> None:
        delete_dag("nightly", user="ada", settings=settings, session=session or airflow_settings.Session(), store=store)

    return deploying, deleting


def whole(settings, tmp_path) -> str | None:
    """Return the schedule of what is deployed, None for nothing; fail where files, rows and versions don't agree."""
    session = airflow_settings.Session()
    versions, _ = version_rows.page("nightly", limit=1000, offset=0, oldest_first=True, session=session)
    assert [version.version_number for version in versions] == list(range(1, len(versions) + 1))
    assert all(one.revision != next_.revision or one.deleted_at for one, next_ in zip(versions, versions[1:]))
    found = [path for path in files_below(tmp_path) if path != "dag_managed_operators/checks.py"]
    row, serialized = session.get(DagModel, "nightly"), session.get(SerializedDagModel, "nightly")
    if not found:
        assert row is None
        assert serialized is None
        assert session.query(DagRun).count() == 0
        assert all(version.deleted_at is not None for version in versions)
        airflow_settings.Session.remove()
        return None
    assert found == ["dag_generated_configs/nightly.json", "dags/nightly.py"]
    document = FileStore(settings).read("nightly")
    assert (versions[-1].revision, versions[-1].deleted_at) == (document.revision, None)
    schedule = document.definition["dag"]["schedule"]
    assert get_deployed("nightly", settings=settings, session=session).state == "parsed"
    assert (row.schedule_interval, serialized.dag.schedule_interval) == (schedule, schedule)
    airflow_settings.Session.remove()
    return schedule


def refresh(settings) -> None:
    """Refresh, as anybody would after a crash."""
    session = airflow_settings.Session()
    assert refresh_all_dags(user="bob", settings=settings, session=session).failed == ()
    airflow_settings.Session.remove()


def test_a_redeploy_killed_at_any_step(act, settings, tmp_path):
    """A redeploy whose process dies is the old version or, after a refresh, the new one with its rows."""
    deploying, _ = act
    deploying(**OLD)()
    step, outcomes = 0, set()
    while killed_at(step, settings, deploying(**NEW)):
        refresh(settings)
        outcomes.add(whole(settings, tmp_path))
        deploying(**OLD)()
        assert whole(settings, tmp_path) == OLD["schedule"]
        step += 1
    assert outcomes == {OLD["schedule"], NEW["schedule"]}
    assert whole(settings, tmp_path) == NEW["schedule"]


def test_a_first_deploy_killed_at_any_step(act, settings, tmp_path):
    """A first deploy whose process dies is nothing or, after a refresh, whole."""
    deploying, deleting = act
    step, outcomes = 0, set()
    while killed_at(step, settings, deploying(**NEW)):
        refresh(settings)
        outcomes.add(whole(settings, tmp_path))
        if whole(settings, tmp_path):
            deleting()
        step += 1
    assert outcomes == {None, NEW["schedule"]}


def test_a_delete_killed_at_any_step(act, settings, tmp_path):
    """A delete whose process dies is undone by a refresh, runs included, or ended by it."""
    deploying, deleting = act
    step, outcomes = 0, set()
    while True:
        if whole(settings, tmp_path) is None:
            deploying(**OLD)()
            add_run(airflow_settings.Session(), "nightly", "first", "success", {"check": "success"})
        if not killed_at(step, settings, deleting):
            break
        refresh(settings)
        outcomes.add(whole(settings, tmp_path))
        if whole(settings, tmp_path):
            assert airflow_settings.Session().query(DagRun).count() == 1
        step += 1
    assert outcomes == {None, OLD["schedule"]}
    assert whole(settings, tmp_path) is None


def test_a_delete_repeated_after_a_crash_ends_it(act, settings, tmp_path):
    """Repeating a delete after its process died deletes what is left, or finds nothing."""
    deploying, deleting = act
    step = 0
    while True:
        deploying(**OLD)()
        if not killed_at(step, settings, deleting):
            break
        with suppress(DagNotFound):
            deleting()
        assert whole(settings, tmp_path) is None
        step += 1


def test_a_deploy_after_a_delete_that_died_starts_anew(act, settings, tmp_path):
    """A deploy after a delete whose process died is a DAG with all of the old runs, or with none."""
    deploying, deleting = act
    step, counts = 0, set()
    while True:
        deploying(**OLD)()
        session = airflow_settings.Session()
        if not session.query(DagRun).count():
            add_run(session, "nightly", "first", "success", {"check": "success"})
        if not killed_at(step, settings, deleting):
            break
        deploying(**NEW)()
        assert whole(settings, tmp_path) == NEW["schedule"]
        counts.add(airflow_settings.Session().query(DagRun).count())
        step += 1
    assert counts == {0, 1}
