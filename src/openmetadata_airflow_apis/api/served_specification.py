"""Serves the specification, the JSON Schema of workflows, and Airflow's copy of Swagger UI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from flask import Response, render_template_string, request, send_from_directory, url_for

from openmetadata_airflow_apis.api import operations
from openmetadata_airflow_apis.definition import json_schema

if TYPE_CHECKING:
    from flask import Blueprint

ENDPOINTS = {"openapi_json", "openapi_yaml", "workflow_schema", "swagger_ui", "swagger_ui_file"}


def add_routes(blueprint: Blueprint) -> None:
    """Add the documents' routes to the API's blueprint; they say nothing secret and need no token."""
    from airflow.configuration import conf

    add = blueprint.add_url_rule
    add("/rest_api/api/openapi.json", "openapi_json", _openapi_json)
    add("/rest_api/api/openapi.yaml", "openapi_yaml", _openapi_yaml)
    add("/rest_api/api/schemas/workflow.json", "workflow_schema", _workflow_schema)
    if conf.getboolean("api", "enable_swagger_ui", fallback=True):
        add("/rest_api/api/ui/", "swagger_ui", _swagger_ui)
        add("/rest_api/api/ui/<path:filename>", "swagger_ui_file", _swagger_ui_file)


def served_document() -> dict[str, Any]:
    """Return the specification with this webserver's own path prefix as its server."""
    return {**operations.document(), "servers": [{"url": request.script_root or "/"}]}


def _openapi_json() -> Response:
    return Response(json.dumps(served_document()), content_type="application/json")


def _openapi_yaml() -> Response:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(served_document(), Dumper=dumper, sort_keys=False, allow_unicode=True)
    return Response(text, content_type="application/yaml")


def _workflow_schema() -> Response:
    return Response(json.dumps(json_schema()), content_type="application/schema+json")


def _bundle() -> Path:
    import airflow.www

    return Path(airflow.www.__file__).parent / "static" / "dist" / "swagger-ui"


def _swagger_ui() -> str:
    return render_template_string(
        (_bundle() / "index.j2").read_text(encoding="utf-8"), openapi_spec_url=url_for(".openapi_json")
    )


def _swagger_ui_file(filename: str) -> Response:
    return send_from_directory(_bundle(), filename)
