"""A schedule that fails when it is asked about a run is named at both doors, with what failed and the cure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from airflow.timetables.base import DataInterval, Timetable
from airflow.utils.module_loading import qualname

from support import dag_runs


class OwnTimetable(Timetable):
    """A timetable of the users' own, which is right in everything."""

    @property
    def summary(self) -> str:
        """Say what a person would call it."""
        return "every full moon"

    def infer_manual_data_interval(self, *, run_after: Any) -> Any:
        """Return the moment itself."""
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, **_: Any) -> None:
        """Never run by itself."""


class WithoutInterval(OwnTimetable):
    """Fails over the data interval."""

    def infer_manual_data_interval(self, *, run_after: Any) -> Any:
        """Fail, as a look-up in a table of holidays would."""
        raise KeyError(run_after.year)


class WithNoInterval(OwnTimetable):
    """Returns no data interval."""

    def infer_manual_data_interval(self, *, run_after: Any) -> Any:
        """Return nothing."""


class WithoutZone(OwnTimetable):
    """Returns a data interval without a time zone."""

    def infer_manual_data_interval(self, *, run_after: Any) -> Any:
        """Return dates that could be anywhere."""
        return DataInterval(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 - on purpose


class WithoutRunId(OwnTimetable):
    """Fails over the run_id."""

    def generate_run_id(self, **_: Any) -> str:
        """Fail."""
        raise ZeroDivisionError("division by zero")


class WithWrongRunId(OwnTimetable):
    """Makes run_ids that Airflow does not take."""

    def generate_run_id(self, **_: Any) -> str:
        """Return one with a blank."""
        return "full moon"


class NotLoaded(OwnTimetable):
    """Fails when it is loaded."""

    @classmethod
    def deserialize(cls, data: Any) -> Any:  # noqa: ARG003 - Airflow's signature
        """Fail, as a class does that was changed since."""
        raise TypeError("__init__() missing 1 required argument: 'moons'")


class WithoutName(OwnTimetable):
    """Fails over its own name, once its DAG is stored."""

    is_stored = False

    @property
    def summary(self) -> str:
        """Fail."""
        if self.is_stored:
            raise AttributeError("_name")
        return super().summary


class NotRegistered(OwnTimetable):
    """Is in no plugin of this webserver."""


FAILS = "fails for a run of TIME"
FAMILY = {
    WithoutInterval: ("every full moon", f"{FAILS}: KeyError: YEAR"),
    WithNoInterval: ("every full moon", f"{FAILS}: TypeError: 'NoneType' object is not iterable"),
    WithoutZone: (
        "every full moon",
        (
            f"{FAILS}: ValueError: its data interval DataInterval(start=datetime.datetime(2026, 1, 1, 0, 0), "
            "end=datetime.datetime(2026, 1, 2, 0, 0)) has no time zone"
        ),
    ),
    WithoutRunId: ("every full moon", f"{FAILS}: ZeroDivisionError: division by zero"),
    WithWrongRunId: (
        "every full moon",
        (
            f"{FAILS}: InvalidArgument: The argument 'run_id' is 'full moon', which does not match [scheduler] "
            "allowed_run_id_pattern '^[A-Za-z0-9_.~:+-]+$'"
        ),
    ),
    NotLoaded: (
        qualname(NotLoaded),
        "cannot be loaded: TypeError: __init__() missing 1 required argument: 'moons'",
    ),
    WithoutName: (qualname(WithoutName), "cannot be loaded: AttributeError: _name"),
    NotRegistered: (
        qualname(NotRegistered),
        (
            f"cannot be loaded: _TimetableNotRegistered: Timetable class '{qualname(NotRegistered)}' is not registered "
            "or you have a top level database access that disrupted the session. Please check the airflow best "
            "practices documentation."
        ),
    ),
}
CALLS = [
    ("trigger_dag", {"workflow_name": "moons"}, "/dags/moons/dagRuns", {}),
    (
        "run_task_instance",
        {"dag_id": "moons", "run_id": "r", "tasks": "only"},
        "/dags/moons/dagRuns/partial",
        {"task_ids": ["only"]},
    ),
]


def _store(schedule: Any, session: Any) -> None:
    from airflow.models.dag import DAG
    from airflow.operators.empty import EmptyOperator

    dag = DAG("moons", start_date=dag_runs.START, schedule=schedule, catchup=False)
    EmptyOperator(task_id="only", dag=dag)
    dag_runs.store(dag, session)


@pytest.fixture
def registered(monkeypatch):
    """Register timetables as an Airflow plugin does; return the dictionary of them."""
    from airflow import plugins_manager

    plugins_manager.initialize_timetables_plugins()
    known = {qualname(timetable): timetable for timetable in FAMILY}
    monkeypatch.setattr(plugins_manager, "timetable_classes", known)
    return known


def _general(sentence: str) -> str:
    sentence = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", "TIME", sentence)
    return re.sub(r"KeyError: \d{4}", "KeyError: YEAR", sentence)


@pytest.mark.parametrize(("operation", "arguments", "path", "body"), CALLS)
@pytest.mark.parametrize("timetable", FAMILY)
def test_a_timetable_whose_own_code_fails(
    old_door, typed_door, session, registered, monkeypatch, timetable, operation, arguments, path, body
):
    """Whatever a timetable of the users' own raises or returns, the answer is 409 with its name, and no run is made."""
    _store(timetable(), session)
    monkeypatch.setattr(WithoutName, "is_stored", True)
    if timetable is NotRegistered:
        del registered[qualname(timetable)]
    schedule, reason = FAMILY[timetable]
    if timetable in {WithoutRunId, WithWrongRunId}:
        arguments = {name: value for name, value in arguments.items() if name != "run_id"}
    expected = (
        f"The schedule `{schedule}` of the DAG `moons` {reason}; mend the DAG's schedule, or the code of its "
        "timetable, and try again"
    )
    status, problem = typed_door("POST", path, json=body)
    assert (status, _general(problem["detail"])) == (409, expected)
    assert problem["type"].endswith("/problems/schedule-fails")
    if "run_id" in arguments or operation == "trigger_dag":  # the old door's run_task_instance needs a run_id
        status, answer = old_door(operation, method="POST", form=arguments)
        assert (status, {"error": _general(answer["error"])}) == (409, {"error": expected})
    assert typed_door("GET", "/dags/moons/dagRuns")[1]["total_entries"] == 0


def test_a_cron_that_never_comes(old_door, typed_door, session):
    """The thirtieth of February, which Airflow's own check of a DAG lets pass."""
    _store("0 0 30 2 *", session)
    expected = (
        "The schedule `0 0 30 2 *` of the DAG `moons` fails for a run of TIME: CroniterBadDateError: failed to find "
        "prev date; mend the DAG's schedule, or the code of its timetable, and try again"
    )
    status, problem = typed_door("POST", "/dags/moons/dagRuns", json={})
    assert (status, _general(problem["detail"])) == (409, expected)
    status, answer = old_door("trigger_dag", method="POST", json={"workflow_name": "moons"})
    assert (status, _general(answer["error"])) == (409, expected)
