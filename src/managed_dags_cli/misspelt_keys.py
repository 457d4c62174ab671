"""Finds keys of tasks that are nearly those that every task may have.

Any other key is an argument of the task's operator, and only the server knows which arguments that takes. So without a
server a misspelt `depndencies` is a warning and no fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from managed_dags_cli.file_requests import definition_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.definition import Reading

_LIKENESS = 0.8
# Arguments of Airflow's own operators and sensors that are near to a key of every task, and right.
_ARGUMENTS = frozenset(
    {"execution_date", "execution_date_fn", "exponential_backoff", "operation", "postoperator", "preoperator"}
    | {"resource", "response_check", "response_filter"}
)


def near_misses(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield the pointer to each such key of a definition, and a sentence with the key that may be meant."""
    known_keys = definition_format("workflow_schema").properties("WorkflowTask")
    closest = definition_format("fault_messages").closest
    for index, task in enumerate(reading.definition["tasks"]):
        for place, arguments in (("arguments", task["arguments"]), ("partial", task.get("partial", {}))):
            for key in arguments:
                if key in known_keys or key in _ARGUMENTS:
                    continue
                near_key = closest(key, known_keys, likeness=_LIKENESS)
                if near_key is not None:
                    yield (
                        reading.pointer("tasks", index, place, key),
                        f"did you mean '{near_key}'? Whether the operator has an argument of this name, --server says",
                    )
