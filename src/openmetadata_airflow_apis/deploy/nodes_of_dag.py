"""Which deployment of a DAG the DAG processor of each node has parsed last."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.airflow_versions.dag_processors import dag_processors
from openmetadata_airflow_apis.deploy.deployment_state import FAILED, PARSED, PENDING
from openmetadata_airflow_apis.stores import version_rows
from openmetadata_airflow_apis.stores.definition_store import NodeParse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.airflow_versions.dag_processors import DagProcessor
    from openmetadata_airflow_apis.deploy.deployment_state import Deployed
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


@dataclass(frozen=True)
class NodeFile:
    """A callable file as a node had it when it parsed the DAG. differs: whether another node had other content."""

    path: str
    sha256: str
    differs: bool


@dataclass(frozen=True)
class DagNode:
    """What the DAG processor of one host knows of a DAG.

    state: "parsed" or "failed" for what is deployed now, "pending" if the host has not parsed that yet. revision and
    version_number: what it parsed last; parsed_at: when it first parsed that. All None before the first parse;
    version_number also if that version is no longer kept. is_alive: whether the host has a recent heartbeat.
    """

    hostname: str
    state: str
    version_number: int | None
    revision: str | None
    parsed_at: datetime | None
    import_error: str | None
    callable_files: tuple[NodeFile, ...]
    is_alive: bool
    latest_heartbeat: datetime | None


def nodes_of(
    dag_id: str, deployed: Deployed, store: DefinitionStore, *, session: Session
) -> tuple[DagNode, ...] | None:
    """Return the nodes that run a DAG processor or have parsed the DAG, by hostname; None if nodes share their files.

    Three statements at most.
    """
    noted = store.parses(dag_id, session=session)
    if noted is None:
        return None
    parses = {parse.hostname: parse for parse in noted}
    processors = dag_processors(session=session)
    for hostname, processor in processors.items():
        if processor.is_alive:
            parses.setdefault(hostname, NodeParse(hostname))
    numbers = version_rows.numbers_of(dag_id, {_revision(parse.mark) for parse in noted if parse.mark}, session=session)
    sums = _sums_of(parses.values())
    return tuple(
        _node(parse, deployed, numbers, sums, processors.get(hostname)) for hostname, parse in sorted(parses.items())
    )


def _node(
    parse: NodeParse,
    deployed: Deployed,
    numbers: dict[str, int],
    sums: dict[str, set[str]],
    processor: DagProcessor | None,
) -> DagNode:
    failure = parse.failure if parse.failure is not None and parse.failure.mark == deployed.mark else None
    revision = _revision(parse.mark) if parse.mark else None
    return DagNode(
        parse.hostname,
        FAILED if failure else PARSED if parse.mark == deployed.mark else PENDING,
        numbers.get(revision) if revision else None,
        revision,
        parse.parsed_at,
        failure.text if failure else None,
        tuple(NodeFile(path, sum_, len(sums[path]) > 1) for path, sum_ in sorted(parse.callable_files.items())),
        processor is not None and processor.is_alive,
        processor.latest_heartbeat if processor is not None else None,
    )


def _sums_of(parses: Iterable[NodeParse]) -> dict[str, set[str]]:
    """Return each callable file's sha256s on all nodes: more than one if nodes differ."""
    sums: dict[str, set[str]] = defaultdict(set)
    for parse in parses:
        for path, sum_ in parse.callable_files.items():
            sums[path].add(sum_)
    return sums


def _revision(mark: str) -> str:
    return mark.partition(" ")[0]
