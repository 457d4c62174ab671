"""A deploy whose file does not import is taken back, if that was asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from airflow.models.dag import DagModel

from openmetadata_airflow_apis.conflict_errors import ImportFailed
from openmetadata_airflow_apis.deploy import delete_dag, deploy, get_deployed, take_back_failed
from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.stores import version_rows

from .conftest import add_run, decorate, make_workflow

ERROR = "task `check`: checks.py, line 1: No module named 'no_such_lib'\n  File \"checks.py\", line 1"


@pytest.fixture
def failed(session, settings, dags):
    """Deploy a workflow whose file does not import."""

    def run(**workflow):
        made = deploy(make_workflow(**workflow), user="ada", settings=settings, session=session)
        return replace(made, state="failed", import_error=ERROR)

    return run


@pytest.fixture
def taken_back(session, settings):
    """Take a deployment back; return what is said of it."""

    def run(deployment) -> str:
        with pytest.raises(ImportFailed) as raised:
            take_back_failed(deployment, user="ada", settings=settings, session=session)
        assert raised.value.import_error == ERROR
        sentence, _, outcome = str(raised.value).partition("; ")
        assert sentence == (
            "The file of the DAG `nightly` does not import (task `check`: checks.py, line 1: No module named "
            "'no_such_lib')"
        )
        return outcome

    return run


def test_the_version_before_it_is_deployed_again(failed, taken_back, session, settings):
    """The version before comes back as a new one that says why."""
    good = failed()
    bad = failed(force=True, schedule="@daily")

    assert taken_back(bad) == "version 1 is deployed again, as version 3"

    deployed = get_deployed("nightly", settings=settings, session=session)
    assert (deployed.revision, deployed.version_number, deployed.state) == (good.revision, 3, "parsed")
    session.expire_all()
    assert session.get(DagModel, "nightly").schedule_interval == "0 3 * * *"
    assert version_rows.read("nightly", 3, session=session).comment == "Restores version 1: version 2 did not import"


def test_what_only_the_dag_processor_can_build_comes_back_too(failed, taken_back, session, settings, dags):
    """A version of TaskFlow decorators comes back without being built in the webserver."""
    workflow = make_workflow()
    decorate(workflow)
    good = deploy(workflow, user="ada", settings=settings, session=session)
    bad = failed(force=True)

    assert taken_back(bad) == "version 1 is deployed again, as version 3"
    assert get_deployed("nightly", settings=settings, session=session).revision == good.revision


def test_the_version_before_is_there_where_one_is_kept(failed, taken_back, session, settings):
    """Where keep_versions is 1, each tenth deploy deletes older versions, and leaves the one to go back to."""
    settings = replace(settings, keep_versions=1)
    for number in range(10):
        bad = deploy(
            make_workflow(force=True, schedule=f"{number} 1 * * *"), user="ada", settings=settings, session=session
        )
    numbers = [
        row.version_number
        for row in version_rows.page("nightly", limit=20, offset=0, oldest_first=False, session=session)[0]
    ]
    assert numbers == [10, 9]
    assert taken_back(replace(bad, state="failed", import_error=ERROR)) == "version 9 is deployed again, as version 11"


def test_the_first_is_deleted_again(failed, taken_back, session, settings):
    """Where nothing was deployed before, nothing is deployed afterwards."""
    assert taken_back(failed()) == "the DAG was not deployed before, so that it is deleted again"
    with pytest.raises(DagNotFound):
        get_deployed("nightly", settings=settings, session=session)
    assert version_rows.read("nightly", 1, session=session).deleted_at is not None


def test_a_definition_that_is_not_new_stays(failed, taken_back, session, settings):
    """The same definition again is no version to take back."""
    failed()
    assert taken_back(failed(force=True)) == "the definition is the one that was deployed before"
    assert get_deployed("nightly", settings=settings, session=session).version_number == 1


def test_what_somebody_else_has_done_since_stays(failed, taken_back, session, settings):
    """A deploy or a delete that came after the one that failed is left alone."""
    left_alone = "somebody has deployed or deleted it since, so that it was left alone"
    failed()
    bad = failed(force=True, schedule="@daily")
    later = failed(force=True, schedule="@weekly")
    assert taken_back(bad) == left_alone
    assert get_deployed("nightly", settings=settings, session=session).revision == later.revision
    delete_dag("nightly", user="bob", settings=settings, session=session)
    assert taken_back(later) == left_alone


def test_a_first_version_that_runs_already(failed, taken_back, session):
    """Where a task of the first version is running, it can't be deleted, and that is said."""
    bad = failed()
    add_run(session, "nightly", "first", "running", {"check": "running"})
    assert taken_back(bad) == (
        "it could not be taken back: The DAG `nightly` has 1 running task instance; kill or await it, then delete"
    )
