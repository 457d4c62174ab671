"""Values as JSON, as answers have them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from openmetadata_airflow_apis.api import json_answers
from openmetadata_airflow_apis.api.wait_limit import waiting_time


@dataclass(frozen=True)
class Run:
    """A run of a DAG, as an answer has it."""

    run_id: str
    end_date: datetime | None


@dataclass(frozen=True)
class Dag:
    """A DAG, as an answer has it."""

    dag_id: str
    import_error: str | None
    last_run: Run | None


def test_dates_are_in_utc_and_null_stays_null():
    """A date is RFC 3339 in UTC with six decimals, a value that there isn't is null."""
    ended = datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert json_answers.to_json(Dag("hello", None, Run("r1", ended))) == {
        "dag_id": "hello",
        "import_error": None,
        "last_run": {"run_id": "r1", "end_date": "2024-01-01T00:00:00.000000Z"},
    }


def test_an_object_that_is_not_there_is_left_out():
    """A DAG that never ran has no last_run, rather than one that is null."""
    assert json_answers.to_json([Dag("hello", None, None)]) == [{"dag_id": "hello", "import_error": None}]


def test_a_long_list_is_written_in_one_line():
    """An answer is indented for people; one that lists thousands is not, which takes a twentieth of the time."""
    written = json_answers.Json(json, indent=2)
    short, long = ({"dag_id": "hello", "task_instances": [{"map_index": each} for each in range(n)]} for n in (2, 201))
    assert written.dumps(short) == json.dumps(short, indent=2) + "\n"
    assert written.dumps(long) == json.dumps(long) + "\n"
    in_parts = {"dag_runs": [{"task_instances": [{"map_index": each} for each in range(n)]} for n in (100, 101)]}
    assert written.dumps(in_parts) == json.dumps(in_parts) + "\n"
    assert written.dumps([]) == "[]\n"


@pytest.mark.parametrize(
    ("limit", "asked", "waited"), [(120, 60, 60), (120, 120, 110), (30, 60, 20), (5, 60, 0), (0, 120, 120)]
)
def test_a_wait_ends_before_the_webserver_ends_the_request(monkeypatch, limit: int, asked: int, waited: int):
    """A wait is cut where gunicorn would end the worker, which answers nothing; 0 is no limit."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__WEB_SERVER_WORKER_TIMEOUT", str(limit))
    assert waiting_time(asked) == waited
