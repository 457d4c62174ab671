"""Two webservers, one name: one winner's bytes and rows, never a mix; both files or neither."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from airflow import settings as airflow_settings
from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy.exc import IntegrityError, OperationalError

from openmetadata_airflow_apis.deploy import delete_dag, deploy, get_deployed
from openmetadata_airflow_apis.errors import DagNotFound, Unavailable
from openmetadata_airflow_apis.stores import open_store
from openmetadata_airflow_apis.transactions import COLLISIONS, in_one_transaction
from support.stores import files_of

from .conftest import files_below, make_workflow

if TYPE_CHECKING:
    from collections.abc import Callable


def at_once(*acts: Callable[[], None]) -> None:
    """Run each act in a process of its own, all at once; fail with the first that fails."""
    airflow_settings.Session.remove()
    children = []
    for act in acts:
        pid = os.fork()
        if pid == 0:
            airflow_settings.engine.dispose(close=False)  # the parent's connections are the parent's
            try:
                act()
            except BaseException:  # noqa: BLE001 - told to the parent by the exit code
                traceback.print_exc(file=sys.__stderr__)
                os._exit(1)
            os._exit(0)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * len(children)


def deploying(settings, schedule: str) -> Callable[[], None]:
    """Return an act that deploys a version a few times."""

    def act() -> None:
        for _ in range(3):
            session = airflow_settings.Session()
            deploy(make_workflow(force=True, schedule=schedule), user=schedule, settings=settings, session=session)
            airflow_settings.Session.remove()

    return act


def test_two_deploys_of_one_name_have_one_winner(settings, dags, tmp_path):
    """Of two versions deployed at once, one is deployed, by its author, with its rows."""
    at_once(deploying(settings, "@daily"), deploying(settings, "@hourly"))

    session = airflow_settings.Session()
    found = get_deployed("nightly", settings=settings, session=session)
    row = session.get(DagModel, "nightly")
    serialized = session.get(SerializedDagModel, "nightly").dag
    assert found.state == "parsed"
    assert found.deployed_by == row.schedule_interval == serialized.schedule_interval
    assert list(files_below(tmp_path)) == sorted(["dag_managed_operators/checks.py", *files_of("nightly")])


def test_a_deploy_against_a_delete_leaves_both_files_or_neither(settings, dags, tmp_path):
    """Of a deploy and a delete at once, the last one wins, with files and rows."""
    deploying(settings, "@daily")()

    def deleting() -> None:
        for _ in range(3):
            session = airflow_settings.Session()
            with suppress(DagNotFound):
                delete_dag("nightly", user="bob", settings=settings, session=session)
            airflow_settings.Session.remove()

    at_once(deploying(settings, "@hourly"), deleting)

    session = airflow_settings.Session()
    found = set(files_below(tmp_path)) - {"dag_managed_operators/checks.py"}
    known = (session.get(DagModel, "nightly") is not None, session.get(SerializedDagModel, "nightly") is not None)
    is_deployed = open_store(settings).read("nightly") is not None
    assert found == (set(files_of("nightly")) if is_deployed else set())
    assert known == (is_deployed, is_deployed)


@pytest.mark.parametrize("error", [IntegrityError, OperationalError])
def test_rows_that_the_dag_processor_writes_at_the_same_time_are_written_again(session, error):
    """A collision with the DAG processor's own write is tried again, three times in all, then told."""
    tries = []

    def collide(times: int) -> Callable[[], str]:
        def work() -> str:
            tries.append(times)
            if len(tries) <= times:
                raise error("INSERT", {}, Exception("taken"))
            return "written"

        return work

    assert in_one_transaction(collide(2), session=session, again_after=COLLISIONS) == "written"
    tries.clear()
    with pytest.raises(Unavailable, match="nothing was changed") as unavailable:
        in_one_transaction(collide(3), session=session, again_after=COLLISIONS)
    assert isinstance(unavailable.value.__cause__, error)
    assert len(tries) == 3
