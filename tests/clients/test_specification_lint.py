"""The specification passes the linters that its readers use, with their recommended rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openmetadata_airflow_apis.api import operations
from support.generated_clients import SPECIFICATION

HERE = Path(__file__).parent


def test_redocly_finds_nothing(node, tmp_path):
    """redocly has no complaint; each rule that is off has its reason in redocly.yaml."""
    printed = node(
        "redocly", "lint", SPECIFICATION, "--config", HERE / "redocly.yaml", "--format", "json", cwd=tmp_path
    )
    report = json.loads(printed[printed.index("{") :])
    assert report["problems"] == []
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_spectral_finds_nothing(node, tmp_path):
    """spectral has no complaint; each rule that is off has its reason in spectral.yaml."""
    arguments = ["--ruleset", HERE / "spectral.yaml", "--format", "json", "--quiet", "--fail-severity", "hint"]
    assert json.loads(node("spectral", "lint", SPECIFICATION, *arguments, cwd=tmp_path)) == []


def bodies():
    """Every body of the specification: where it stands, and what is written there."""
    document = operations.document()
    for name, item in document["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict) or "operationId" not in operation:
                continue
            for media, body in operation.get("requestBody", {"content": {}})["content"].items():
                yield f"{method} {name} {media}", body
            for status, answer in operation["responses"].items():
                while "$ref" in answer:
                    answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
                for body in answer["content"].values():
                    yield f"{method} {name} {status}", body


@pytest.mark.parametrize("body", [pytest.param(body, id=where) for where, body in bodies()])
def test_each_body_has_an_example(body):
    """Each request and each answer shows an example, its own or its schema's; the linters check that it fits."""
    name = body["schema"].get("$ref", "").rpartition("/")[2]  # a text has no schema of its own
    assert "example" in body or "example" in operations.document()["components"]["schemas"][name]


def test_nothing_stands_in_the_specification_that_generators_stumble_over():
    """No reference may be null, there is no choice between schemas, and no model would have to be given a name."""
    assert sorted(stumbling_blocks("", operations.document()["components"])) == []


def stumbling_blocks(place, node):
    """Where a generator would have to make something up."""
    if isinstance(node, list):
        for item in node:
            yield from stumbling_blocks(place, item)
    if not isinstance(node, dict):
        return
    if {"oneOf", "anyOf", "allOf", "not"} & set(node):
        yield place
    for key, value in node.items():
        if key == "properties":
            for name, schema in value.items():
                if "properties" in schema or "properties" in schema.get("items", {}):
                    yield f"{place}/{name}"
        if key not in {"example", "x-items"}:
            yield from stumbling_blocks(f"{place}/{key}", value)
