"""Reads the body that chooses some of a DAG's runs."""

from __future__ import annotations

from typing import Any

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.api.date_times import date_time
from openmetadata_airflow_apis.errors import Fault, InvalidBody


def chosen_runs(dag_id: str, body: dict[str, Any]) -> runs.ChosenRuns:
    """Return the choice. Raises InvalidBody for an empty body, too many run_ids, or run_ids beside other keys."""
    at_most = settings().max_runs_at_once
    run_ids = body.get("run_ids")
    if not body:
        raise InvalidBody([Fault("", "chooses no runs; give run_ids, or else states or logical dates")])
    if run_ids is not None and len(body) > 1:
        other_keys = ", ".join(sorted(set(body) - {"run_ids"}))
        raise InvalidBody([Fault("/run_ids", f"names the runs already; leave it out, or leave out {other_keys}")])
    if run_ids is not None and len(set(run_ids)) > at_most:
        raise InvalidBody(
            [
                Fault(
                    "/run_ids",
                    f"has {len(set(run_ids))} run_ids, and at most {at_most} runs are changed at once; send them in "
                    "several calls, or an operator raises [openmetadata_airflow_apis] max_runs_at_once",
                )
            ]
        )
    return runs.ChosenRuns(
        dag_id,
        at_most,
        run_ids=run_ids,
        states=body.get("states"),
        logical_date_gte=date_time(body.get("logical_date_gte"), "/logical_date_gte"),
        logical_date_lte=date_time(body.get("logical_date_lte"), "/logical_date_lte"),
    )
