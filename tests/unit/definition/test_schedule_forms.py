"""Schedules on datasets, as text and beside a timetable, and the dates and durations of their objects."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from openmetadata_airflow_apis.definition import read_workflow
from openmetadata_airflow_apis.definition.datasets import condition_of_text
from support.workflows import bash, request

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)

DAILY = {"__type__": "airflow.timetables.trigger.CronTriggerTimetable", "cron": "@daily", "timezone": "UTC"}


def read_schedule(schedule: Any) -> Any:
    """Return the reading of a DAG with a schedule."""
    return read_workflow(request(start_date="2024-01-01", schedule=schedule, tasks={"a": bash()}), now=NOW)


def faults_of(schedule: Any) -> list[tuple[str, str]]:
    """Return the faults of a schedule, their places below it."""
    return [(fault.pointer.partition("/schedule")[2], fault.detail) for fault in read_schedule(schedule).faults]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("a", "a"),
        ("(a)", "a"),
        ("a & b", {"__and__": ["a", "b"]}),
        ("a|b|c", {"__or__": ["a", "b", "c"]}),
        ("a | b & c", {"__or__": ["a", {"__and__": ["b", "c"]}]}),
        ("(a | b) & c", {"__and__": [{"__or__": ["a", "b"]}, "c"]}),
        ("((a & b) | c)", {"__or__": [{"__and__": ["a", "b"]}, "c"]}),
    ],
)
def test_a_condition_as_text(text: str, condition: Any) -> None:
    """`&` binds closer than `|`, as in Python, and brackets closer than both."""
    assert condition_of_text(text) == condition


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("a &", "has its end where a dataset is wanted"),
        ("& a", "has '&' where a dataset is wanted"),
        ("(a | b", "has a '(' without its ')'"),
        ("a b", "has 'b' where '&' or '|' is wanted"),
        ("a)", "has ')' where '&' or '|' is wanted"),
    ],
)
def test_a_text_that_is_no_condition(text: str, fault: str) -> None:
    """What is wrong with a condition is said at its place, with the form that works."""
    cure = "give URIs with '&', '|' and brackets, such as (s3://a & s3://b) | s3://c"
    assert faults_of({"datasets": text}) == [("/datasets", f"{fault}; {cure}")]


def test_a_dataset_in_a_text_is_checked_as_any() -> None:
    """A URI in a text that Airflow would refuse is a fault at the text."""
    assert faults_of({"datasets": "s3://a & airflow:b"}) == [
        ("/datasets", "has the scheme 'airflow', which Airflow keeps for itself")
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        {"datasets": ["s3://a"], "timetable": DAILY},
        {"datasets": "s3://a", "timetable": DAILY},
        {
            "__type__": "airflow.timetables.datasets.DatasetOrTimeSchedule",
            "datasets": ["s3://a"],
            "timetable": {
                "callable": "airflow.timetables.trigger.CronTriggerTimetable",
                "params": {"cron": "@daily", "timezone": "UTC"},
            },
        },
    ],
)
def test_datasets_or_time(schedule: dict[str, Any]) -> None:
    """Datasets beside a timetable are a DatasetOrTimeSchedule, in each of its spellings."""
    timetable = {
        "$call": {
            "path": "airflow.timetables.trigger.CronTriggerTimetable",
            "args": [],
            "kwargs": {"cron": "@daily", "timezone": "UTC"},
        }
    }
    assert read_schedule(schedule).definition["dag"]["schedule"] == {
        "$call": {
            "path": "airflow.timetables.datasets.DatasetOrTimeSchedule",
            "args": [],
            "kwargs": {"timetable": timetable, "datasets": [{"$dataset": {"uri": "s3://a"}}]},
        }
    }


@pytest.mark.parametrize(
    ("schedule", "faults"),
    [
        (
            {"datasets": ["s3://a"], "timetable": "@daily"},
            [("/timetable", "is the text '@daily'; give a `__type__` timetable")],
        ),
        (
            {"datasets": ["s3://a"], "timetable": {"__type__": "datetime.timedelta", "days": 1}},
            [("/timetable/__type__", "is no timetable; give one of airflow.timetables")],
        ),
        (
            {"__type__": "datetime.timedelta", "__args__": [1], "days": 1},
            [("/days", "is among the '__args__' as well; give it once")],
        ),
        (
            {"__type__": "datetime.timedelta", "__args__": ["1"]},
            [
                (
                    "/__args__",
                    "of a timedelta are numbers, in this order: days, seconds, microseconds, milliseconds, minutes, "
                    "hours, weeks",
                )
            ],
        ),
        (
            {
                "__type__": "airflow.timetables.events.EventsTimetable",
                "event_dates": [{"__type__": "pendulum.datetime", "year": 2024, "month": 1, "day": 1, "tz": "Mars"}],
            },
            [("/event_dates/0/tz", "'Mars' is no IANA time zone; give one such as Europe/Berlin")],
        ),
    ],
)
def test_schedules_at_fault(schedule: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    """What is wrong inside a schedule is told at its place."""
    assert faults_of(schedule) == faults
