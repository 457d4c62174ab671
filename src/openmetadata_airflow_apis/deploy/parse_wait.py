"""Waiting for the DAG processor's verdict on a deployment."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from sqlalchemy import select

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error, request_parsing
from openmetadata_airflow_apis.dagbuild.import_errors import readable
from openmetadata_airflow_apis.deploy.deployment_state import FAILED, PARSED, PENDING
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.deploy.deployment import Deployment

ParseImportError = parse_import_error()
_POLL = 0.25
# The DAG processor drops a request for a file that it is parsing just then.
_ASK_AGAIN = 5.0


def await_parse(deployment: Deployment, seconds: float, *, session: Session) -> Deployment:
    """Return the deployment with the DAG processor's verdict, waiting up to `seconds` for it.

    state: "parsed", "failed" with the import error's text, or "pending" if there was none in time.
    Ends the session's transaction. Raises Unavailable.
    """
    with database_errors("Airflow's database does not answer; the workflow is deployed, ask for its state later"):
        deadline = time.monotonic() + seconds
        ask = time.monotonic() + _ASK_AGAIN
        while True:
            verdict = _verdict(deployment, session=session)
            session.commit()  # the next look is to see what was written meanwhile
            if verdict.state != PENDING or time.monotonic() >= deadline:
                return verdict
            if time.monotonic() >= ask:
                request_parsing([deployment.fileloc], session=session)
                session.commit()
                ask += _ASK_AGAIN
            time.sleep(min(_POLL, max(0.0, deadline - time.monotonic())))


def _verdict(deployment: Deployment, *, session: Session) -> Deployment:
    # A successful parse removes the file's import error in its last step, a failed one writes it in its only one.
    error = session.execute(
        select(ParseImportError.stacktrace, ParseImportError.timestamp).where(
            ParseImportError.filename == deployment.fileloc
        )
    ).first()
    if error is not None and error.timestamp > deployment.deployed_at:
        return replace(deployment, state=FAILED, import_error=readable(error.stacktrace))
    row = session.execute(
        select(DagModel.last_parsed_time, DagModel.is_paused).where(DagModel.dag_id == deployment.dag_id)
    ).first()
    if row is not None and row.last_parsed_time is not None and row.last_parsed_time > deployment.deployed_at:
        return replace(deployment, state=PARSED, import_error=None, is_paused=row.is_paused)
    return replace(deployment, state=PENDING)
