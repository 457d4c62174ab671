"""Turns what the older plugin stored of a workflow into a request for the same DAG.

What decides how often something runs stays as its release 0.1.0 had it: dates are read in the workflow's time zone
whatever their offset, and `retries` and `workflowCatchup` have no effect. All else is as its author wrote it:
`dependencies` are heeded, which that release started all at once. It replaced $NAME from the environment at each
parse; here that is a fault, with the value to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.json_limits import unfit_for_json
from openmetadata_airflow_apis.definition.places import Pointer
from openmetadata_airflow_apis.definition.workflow_files import read_json
from openmetadata_airflow_apis.errors import Fault, InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.definition.json_limits import SentObject

# Keys about that one deploy; in the request they would pause or unpause the DAG again.
_OF_THE_DEPLOY = ("forceDeploy", "pauseWorkflow", "unpauseWorkflow", "force", "pause", "unpause")
_WITHOUT_EFFECT = ("retries", "workflowCatchup")
_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d(?:[T ][\d:.]+)?)(?:Z|[+-]\d\d:?\d\d)")
_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")


@dataclass(frozen=True)
class OlderConfig:
    """The body of a request, and notes on it: a sentence for each thing that changes."""

    body: SentObject
    notes: tuple[str, ...]


def read_older_config(text: str | bytes) -> OlderConfig:
    """Return the request that a stored config means. Raises InvalidDefinition for what can't be one."""
    file = read_json(text)
    if len(file.requests) != 1 or not isinstance(file.requests[0], dict):
        raise InvalidDefinition([Fault("", "is not one workflow")])
    body: SentObject = file.requests[0]
    unfit = unfit_for_json(body)
    if unfit is not None:
        raise InvalidDefinition([unfit])
    faults = [
        Fault(pointer, f"the older plugin put the environment variable {name} in here at each parse; write its value")
        for pointer, name in _variables(body, Pointer(""))
    ]
    if faults:
        raise InvalidDefinition(faults)
    if isinstance(body.get("workflow"), dict):
        sent = body["workflow"]
        return OlderConfig({**body, "workflow": {key: sent[key] for key in sent if key not in _OF_THE_DEPLOY}}, ())
    return _flat(body)


def _flat(body: SentObject) -> OlderConfig:
    """Return the flat body without the keys that had no effect, and without those that were filled up with null."""
    left_out = (*_OF_THE_DEPLOY, *_WITHOUT_EFFECT)
    kept_keys = {
        key: value
        for key, value in body.items()
        if key not in left_out and (value is not None or key == "scheduleInterval")
    }
    notes = [f"{key} had no effect there and is left out" for key in _WITHOUT_EFFECT if key in body]
    for key in ("startDate", "endDate"):
        date = _OFFSET.fullmatch(str(kept_keys.get(key)))
        if date:
            kept_keys[key] = date[1]
        if date and not (str(body[key]).endswith("Z") and body.get("workflowTimezone") in (None, "UTC")):
            zone = body.get("workflowTimezone") or "UTC"
            notes.append(f"{key} is {date[1]} in {zone}, as it was read there")
    tasks = kept_keys.get("tasks")
    if isinstance(tasks, list) and any(task.get("dependencies") for task in tasks if isinstance(task, dict)):
        notes.append("dependencies are heeded from now on; release 0.1.0 started all tasks at once")
    return OlderConfig(kept_keys, tuple(notes))


def _variables(value: Any, place: Pointer) -> Iterator[tuple[str, str]]:
    """Yield the pointer and the name of each environment variable in the texts of a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _variables(item, place / key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _variables(item, place / index)
    elif isinstance(value, str):
        yield from ((str(place), variable[0]) for variable in _VARIABLE.finditer(value))
