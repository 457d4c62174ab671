"""The answer of a call that starts a run or reads its state; it can wait until the run has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import json_values
from openmetadata_airflow_apis.api.wait_limit import place_to_wait, retry_header

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def with_end(
    run: runs.RunState | runs.PartialRun, wait: int, *, session: Session
) -> tuple[dict[str, Any], dict[str, str]]:
    """Wait up to `wait` seconds, or as long as is allowed, until the run has ended; return its body and the headers.

    The body's fields of the run are those after the wait; task_instances are those before it.
    """
    body = json_values.to_json(run)
    if not wait or body.get("dry_run"):
        return body, {}
    with place_to_wait(wait) as seconds:
        run_after = runs.await_end(run.dag_id, run.run_id, seconds, session=session)
    fields_after = {name: value for name, value in json_values.to_json(run_after).items() if name in body}
    return {**body, **fields_after, "has_ended": run_after.has_ended}, retry_header(
        wait, seconds, unfinished=not run_after.has_ended
    )
