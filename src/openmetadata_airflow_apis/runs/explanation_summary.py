"""An explanation in a few sentences, as one would say it to a colleague."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.runs.waiting_task_reasons import only_upstream
from openmetadata_airflow_apis.runs.wording import counted, shortened

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
        total = sum(explanation.task_instance_counts.values())
        running = explanation.task_instance_counts.get("running", 0)
        yield f"The run is running, with {running} of {counted(total, 'task instance')} running."
    else:
        yield f"The run is {state}."
    for reason in explanation.run_reasons:
        yield reason.reason
    yield from _failures(explanation)
    if explanation.state == "failed" and not explanation.failures and not explanation.run_reasons:
        yield "None of its task instances is failed; its state was set apart from theirs."
    yield from _waiting(explanation)
    if explanation.import_error:
        yield f"The DAG's file has an import error: {_sentence(explanation.import_error)}"


def _failures(explanation: DagRunExplanation) -> Iterator[str]:
    if not explanation.failures:
        return
    first = explanation.failures[0]
    yield f"{_name(first)} {'failed' if first.state == 'failed' else 'failed and is tried again'}: {_why(first)}"
    if explanation.total_failures > 1:
        yield f"{explanation.total_failures - 1} more failed."
    upstream_failed = explanation.task_instance_counts.get("upstream_failed", 0)
    if upstream_failed:
        yield f"Because of that {counted(upstream_failed, 'task instance')} did not run (upstream_failed)."


def _waiting(explanation: DagRunExplanation) -> Iterator[str]:
    if not explanation.waiting:
        return
    first = explanation.waiting[0]
    total = explanation.total_waiting
    if only_upstream(first):
        yield f"{counted(total, 'task instance')} {_verb('wait', total)} for what comes before."
        return
    reasons_of_run = {reason.reason for reason in explanation.run_reasons}
    reasons = [reason.reason for reason in first.reasons if reason.reason not in reasons_of_run]
    if reasons:
        yield f"{_waiting_name(first)} {_verb('wait', first.count)}: {' '.join(reasons)}"
        total -= first.count
    if total:
        yield f"{counted(total, 'more task instance' if reasons else 'task instance')} {_verb('wait', total)}."


def _verb(verb: str, number: int) -> str:
    return f"{verb}s" if number == 1 else verb


def _name(failure: TaskFailure) -> str:
    return f"`{failure.task_id}`" + (f" at map_index {failure.map_index}" if failure.map_index >= 0 else "")


def _waiting_name(group: WaitingTask) -> str:
    if group.count > 1:
        return f"{group.count} instances of `{group.task_id}`"
    return f"`{group.task_id}`" + (f" at map_index {group.map_index}" if group.map_index >= 0 else "")


def _why(failure: TaskFailure) -> str:
    text = shortened(" ".join(failure.reason.split()), _REASON_CHARACTERS)
    # An error that a process raised after its state was set, or after it was given up as lost, is not the cause.
    if failure.causes and failure.kind not in {"state_set", "lost_heartbeat"}:
        text += f" (caused by {shortened(' '.join(failure.causes[0].split()), _REASON_CHARACTERS)})"
    return text if text.endswith((".", "…")) else f"{text}."


def _sentence(import_error: str) -> str:
    lines = [line for line in import_error.splitlines() if line.strip()] or [""]
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return shortened(line.strip(), _REASON_CHARACTERS)
