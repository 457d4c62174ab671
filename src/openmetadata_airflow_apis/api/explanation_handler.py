"""Handler of explain_dag_run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow.utils.session import create_session
from flask import request

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import json_answers, operations
from openmetadata_airflow_apis.security.operation_permissions import refusal

if TYPE_CHECKING:
    from openmetadata_airflow_apis.runs import HelpfulCall

# Operations of Airflow's stable API that this API does not have.
_AIRFLOWS_OWN = {
    "patch_pool": ("PATCH", "/api/v1/pools/{pool_name}"),
}


def explain_dag_run(dag_id: str, run_id: str) -> dict[str, Any]:
    """Answer why a run failed, or what it waits for."""
    log_refusal = refusal("task_log", dag_id)
    with create_session() as session:
        explanation = runs.explain_dag_run(
            dag_id,
            run_id,
            logs_withheld=f"Logs are not shown: {log_refusal}." if log_refusal else None,
            session=session,
        )
    return {**json_answers.to_json(explanation), "calls": [_call(call) for call in explanation.calls]}


def _call(call: HelpfulCall) -> dict[str, Any]:
    operation = operations.operations().get(call.operation_id)
    method, path = (operation.method.upper(), operation.path) if operation else _AIRFLOWS_OWN[call.operation_id]
    query = {name: value for name, value in call.arguments.items() if f"{{{name}}}" not in path}
    filled_path = path.format(**{name: quote(str(value), safe="") for name, value in call.arguments.items()})
    return {
        "operation_id": call.operation_id,
        "method": method,
        "path": f"{request.script_root}{filled_path}{'?' if query else ''}{urlencode(query)}",
        "body": call.body,
        "reason": call.reason,
    }
