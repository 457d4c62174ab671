"""Datasets by their names in a file below dag_managed_operators, in schedules, inlets and outlets."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from openmetadata_airflow_apis.definition import read_workflow
from support.workflows import bash, request

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)
FORM = 'such a file has "datasets", a list of maps with "name" and "uri"'
FILES = {
    "datasets.yaml": """\
datasets:
  - name: orders
    uri: s3://lake/orders
    owner: shop
  - {name: stock, uri: "s3://lake/stock?a=1 & b=2"}
  - {name: new customers, uri: s3://lake/customers}
other: true
""",
    "datasets.json": '{"datasets": [{"name": "orders", "uri": "s3://lake/orders"}]}',
    "empty.yaml": "",
    "text.yaml": "orders",
    "map.yaml": "datasets: {orders: s3://lake/orders}",
    "broken.yaml": "datasets:\n  - {name: orders\n",
    "twice.yaml": "datasets:\n  - {name: a, uri: s3://a}\n  - {name: a, uri: s3://b}",
    "nameless.yaml": "datasets:\n  - {name: a, uri: s3://a}\n  - {uri: s3://b}",
    "scheme.yaml": "datasets:\n\n  - {name: a, uri: 'airflow://a'}",
    "tag.yaml": "datasets:\n  - {name: a, uri: !env URI}",
}
ORDERS = {"$dataset": {"uri": "s3://lake/orders"}}
STOCK = {"$dataset": {"uri": "s3://lake/stock?a=1 & b=2"}}
CUSTOMERS = {"$dataset": {"uri": "s3://lake/customers"}}


def read_document(file: str) -> str:
    if file not in FILES:
        raise ValueError(f"there is no file '{file}' in dag_managed_operators")
    return FILES[file]


def read(key: str, value: Any) -> Any:
    """Return the reading of a DAG with that schedule, or of a task with those inlets or outlets."""
    task = bash() if key == "schedule" else bash(**{key: value})
    schedule = value if key == "schedule" else None
    document = request(start_date="2024-01-01", schedule=schedule, tasks={"a": task})
    return read_workflow(document, now=NOW, read_document=read_document)


@pytest.mark.parametrize(
    ("datasets", "schedule"),
    [
        (["orders", "stock"], [ORDERS, STOCK]),
        ("orders", [ORDERS]),
        ("new customers", [CUSTOMERS]),
        ("orders & stock", {"$all": [ORDERS, STOCK]}),
        ("(orders&stock)|orders", {"$any": [{"$all": [ORDERS, STOCK]}, ORDERS]}),
        ({"__or__": ["orders", {"__and__": ["stock", "new customers"]}]}, {"$any": [ORDERS, {"$all": [STOCK, CUSTOMERS]}]}),
        (["orders | stock", "new customers"], {"$all": [{"$any": [ORDERS, STOCK]}, CUSTOMERS]}),
        (["orders & stock", "new customers"], [ORDERS, STOCK, CUSTOMERS]),
    ],
)  # fmt: skip
def test_a_schedule_of_names(datasets: Any, schedule: Any) -> None:
    """Names in a list, in a condition and in its text are the datasets that the file has."""
    reading = read("schedule", {"file": "datasets.yaml", "datasets": datasets})
    assert reading.faults == ()
    assert reading.definition["dag"]["schedule"] == schedule


def test_names_beside_a_timetable() -> None:
    """Names go wherever URIs do, beside a timetable too."""
    timetable = {"__type__": "airflow.timetables.trigger.CronTriggerTimetable", "cron": "@daily", "timezone": "UTC"}
    by_uri = read("schedule", {"datasets": ["s3://lake/orders"], "timetable": timetable})
    by_name = read("schedule", {"file": "datasets.json", "datasets": ["orders"], "timetable": timetable})
    assert by_name.faults == ()
    assert by_name.definition == by_uri.definition


@pytest.mark.parametrize("key", ["inlets", "outlets"])
@pytest.mark.parametrize(
    ("value", "datasets"),
    [
        ({"file": "datasets.yaml", "datasets": ["stock", "orders"]}, [STOCK, ORDERS]),
        ({"file": "datasets.yaml", "datasets": "orders"}, [ORDERS]),
        ({"file": "datasets.yaml", "datasets": "stock & (orders & stock)"}, [STOCK, ORDERS, STOCK]),
        ("s3://lake/orders & s3://lake/customers", [ORDERS, CUSTOMERS]),
        (["(s3://lake/orders & s3://lake/customers)"], [ORDERS, CUSTOMERS]),
        ({"__and__": ["s3://lake/orders", "s3://lake/customers"]}, [ORDERS, CUSTOMERS]),
        ({"datasets": "s3://lake/orders & s3://lake/customers"}, [ORDERS, CUSTOMERS]),
        ("s3://lake/stock?a=1&b=2", [{"$dataset": {"uri": "s3://lake/stock?a=1&b=2"}}]),
    ],
)  # fmt: skip
def test_datasets_of_a_task(key: str, value: Any, datasets: Any) -> None:
    """A task has all datasets of a list, or of a condition with `&`; a sign within a URI is part of it."""
    reading = read(key, value)
    assert reading.faults == ()
    assert reading.definition["tasks"][0]["arguments"][key] == datasets


@pytest.mark.parametrize(
    "value",
    [
        "s3://lake/orders | s3://lake/stock",
        {"__or__": ["s3://lake/orders", "s3://lake/stock"]},
        {"file": "datasets.yaml", "datasets": "orders & (orders | stock)"},
    ],
)
def test_a_task_has_no_choice_of_datasets(value: Any) -> None:
    """What would let Airflow choose among a task's datasets is a fault, with the form that works."""
    assert [fault.detail for fault in read("outlets", value).faults] == [
        "is a choice, and a task has all of its outlets; give them in a list"
    ]


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        ("datsets.yaml", "there is no file 'datsets.yaml' in dag_managed_operators"),
        ("/opt/airflow/dags/datasets.yaml", "'/opt/airflow/dags/datasets.yaml' is an absolute path: copy "
         "/opt/airflow/dags/datasets.yaml into dag_managed_operators and write datasets.yaml"),
        ("../datasets.yaml", "'../datasets.yaml' leaves dag_managed_operators: copy ../datasets.yaml into "
         "dag_managed_operators and write datasets.yaml"),
        ("$HOME/datasets.yaml", "'$HOME/datasets.yaml' has a variable of the environment in it, and none is read: copy "
         "$HOME/datasets.yaml into dag_managed_operators and write datasets.yaml"),
        (["datasets.yaml"], "is a list; give the path of a file below dag_managed_operators"),
        ("empty.yaml", "the file 'empty.yaml' in dag_managed_operators: is empty"),
        ("text.yaml", f"the file 'text.yaml' in dag_managed_operators: has no datasets; {FORM}"),
        ("map.yaml", f"the file 'map.yaml' in dag_managed_operators: has no datasets; {FORM}"),
        ("broken.yaml", "the file 'broken.yaml' in dag_managed_operators, line 3: is no YAML: while parsing a flow mapping "
         "from line 2, did not find expected ',' or '}'"),
        ("twice.yaml", "the file 'twice.yaml' in dag_managed_operators, line 3: the dataset 'a' is there with two URIs; "
         "give each its own name"),
        ("nameless.yaml", f"the file 'nameless.yaml' in dag_managed_operators, line 3: is no dataset; {FORM}"),
        ("scheme.yaml", "the file 'scheme.yaml' in dag_managed_operators, line 3: the URI of 'a' has the scheme 'airflow', "
         "which Airflow keeps for itself"),
        ("tag.yaml", "the file 'tag.yaml' in dag_managed_operators, line 2: /datasets/0/uri: has the unknown tag '!env'; "
         "known are !join, !and and !or"),
    ],
)  # fmt: skip
def test_a_file_of_datasets_that_cannot_be_used(file: Any, fault: str) -> None:
    """What is wrong with a file of datasets is said at its name, with the line in it and what to do."""
    reading = read("schedule", {"file": file, "datasets": ["a"]})
    assert [(fault.pointer, fault.detail) for fault in reading.faults] == [
        ("/workflow/dag_config/nightly/schedule/file", fault)
    ]


