"""Checks the text in the editor while somebody who may deploy writes it: its DAGs, and every fault with its place."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from flask import abort, current_app, jsonify, request

from openmetadata_airflow_apis.checks.workflow_check import check_file
from openmetadata_airflow_apis.console.page_permissions import refuse_unless_may_deploy
from openmetadata_airflow_apis.definition import read_json, read_yaml
from openmetadata_airflow_apis.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from openmetadata_airflow_apis.definition import WorkflowFile
    from openmetadata_airflow_apis.errors import Fault
    from openmetadata_airflow_apis.settings import Settings


def check_answer() -> Response:
    """Answer check_text for the text that the editor sent, to users who may deploy."""
    refuse_unless_may_deploy()
    settings = current_app.extensions["openmetadata_airflow_apis"].settings
    return jsonify(check_text(sent_text(settings.max_body_bytes), settings))


def sent_text(limit: int) -> bytes:
    """Return the body of the request; 413 if it is longer than limit, in bytes."""
    if (request.content_length or 0) > limit:
        abort(413)
    if "wsgi.input_terminated" in request.environ:  # gunicorn, which ends a body in chunks as well: it has no length
        try:
            text = request.environ["wsgi.input"].read(limit + 1)
        except (OSError, ValueError):  # gunicorn raises these for chunks that are not well formed
            abort(400)
    else:
        text = request.get_data()
    if len(text) > limit:
        abort(413)
    return text


def check_text(text: bytes, settings: Settings) -> dict[str, Any]:
    """Check a text as a deploy would, in JSON or in YAML, with one DAG or a file of them.

    Returns `faults`, if the text can't be read, and `dags`. Each DAG has `name`, its key in a file of several;
    `request`, the JSON text that deploys it; `is_well`; `faults`; and `dag_id` and `definition`, the canonical one,
    both None if there are faults.
    """
    try:
        file = read_json(text) if is_json(text) else read_yaml(text)
    except InvalidDefinition as error:
        return {"faults": _as_json(error.faults), "dags": []}
    return {"faults": [], "dags": _dags(file, settings)}


def is_json(text: bytes) -> bool:
    """Say whether a text is JSON and not YAML: it begins with a brace."""
    return text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def _dags(file: WorkflowFile, settings: Settings) -> list[dict[str, Any]]:
    dags = []
    results = check_file(file, settings, now=datetime.now(timezone.utc))
    for name, dag_request, result in zip(file.names, file.requests, results):
        dag: dict[str, Any] = {"name": name, "request": json.dumps(dag_request, indent=2, ensure_ascii=False)}
        if isinstance(result, list):
            dag.update(is_well=False, dag_id=None, definition=None, faults=_as_json(result))
        else:
            dag.update(is_well=True, dag_id=result.dag_id, definition=result.definition, faults=[])
        dags.append(dag)
    return dags


def _as_json(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [fault._asdict() for fault in faults]
