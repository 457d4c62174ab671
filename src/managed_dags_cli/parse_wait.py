"""Waiting until the DAG processor has parsed what was deployed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.api import Api

_POLL = 1.0


def parsed_state(api: Api, deployment: Mapping[str, Any], deadline: float) -> dict[str, Any]:
    """Return state and import error of a deployment as soon as it is parsed, or as they are at the deadline.

    deployment: the answer to a deploy with `wait`, whose state is pending where the server could not wait so long.
    deadline: of time.monotonic().
    """
    state, import_error = deployment["state"], deployment.get("import_error")
    while state == "pending" and time.monotonic() < deadline:
        time.sleep(_POLL)
        dag = api.document("get_dag", dag_id=deployment["dag_id"])
        import_error = dag.get("import_error")
        state = dag["state"] if dag["state"] == "failed" or _is_parsed(dag) else "pending"
    return {"state": state, "import_error": import_error}


def _is_parsed(dag: Mapping[str, Any]) -> bool:
    """Say whether each DAG processor that runs has parsed what is deployed.

    The deploy itself makes a DAG known, so that its state is parsed before the DAG processor has looked at it.
    """
    behind = [node for node in dag.get("nodes") or () if node["is_alive"] and node["state"] != "parsed"]
    return dag["state"] == "parsed" and dag["parsed_at"] is not None and not behind
