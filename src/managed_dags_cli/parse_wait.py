"""Waiting until the DAG processor has parsed what was deployed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.api import Api


def parsed_state(api: Api, deployment: Mapping[str, Any], deadline: float) -> dict[str, Any]:
    """Return state and import error of a deployment as soon as it is parsed, or as they are at the deadline.

    deadline: of time.monotonic().
    """
    seen: Mapping[str, Any] = deployment
    while seen["state"] == "pending" and time.monotonic() < deadline:
        time.sleep(1)
        seen = api.document("get_dag", dag_id=deployment["dag_id"])
    return {"state": seen["state"], "import_error": seen.get("import_error")}
