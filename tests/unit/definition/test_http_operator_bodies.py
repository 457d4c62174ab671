"""The bodies of HTTP requests whose headers say JSON, where `data` or the headers stand in default_args."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from openmetadata_airflow_apis.definition import read_workflow
from support.workflows import request

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
HTTP = {"operator": "airflow.providers.http.operators.http.HttpOperator", "endpoint": "orders"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
START = {"owner": "ann", "start_date": "2024-01-01"}


def arguments_of(default_args: dict[str, Any], task: dict[str, Any], **dag: Any) -> dict[str, Any]:
    """Return the arguments, with `partial`, of the only task of a DAG."""
    body = request(default_args={**START, **default_args}, tasks={"send": {**HTTP, **task}}, **dag)
    reading = read_workflow(body, now=NOW)
    assert reading.faults == ()
    (send,) = reading.definition["tasks"]
    return {**send["arguments"], **send.get("partial", {})}


@pytest.mark.parametrize("data", [{"day": "{{ ds }}"}, [1, "two"]], ids=["a map", "a list"])
@pytest.mark.parametrize("headers_at_the_task", [True, False])
def test_data_in_default_args(data: Any, headers_at_the_task: bool):
    """A map or a list in default_args is the JSON text of each task that sends JSON."""
    text = {"day": '{"day": "{{ ds }}"}', 1: '[1, "two"]'}[next(iter(data))]
    if headers_at_the_task:
        assert arguments_of({"data": data}, {"headers": JSON})["data"] == text
    else:
        assert arguments_of({"data": data, "headers": JSON}, {}) == {"endpoint": "orders", "data": text}


@pytest.mark.parametrize("task", [{"headers": FORM}, {"headers": JSON, "method": "GET"}], ids=["form", "query"])
def test_data_of_another_kind(task: dict[str, Any]):
    """A task that sends a form or a query takes the map from default_args as it is."""
    assert arguments_of({"data": {"day": "1"}}, task) == {"endpoint": "orders", **task}


def test_a_text_in_default_args():
    """What is a text already stays in default_args, and is not repeated at the task."""
    assert arguments_of({"data": "{}"}, {"headers": JSON}) == {"endpoint": "orders", "headers": JSON}


def test_the_task_goes_first():
    """The task's own data is sent, and not that of default_args."""
    sent = arguments_of({"data": {"day": 1}}, {"headers": JSON, "data": {"day": 2}})
    assert sent["data"] == '{"day": 2}'
    assert arguments_of({"data": {"day": 1}}, {"headers": JSON, "data": "{}"})["data"] == "{}"


def test_data_of_a_mapped_task():
    """A mapped task takes it too, unless it is what the task is mapped over."""
    over_endpoints = {**HTTP, "partial": {"headers": JSON}, "expand": {"endpoint": ["a", "b"]}}
    del over_endpoints["endpoint"]
    over_bodies = {**HTTP, "headers": JSON, "expand": {"data": [{"day": 2}]}}
    body = request(
        default_args={**START, "data": {"day": 1}}, tasks={"endpoints": over_endpoints, "bodies": over_bodies}
    )
    reading = read_workflow(body, now=NOW)
    assert reading.faults == ()
    endpoints, bodies = reading.definition["tasks"]
    assert endpoints["arguments"] == {"data": '{"day": 1}'}
    assert (bodies["arguments"], bodies["expand"]) == (
        {"endpoint": "orders", "headers": JSON},
        {"data": ['{"day": 2}']},
    )


def test_default_args_of_groups():
    """The default_args of a group go before the DAG's, those of an inner group before those of the outer one."""
    groups = {
        "outer": {"default_args": {"headers": JSON, "data": {"day": 2}}},
        "inner": {"parent_group_name": "outer", "default_args": {"data": {"day": 3}}},
    }
    in_outer = arguments_of({"data": {"day": 1}}, {"task_group_name": "outer"}, task_groups=groups)
    assert in_outer == {"endpoint": "orders", "data": '{"day": 2}'}
    in_inner = arguments_of({"data": {"day": 1}}, {"task_group_name": "inner"}, task_groups=groups)
    assert in_inner == {"endpoint": "orders", "data": '{"day": 3}'}


def test_what_is_no_json():
    """An object in default_args that JSON doesn't have is a fault of each task that sends it."""
    date = {"__type__": "datetime.datetime", "year": 2026, "month": 1, "day": 1}
    body = request(default_args={**START, "data": {"day": date}}, tasks={"send": {**HTTP, "headers": JSON}})
    (fault,) = read_workflow(body, now=NOW).faults
    assert fault.detail == (
        "is sent as JSON, in which an output, a date or another object can't stand; write texts, such as "
        "\"{{ ti.xcom_pull(task_ids='extract') }}\""
    )
