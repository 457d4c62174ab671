"""The answer of what starts a run or looks at one, and may wait until the run has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import wire
from openmetadata_airflow_apis.api.wait_limit import place_to_wait, retry_header

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def with_end(
    run: runs.RunState | runs.PartialRun, wait: int, *, session: Session
) -> tuple[dict[str, Any], dict[str, str]]:
    """Wait until the run has ended, if asked to and as long as may be; return its body and the answer's headers.

    What the body says of the run is then as it is after the wait; task_instances stay as they were.
    """
    body = wire.to_json(run)
    if not wait or body.get("dry_run"):
        return body, {}
    with place_to_wait(wait) as seconds:
        after = runs.await_end(run.dag_id, run.run_id, seconds, session=session)
    changed = {name: value for name, value in wire.to_json(after).items() if name in body}
    return {**body, **changed, "has_ended": after.has_ended}, retry_header(
        wait, seconds, unfinished=not after.has_ended
    )
