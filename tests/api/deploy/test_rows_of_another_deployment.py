"""Rows that a parse, a crash or a scheduler's other copy has left of another deployment are never called parsed."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils import timezone
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from openmetadata_airflow_apis.dagbuild.late_file_rows import DefinitionReplaced
from openmetadata_airflow_apis.deploy import await_parse, deploy, deployment, get_deployed, parse_wait, refresh_all_dags
from openmetadata_airflow_apis.errors import Unavailable
from support.parsing import parse
from support.stores import STORE

from .conftest import decorate, make_workflow


@pytest.fixture
def deploying(session, settings, dags):
    """Deploy a version of nightly as ada."""

    def run(schedule: str | None, *, decorated: bool = False):
        workflow = make_workflow(force=True, schedule=schedule)
        if decorated:
            decorate(workflow)
        return deploy(workflow, user="ada", settings=settings, session=session)

    return run


@pytest.fixture
def state(session, settings):
    """Tell the state of nightly, and the schedules of its two rows."""

    def look() -> tuple[str, str | None, str | None]:
        session.rollback()
        session.expire_all()
        found = get_deployed("nightly", settings=settings, session=session)
        row, serialized = session.get(DagModel, "nightly"), session.get(SerializedDagModel, "nightly")
        return found.state, row.schedule_interval, serialized.dag.schedule_interval

    return look


def outlive_the_update_interval(session) -> None:
    """Let the serialized row be older than [core] min_serialized_dag_update_interval."""
    session.execute(update(SerializedDagModel).values(last_updated=timezone.utcnow() - timedelta(minutes=1)))
    session.commit()


def write_tasks_alone(bag: DagBag, session) -> None:
    """Write a DAG's serialized row and not the other: Airflow may commit in between, when it makes permissions."""
    SerializedDagModel.write_dag(bag.dags["nightly"], session=session)
    session.commit()


@pytest.mark.parametrize("decorated", [False, True])
def test_a_parse_that_ends_after_a_redeploy_does_not_bring_the_old_version_back(deploying, state, session, decorated):
    """A DAG whose schedule was taken away stays without one, whatever a parse that began before still writes."""
    path = deploying("@daily", decorated=decorated).fileloc
    session.commit()
    parse(path)
    assert state() == ("parsed", "@daily", "@daily")
    late = DagBag(path, include_examples=False)
    deploying(None)
    session.commit()

    with pytest.raises(DefinitionReplaced) if STORE == "files" else nullcontext():  # a shard is not refused for one
        late.sync_to_db()

    assert state() == ("parsed", None, None)


def test_rows_of_an_older_version_are_pending_until_the_next_parse(deploying, state, session, settings):
    """Where a late parse got no further than the serialized DAG: pending, and the next parse mends it."""
    path = deploying("@daily").fileloc
    session.commit()
    late = DagBag(path, include_examples=False)
    second = deploying(None)
    write_tasks_alone(late, session)
    assert state() == ("pending", None, "@daily")
    assert await_parse(second, 0, settings=settings, session=session).state == "pending"

    outlive_the_update_interval(session)
    assert parse(path) is None

    assert state() == ("parsed", None, None)
    assert await_parse(second, 0, settings=settings, session=session).state == "parsed"


def test_waiting_asks_until_the_rows_are_the_deployed_versions(deploying, state, session, monkeypatch, settings):
    """Rows that an older version was written over are asked for again at once, and the next parse writes them."""
    monkeypatch.setattr(parse_wait, "_ASK_AT_ONCE", 0.02)
    monkeypatch.setattr(parse_wait, "_POLL", 0.01)
    path = deploying("@daily").fileloc
    session.commit()
    late = DagBag(path, include_examples=False)
    second = deploying(None)
    write_tasks_alone(late, session)
    asked = []

    def answer(filelocs, **_) -> None:
        session.commit()
        asked.extend(filelocs)
        parse(*filelocs)

    monkeypatch.setattr(parse_wait, "request_parsing", answer)

    assert await_parse(second, 30, settings=settings, session=session).state == "parsed"
    assert asked == [path]
    assert state() == ("parsed", None, None)


@pytest.mark.file_store("no other stores a definition without its rows")
@pytest.mark.parametrize("decorated", [False, True])
def test_a_deploy_that_died_before_its_rows_is_not_parsed_by_half_a_parse(
    deploying, state, session, settings, monkeypatch, decorated
):
    """A parse that writes the DAG's row and, too soon after the last deploy, no tasks: pending; a refresh mends it."""
    path = deploying("@daily").fileloc
    with monkeypatch.context() as broken:

        def die(*_, **__) -> None:
            raise OperationalError("INSERT", {}, Exception("gone"))

        broken.setattr(deployment, "write_rows", die)
        with pytest.raises(Unavailable):
            deploying(None, decorated=decorated)
    session.rollback()
    assert state() == ("pending", "@daily", "@daily")

    assert parse(path) is None
    assert state() == ("pending", None, "@daily")

    assert refresh_all_dags(user="bob", settings=settings, session=session).failed == ()
    if decorated:  # which the DAG processor alone can build
        session.commit()
        assert parse(path) is None
    assert state() == ("parsed", None, None)


def test_the_same_definition_deployed_again_awaits_a_parse_of_its_own(deploying, session, settings):
    """A parse of the deploy before, though of the same definition, says nothing of callable files changed since."""
    deploying("@daily")
    second = deploying("@daily")
    session.commit()
    assert await_parse(second, 0, settings=settings, session=session).state == "pending"

    parse(second.fileloc)

    assert await_parse(second, 0, settings=settings, session=session).state == "parsed"


def test_compressed_rows_say_what_they_are_of_too(deploying, state, session, monkeypatch):
    """[core] compress_serialized_dags hides the mark from SQL, and not from a look at the state."""
    monkeypatch.setattr("airflow.models.serialized_dag.COMPRESS_SERIALIZED_DAGS", True)
    deploying("@daily")

    assert session.get(SerializedDagModel, "nightly")._data is None
    assert state() == ("parsed", "@daily", "@daily")


def test_an_import_error_of_an_older_version_is_not_this_ones(deploying, session, settings):
    """A failed parse of the version before that ends after a redeploy does not make the new one failed."""
    first = deploying("@daily")
    session.commit()
    callables = settings.dag_managed_operators / "checks.py"
    sound = callables.read_text()
    callables.write_text(f"raise RuntimeError('broken')\n{sound}")
    stacktrace = parse(first.fileloc)
    assert await_parse(first, 0, settings=settings, session=session).state == "failed"
    callables.write_text(sound)

    second = deploying(None)
    session.add(parse_import_error()(filename=second.fileloc, stacktrace=stacktrace, timestamp=timezone.utcnow()))
    session.commit()

    assert await_parse(second, 0, settings=settings, session=session).state == "pending"
    found = get_deployed("nightly", settings=settings, session=session)
    assert (found.state, found.import_error) == ("parsed", None)
