"""An explanation in a few sentences, as one would say it to a colleague."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.runs.printed_exceptions import shortened
from openmetadata_airflow_apis.runs.waiting_reasons import only_upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.runs.explanation_results import DagRunExplanation, TaskFailure, WaitingTask

_REASON_CHARACTERS = 300


def summarize(explanation: DagRunExplanation) -> DagRunExplanation:
    """Return the explanation with its summary."""
    return replace(explanation, summary=" ".join(_sentences(explanation)))


def _sentences(explanation: DagRunExplanation) -> Iterator[str]:
    state = explanation.state
    if state == "success":
        yield "The run succeeded."
        if explanation.total_failures:
            yield "Airflow gives a run the state of its last tasks, whatever came before them."
    elif state == "failed":
        yield "The run failed."
    elif state == "running":
        yield f"The run is running; {_under_way(explanation)}."
    else:
        yield f"The run is {state}."
    for reason in explanation.run_reasons:
        yield reason.reason
    yield from _failures(explanation)
    if explanation.state == "failed" and not explanation.failures and not explanation.run_reasons:
        yield "None of its task instances is failed; its state was set apart from theirs."
    yield from _waiting(explanation)
    if explanation.import_error:
        yield f"The DAG's file has an import error: {_last_line(explanation.import_error)}"


def _under_way(explanation: DagRunExplanation) -> str:
    running = explanation.task_instance_counts.get("running", 0)
    return f"{running} of its {_instances(sum(explanation.task_instance_counts.values()))} {_be(running)} running"


def _failures(explanation: DagRunExplanation) -> Iterator[str]:
    if not explanation.failures:
        return
    first = explanation.failures[0]
    yield f"{_name(first)} {'failed' if first.state == 'failed' else 'failed and is tried again'}: {_why(first)}"
    if explanation.total_failures > 1:
        yield f"{explanation.total_failures - 1} more failed."
    followed = explanation.task_instance_counts.get("upstream_failed", 0)
    if followed:
        yield f"Because of that {_instances(followed)} {'was' if followed == 1 else 'were'} not run (upstream_failed)."


def _waiting(explanation: DagRunExplanation) -> Iterator[str]:
    if not explanation.waiting:
        return
    first = explanation.waiting[0]
    if only_upstream(first):
        total = explanation.total_waiting
        yield f"{_instances(total)} {'waits' if total == 1 else 'wait'} for what comes before."
        return
    told = {reason.reason for reason in explanation.run_reasons}
    reasons = [each.reason for each in first.reasons if each.reason not in told]
    if reasons:
        yield f"{_waiting_name(first)} {'waits' if first.count == 1 else 'wait'}: {' '.join(reasons)}"
    others = explanation.total_waiting - (first.count if reasons else 0)
    if others:
        yield f"{_instances(others)} {'more ' if reasons else ''}{'waits' if others == 1 else 'wait'}."


def _name(failure: TaskFailure) -> str:
    return f"`{failure.task_id}`" + (f" at map_index {failure.map_index}" if failure.map_index >= 0 else "")


def _waiting_name(group: WaitingTask) -> str:
    if group.count > 1:
        return f"{group.count} instances of `{group.task_id}`"
    return f"`{group.task_id}`" + (f" at map_index {group.map_index}" if group.map_index >= 0 else "")


def _why(failure: TaskFailure) -> str:
    text = shortened(" ".join(failure.reason.split()), _REASON_CHARACTERS)
    if failure.causes:
        text += f" (caused by {shortened(' '.join(failure.causes[0].split()), _REASON_CHARACTERS)})"
    return text if text.endswith((".", "…")) else f"{text}."


def _instances(number: int) -> str:
    return f"{number} task {'instance' if number == 1 else 'instances'}"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _last_line(text: str) -> str:
    line = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    return shortened(line.strip(), _REASON_CHARACTERS)
