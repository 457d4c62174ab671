"""Writes the calls that the server recommends as commands of this program."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

# operationId → the command that takes its DAG, run and task in this order.
_COMMANDS = {
    "explain_dag_run": "explain",
    "get_dag": "get",
    "kill_running_tasks": "kill",
    "restart_failed_task": "restart",
    "skip_task_instance": "skip",
    "succeed_task_instance": "succeed",
    "task_log": "logs",
    "trigger_dag": "trigger",
}
# The query's parameters, as options of the command.
_OPTIONS = {"map_index": "--map-index", "try_number": "--try"}
_LATEST_TRY = ("try_number", ["0"])


def command_for(call: Mapping[str, Any]) -> str:
    """Return the command that does what a HelpfulCall says, or the request itself if no command does it."""
    parts = urlsplit(call["path"])
    path = [unquote(part) for part in parts.path.split("/")]
    query = parse_qs(parts.query)
    places = [path[path.index(key) + 1] for key in ("dags", "dagRuns", "taskInstances") if key in path[:-1]]
    name = _COMMANDS.get(call["operation_id"])
    if call["operation_id"] == "patch_dag" and list(call["body"] or {}) == ["is_paused"]:
        name = "pause" if call["body"]["is_paused"] else "unpause"
    elif call["body"] or not set(query) <= set(_OPTIONS):
        name = None
    if name is None:
        body = f" {json.dumps(call['body'])}" if call["body"] else ""
        return f"{call['method']} {call['path']}{body}"
    # The 0th try is the latest one, which the command means without the option; the map_index 0 is an instance.
    options = [
        word for key, values in query.items() if (key, values) != _LATEST_TRY for word in (_OPTIONS[key], values[0])
    ]
    return shlex.join(["managed-dags", name, *places, *options])
