"""Waits until the DAG processor has parsed a deployment; also on which nodes it must be parsed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.airflow_versions.dag_parsing import request_parsing
from openmetadata_airflow_apis.airflow_versions.dag_processors import dag_processors
from openmetadata_airflow_apis.deploy.dag_rows import renew_at_next_parse
from openmetadata_airflow_apis.deploy.deployment_state import FAILED, PARSED, PENDING, rows_of
from openmetadata_airflow_apis.errors import InvalidArgument
from openmetadata_airflow_apis.stores import open_store
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.deploy.deployment import Deployment
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

_POLL = 0.25
# Seconds. The DAG processor drops a request for a file that it is parsing at that moment.
_ASK_AGAIN = 5.0
# A parse of another deployment has written over our rows. It has ended, so the next request is not dropped.
_ASK_AT_ONCE = 1.0
# Of several DAG processors one takes the request, perhaps not the one that still has to parse the file.
_ASK_OTHERS = 2.0


@dataclass(frozen=True)
class ParseWait:
    """What a request says of the wait for DAG processors.

    seconds: how long it waits. nodes: on how many hosts the DAG must be parsed; None as in await_parse.
    restore: whether a deploy whose DAG can't be imported is taken back.
    """

    seconds: int
    nodes: int | None = None
    restore: bool = False

    def check(self, settings: Settings) -> ParseWait:
        """Return self; call it before anything is deployed. Raises InvalidArgument for what needs a wait, or nodes."""
        if self.restore and not self.seconds:
            raise InvalidArgument(
                "on_import_error", "is 'restore', and nothing is waited for; give wait too, such as 60"
            )
        if self.nodes is not None and not self.seconds:
            raise InvalidArgument(
                "wait_for_nodes", f"is {self.nodes}, and nothing is waited for; give wait too, such as 60"
            )
        if self.nodes is not None and settings.definition_store != "database":
            raise InvalidArgument(
                "wait_for_nodes",
                f"is {self.nodes}, and with definition_store = files all nodes have the same files, so that there is "
                "one verdict; leave it out",
            )
        return self


def await_parses(
    deployments: Iterable[Deployment],
    seconds: float,
    *,
    nodes: int | None = None,
    settings: Settings,
    session: Session,
) -> tuple[Deployment, ...]:
    """Wait up to `seconds` in all for deployments to be parsed; return each as await_parse does."""
    deadline = time.monotonic() + seconds
    return tuple(
        await_parse(deployment, max(0.0, deadline - time.monotonic()), nodes=nodes, settings=settings, session=session)
        for deployment in deployments
    )


def await_parse(
    deployment: Deployment, seconds: float, *, nodes: int | None = None, settings: Settings, session: Session
) -> Deployment:
    """Wait up to `seconds` for the DAG processor to parse a deployment; return it with its new state.

    state: "parsed", "failed" with the import error's text, or "pending" if it was not parsed in time. nodes: if nodes
    share no files, how many must have parsed it; None for each that has a heartbeat. Repeats the request for a parse
    until the rows are of the deployment. Ends the session's transaction. Raises Unavailable.
    """
    with database_errors("Airflow's database does not answer; the workflow is deployed, ask for its state later"):
        store = open_store(settings)
        deadline = time.monotonic() + seconds
        asked_at = time.monotonic()
        while True:
            rows = rows_of([deployment.dag_id], store, session=session)[deployment.dag_id]
            session.commit()  # so that the next query sees what was written meanwhile
            state = rows.state(deployment)
            if state == FAILED:
                return replace(deployment, state=FAILED, import_error=rows.import_error)
            # A successful parse removes the file's import error in its last step.
            is_parsed = state == PARSED and rows.parsed_at(deployment) is not None
            is_on_nodes = is_parsed and _is_on_nodes(deployment, store, nodes, session=session)
            session.commit()
            if is_on_nodes:
                return replace(deployment, state=PARSED, import_error=None, is_paused=rows.is_paused)
            if time.monotonic() >= deadline:
                return replace(deployment, state=PENDING)
            is_overwritten = rows.are_overwritten(deployment)
            ask_after = _ASK_AT_ONCE if is_overwritten else _ASK_OTHERS if is_parsed else _ASK_AGAIN
            if time.monotonic() >= asked_at + ask_after:
                asked_at = time.monotonic()
                if is_overwritten:
                    renew_at_next_parse(deployment.dag_id, session=session)
                request_parsing([deployment.fileloc], session=session)
                session.commit()
            time.sleep(min(_POLL, max(0.0, deadline - time.monotonic())))


def _is_on_nodes(deployment: Deployment, store: DefinitionStore, number: int | None, *, session: Session) -> bool:
    """Say whether enough hosts have parsed a deployment; always True if nodes share their files.

    number: how many hosts are enough; None for every host whose DAG processor has a recent heartbeat. A DAG processor
    that parses another folder (--subdir) never notes a parse, so with None this stays False. Two statements at most.
    """
    noted = store.parses(deployment.dag_id, session=session)
    if noted is None:
        return True
    parsed_hosts = {parse.hostname for parse in noted if parse.mark == deployment.mark}
    if number is not None:
        return len(parsed_hosts) >= number
    processors = dag_processors(session=session)
    return all(hostname in parsed_hosts for hostname, processor in processors.items() if processor.is_alive)
