"""Waits until the DAG processor has parsed what was deployed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.connection import Api

_POLL = 1.0


def parsed_state(api: Api, deployment: Mapping[str, Any], deadline: float, nodes: int | None = None) -> dict[str, Any]:
    """Return state and import error of a deployment as soon as it is parsed, or as they are at the deadline.

    deployment: the answer to a deploy with `wait`, whose state is pending if the server could not wait so long.
    deadline: by time.monotonic(). nodes: on how many hosts the DAG processors have to parse it; None for all that
    run.
    """
    state, import_error = deployment["state"], deployment.get("import_error")
    while state == "pending" and time.monotonic() < deadline:
        time.sleep(_POLL)
        dag = api.document("get_dag", dag_id=deployment["dag_id"])
        import_error = dag.get("import_error")
        state = dag["state"] if dag["state"] == "failed" or _is_parsed(dag, nodes) else "pending"
    return {"state": state, "import_error": import_error}


def _is_parsed(dag: Mapping[str, Any], number: int | None) -> bool:
    """Tell whether so many hosts, or all DAG processors that run, have parsed what is deployed.

    The deploy itself makes a DAG known to Airflow, so that its state is `parsed` before a DAG processor has read it.
    """
    nodes = dag.get("nodes") or ()
    parsed_nodes = [node for node in nodes if node["state"] == "parsed"]
    is_enough = (
        len(parsed_nodes) >= number if number else all(node in parsed_nodes for node in nodes if node["is_alive"])
    )
    return dag["state"] == "parsed" and dag["parsed_at"] is not None and is_enough
