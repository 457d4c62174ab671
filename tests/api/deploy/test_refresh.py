"""refresh_all_dags: what is deployed is in the database, and every file of the dags folder is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import delete, update

from openmetadata_airflow_apis.deploy import Refreshed, deploy, get_deployed, refresh_all_dags
from openmetadata_airflow_apis.deploy.deletion import delete_rows
from openmetadata_airflow_apis.deploy.refresh import Unrefreshed
from support.statements import counted, without_lock_limits
from support.stores import STORE, damage
from support.versions import TAKES_PARSING_REQUESTS, asked_for, forget_requests

from .conftest import decorate, files_below, make_workflow


@pytest.fixture
def refreshing(session, settings, dags):
    """Refresh as bob."""

    def run() -> Refreshed:
        return refresh_all_dags(user="bob", settings=settings, session=session)

    return run


def loaders(dags) -> list[str]:
    """Return the loader files of the database store, which are parsed too."""
    return sorted(map(str, dags.glob("*_loader_*.py")))


def requests(dags, deployed: int) -> int:
    """Return how many files are asked for where so many DAGs are deployed."""
    if not TAKES_PARSING_REQUESTS:
        return 0
    return deployed if STORE == "files" else len(loaders(dags))


def deploy_many(session, settings, *names: str) -> None:
    """Deploy a DAG of each name."""
    for name in names:
        deploy(make_workflow(name), user="ada", settings=settings, session=session)


def test_every_file_is_asked_for_and_none_is_imported(refreshing, session, dags):
    """Each DAG file, one put there a second ago included, is asked for; what .airflowignore names is not."""
    forget_requests(session)
    (dags / "new.py").write_text("from airflow import DAG\nraise SystemExit('imported by a webserver')\n")
    (dags / "team").mkdir()
    (dags / "team" / "theirs.py").write_text("from airflow import DAG\nraise SystemExit('imported by a webserver')\n")
    (dags / "ignored.py").write_text("from airflow import DAG\n")
    (dags / "helper.py").write_text("x = 1\n")
    (dags / ".airflowignore").write_text("ignored\n")

    files = [*loaders(dags), str(dags / "new.py"), str(dags / "team" / "theirs.py")] if TAKES_PARSING_REQUESTS else []

    assert refreshing() == Refreshed(refreshed=0, repaired=(), requested=len(files), failed=())
    assert refreshing() == Refreshed(refreshed=0, repaired=(), requested=len(files), failed=())

    assert asked_for(session) == sorted(files)


def test_rows_that_are_missing_or_old_are_repaired(refreshing, session, settings, dags):
    """Rows that a crash, a cleanup or somebody's hand took away are back when a refresh answers."""
    deploy_many(session, settings, "whole", "gone", "inactive", "unserialized", "old")
    delete_rows("gone", str(dags / "gone.py"), session=session)
    session.execute(update(DagModel).where(DagModel.dag_id == "inactive").values(is_active=False))
    session.execute(delete(SerializedDagModel).where(SerializedDagModel.dag_id == "unserialized"))
    session.execute(update(DagModel).where(DagModel.dag_id == "old").values(last_parsed_time=None))
    session.commit()

    assert refreshing() == Refreshed(
        refreshed=5,
        repaired=("gone", "inactive", "old", "unserialized"),
        requested=requests(dags, 5),
        failed=(),
    )
    assert refreshing().repaired == ()

    session.expire_all()
    for name in ("whole", "gone", "inactive", "unserialized", "old"):
        assert get_deployed(name, settings=settings, session=session).state == "parsed"
        assert session.get(SerializedDagModel, name) is not None


@pytest.mark.file_store("no other writes files")
def test_files_that_are_missing_are_rendered_again(refreshing, session, settings, tmp_path):
    """A .py that was lost is rendered again, and left-over temporary files are swept."""
    deploy_many(session, settings, "nightly")
    before = files_below(tmp_path)
    (tmp_path / "dags" / "nightly.py").unlink()
    (tmp_path / "dags" / ".nightly.py.0123456789abcdef.tmp").write_text("torn")
    (tmp_path / "dag_generated_configs" / ".nightly.json.0123456789abcdef.tmp").write_text("torn")

    assert refreshing().refreshed == 1

    assert files_below(tmp_path) == before


