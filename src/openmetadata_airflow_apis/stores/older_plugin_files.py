"""How a file of the older plugin is told from ours, which stand at the same paths."""

from __future__ import annotations

import json

REASON = "is a file of the older plugin"
# Keys of request bodies, which the older plugin stored as they were sent.
_KEYS = frozenset({"dag_config", "tasks", "forceDeploy", "pauseWorkflow"})
# The function that its template calls.
_CALL = b"workflow_factory"


def is_workflow(data: bytes) -> bool:
    """Say whether a <dag_id>.json is a workflow that it stored: the body of its deploy, or the dag_config."""
    content = json_object(data)
    if "format" in content:
        return False
    blocks = [content, *(value for value in content.values() if isinstance(value, dict))]
    return any(not _KEYS.isdisjoint(block) for block in blocks)


def is_module(data: bytes) -> bool:
    """Say whether a <dag_id>.py, which is none of ours, was rendered by it."""
    return _CALL in data


def json_object(data: bytes) -> dict[str, object]:
    """Return the object of a JSON file; an empty one for any other content."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