@pytest.mark.parametrize(
    ("value", "place", "fault"),
    [
        ({"datasets": ["orders", "ordrs"]}, "/datasets/1",
         "the file 'datasets.yaml' has no dataset 'ordrs'; did you mean 'orders'?"),
        ({"datasets": "orders & (stock | nothing)"}, "/datasets",
         "the file 'datasets.yaml' has no dataset 'nothing'; there are 'orders', 'stock', 'new customers'"),
        ({"datasets": ["s3://lake/orders"]}, "/datasets/0",
         "the file 'datasets.yaml' has no dataset 's3://lake/orders'; names stand there, and URIs in a list without 'file'"),
        ({"datasets": "orders & "}, "/datasets",
         "has its end where a dataset is wanted; give names with '&', '|' and brackets: (a & b) | c"),
        ({"datasets": 3}, "/datasets",
         "is the number 3; give a list of dataset URIs, or a map with '__and__' or '__or__' and such a list"),
        ({"datasets": [3]}, "/datasets/0", "is the number 3; give the URI of a dataset"),
        ({}, "", "'datasets' is missing: the names of datasets in the file, or a condition on them"),
    ],
)  # fmt: skip
def test_names_that_a_file_does_not_have(value: dict[str, Any], place: str, fault: str) -> None:
    """A name that the file doesn't have is a fault at its place; dag-factory would leave it out."""
    reading = read("schedule", {"file": "datasets.yaml", **value})
    assert [(fault.pointer, fault.detail) for fault in reading.faults] == [
        (f"/workflow/dag_config/nightly/schedule{place}", fault)
    ]