def test_a_damaged_dag_keeps_no_other_back(refreshing, session, settings, tmp_path):
    """A definition that can't be read or built any more is named with the reason, and the others are refreshed."""
    deploy_many(session, settings, "damaged", "unbuildable", "whole")
    place = damage(settings, "damaged")
    session.execute(update(DagModel).values(last_parsed_time=None))
    session.commit()
    (tmp_path / "dag_managed_operators" / "checks.py").unlink()
    deploying = make_workflow("plain")
    deploying.definition["tasks"] = deploying.definition["tasks"][1:]
    deploying.definition["tasks"][0]["upstream"] = []
    deploy(deploying, user="ada", settings=settings, session=session)
    session.execute(update(DagModel).values(last_parsed_time=None))
    session.commit()

    found = refreshing()

    assert found.refreshed == 1
    assert [failure.dag_id for failure in found.failed] == ["damaged", "unbuildable", "whole"]
    assert f"{place}: is not JSON" in found.failed[0].reason
    assert "can't be read" in found.failed[1].reason
    assert isinstance(found.failed[0], Unrefreshed)
    assert get_deployed("plain", settings=settings, session=session).state == "parsed"


def test_a_row_that_airflow_refuses_keeps_no_other_back(refreshing, session, settings, monkeypatch):
    """When the database refuses one DAG of many, the others are written all the same."""
    deploy_many(session, settings, "bad", "good")
    session.execute(update(DagModel).values(last_parsed_time=None))
    session.commit()
    write = SerializedDagModel.write_dag

    def refuse(dag, **options):
        if dag.dag_id == "bad":
            raise ValueError("not serializable")
        return write(dag, **options)

    monkeypatch.setattr(SerializedDagModel, "write_dag", refuse)

    assert refreshing().failed == (Unrefreshed("bad", "ValueError: not serializable"),)
    assert get_deployed("good", settings=settings, session=session).state == "parsed"
    assert get_deployed("bad", settings=settings, session=session).state == "pending"


def test_a_dry_run_says_what_a_refresh_does(refreshing, session, settings, tmp_path):
    """It names what would be repaired and what can't be, and leaves rows, files and requests as they are."""
    deploy_many(session, settings, "damaged", "old", "unbuildable", "whole")
    plain = make_workflow("old")
    plain.definition["tasks"] = plain.definition["tasks"][1:]
    plain.definition["tasks"][0]["upstream"] = []
    deploy(replace(plain, force=True), user="ada", settings=settings, session=session)
    damage(settings, "damaged")
    (tmp_path / "dag_managed_operators" / "checks.py").unlink()
    of_some = DagModel.dag_id.in_(["old", "unbuildable"])
    session.execute(update(DagModel).where(of_some).values(last_parsed_time=None))
    session.commit()
    forget_requests(session)
    files = files_below(tmp_path)

    planned = refresh_all_dags(dry_run=True, user="bob", settings=settings, session=session)

    assert get_deployed("old", settings=settings, session=session).state == "pending"
    assert (files_below(tmp_path), asked_for(session)) == (files, [])
    assert (planned.dry_run, planned.refreshed, planned.repaired) == (True, 2, ("old",))
    assert [failure.dag_id for failure in planned.failed] == ["damaged", "unbuildable"]
    assert refreshing() == replace(planned, dry_run=False)


def test_pending_dags_are_left_to_the_dag_processor(refreshing, session, settings, dags):
    """A DAG that only the DAG processor can build is asked for, and counted as refreshed."""
    workflow = make_workflow()
    decorate(workflow)
    deploy(workflow, user="ada", settings=settings, session=session)

    assert refreshing() == Refreshed(refreshed=1, repaired=("nightly",), requested=requests(dags, 1), failed=())
    assert get_deployed("nightly", settings=settings, session=session).state == "pending"


def test_a_refresh_with_nothing_to_repair_costs_a_fixed_number_of_statements(refreshing, session, settings):
    """Where nothing is to be repaired, a refresh of six DAGs costs as many SQL statements as one of two."""
    numbers = []
    for names in (["a", "b"], [f"dag{index}" for index in range(6)]):
        deploy_many(session, settings, *names)
        with counted(session) as statements:
            refreshing()
        numbers.append(len(without_lock_limits(statements)))
    assert numbers[0] == numbers[1] == (7 if TAKES_PARSING_REQUESTS else 6) + (0 if STORE == "files" else 3)
