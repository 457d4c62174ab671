"""`force`, `pause` and `unpause`: the keys that are of a deploy, not of its DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.key_readers import read_flag
from openmetadata_airflow_apis.definition.places import WORKFLOW_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.reading_context import Context


def read_deploy_flags(context: Context, keys: Mapping[str, Any]) -> tuple[bool, bool | None]:
    """Return whether to replace a workflow, and whether its DAG is paused afterwards (None: no change)."""

    def flag(key: str) -> bool:
        return read_flag(context, keys.get(key, False), WORKFLOW_KEYS / key) is True

    force, pause, unpause = flag("force"), flag("pause"), flag("unpause")
    if pause and unpause:
        context.fault(WORKFLOW_KEYS / "unpause", "is true beside 'pause'; a DAG can't be both, leave one of them out")
    return force, pause if pause or unpause else None
