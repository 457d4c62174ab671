"""What a caller asks of what is deployed is decided while the name is locked."""

from __future__ import annotations

import threading

import pytest
from airflow import settings as airflow_settings

from openmetadata_airflow_apis.deploy import delete_dag, deploy
from openmetadata_airflow_apis.deploy.preconditions import ANY, Precondition
from openmetadata_airflow_apis.errors import PreconditionFailed
from openmetadata_airflow_apis.stores import version_rows

from .conftest import make_workflow

ROUNDS = 50
A, B = "a" * 64, "b" * 64


def only(*revisions: str) -> Precondition:
    """If-Match."""
    return Precondition(one_of=frozenset(revisions))


def none(*revisions: str) -> Precondition:
    """If-None-Match."""
    return Precondition(none_of=frozenset(revisions))


@pytest.mark.parametrize(
    ("precondition", "deployed", "holds"),
    [
        (Precondition(), None, True),
        (Precondition(), A, True),
        (only(A), A, True),
        (only(A, B), B, True),
        (only(A), B, False),
        (only(A), None, False),
        (only(ANY), A, True),
        (only(ANY), None, False),
        (only(), A, False),
        (none(ANY), None, True),
        (none(ANY), A, False),
        (none(A), B, True),
        (none(A), A, False),
        (none(A), None, True),
        (Precondition(frozenset({A}), frozenset({A})), A, False),
    ],
)
def test_whether_it_holds(precondition, deployed, holds):
    """One of those asked for must be deployed, and none of those ruled out."""
    if holds:
        precondition.check("nightly", deployed)
    else:
        with pytest.raises(PreconditionFailed, match="The DAG `nightly` is not as If-"):
            precondition.check("nightly", deployed)


class Deploys:
    """Two callers who deploy at the same moment, each something else, with the same precondition."""

    def __init__(self, settings, precondition: Precondition, text: str) -> None:
        self.settings = settings
        self.precondition = precondition
        self.text = text
        self.barrier = threading.Barrier(2)
        self.done: list[str] = []
        self.refused: list[str | None] = []
        self.failures: list[BaseException] = []
        threads = [threading.Thread(target=self._deploy, args=(caller,)) for caller in ("ada", "bob")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def _deploy(self, caller: str) -> None:
        workflow = make_workflow(force=True, description=f"{caller} {self.text}")
        self.barrier.wait()
        try:
            deployment = deploy(
                workflow,
                user=caller,
                settings=self.settings,
                session=airflow_settings.Session(),
                precondition=self.precondition,
            )
            self.done.append(deployment.revision)
        except PreconditionFailed as error:
            self.refused.append(error.revision)
        except BaseException as error:  # noqa: BLE001 - raised by the constructor
            self.failures.append(error)
        finally:
            airflow_settings.Session.remove()


def test_of_two_callers_one_wins(session, settings, dags):
    """Of two deploys with the same If-Match one is done and the other refused, in each of fifty rounds."""
    current = deploy(make_workflow(), user="ada", settings=settings, session=session).revision
    for number in range(ROUNDS):
        both = Deploys(settings, only(current), str(number))
        assert both.refused == both.done
        (current,) = both.done
    session.rollback()
    newest = version_rows.newest(["nightly"], session=session)["nightly"]
    assert (newest.version_number, newest.revision) == (ROUNDS + 1, current)


def test_of_two_first_deploys_one_wins(session, settings, dags):
    """Of two deploys with If-None-Match: * one is the first and the other refused."""
    both = Deploys(settings, none(ANY), "first")
    assert len(both.done) == 1
    assert both.refused == both.done


def test_a_delete_and_its_dry_run_are_decided_too(session, settings, dags):
    """A delete with a tag of before deletes nothing, and a dry run of it says so."""
    old = deploy(make_workflow(), user="ada", settings=settings, session=session).revision
    new = deploy(make_workflow(force=True, schedule="@daily"), user="ada", settings=settings, session=session).revision
    for dry_run in (True, False):
        with pytest.raises(PreconditionFailed, match=f'"{new}" is deployed; nothing was changed'):
            delete_dag(
                "nightly", user="ada", dry_run=dry_run, settings=settings, session=session, precondition=only(old)
            )
    assert delete_dag("nightly", user="ada", settings=settings, session=session, precondition=only(new)).deleted_rows
