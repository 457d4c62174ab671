"""Whether each node's DAG processor finds what is deployed in the database, with the callable files of this machine."""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding, and_others

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import Row

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_SUBJECT = "nodes"


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for a node that has parsed nothing or has other callable files; a note if one lags behind."""
    if installation.settings.definition_store != "database":
        return
    from airflow.utils.session import create_session
    from sqlalchemy import and_, func, select

    from openmetadata_airflow_apis.airflow_versions.dag_processors import dag_processors
    from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, PARSED_DAG

    is_deployed = and_(DEPLOYED_DAG.c.dag_id == PARSED_DAG.c.dag_id, DEPLOYED_DAG.c.mark == PARSED_DAG.c.mark)
    with create_session() as session:
        alive = sorted(name for name, processor in dag_processors(session=session).items() if processor.is_alive)
        deployed_count = session.scalar(select(func.count()).select_from(DEPLOYED_DAG)) or 0
        parses = session.execute(
            select(PARSED_DAG.c.hostname, PARSED_DAG.c.callable_files).join(DEPLOYED_DAG, is_deployed)
        ).all()
    parsed: dict[str, int] = defaultdict(int)
    for parse in parses:
        parsed[parse.hostname] += 1
    for hostname in alive if deployed_count else ():
        if not parsed[hostname]:
            yield Finding(
                PROBLEM,
                _SUBJECT,
                f"the DAG processor of {hostname} has parsed none of the {deployed_count} deployed DAGs",
                "run `openmetadata-airflow-apis doctor` there, which names the loader files that are missing",
            )
        elif parsed[hostname] < deployed_count:
            yield Finding(
                NOTE,
                _SUBJECT,
                f"the DAG processor of {hostname} has parsed {parsed[hostname]} of the {deployed_count} deployed DAGs",
                "it may be about to; `get_dag` says of each DAG what a node has of it, and why it could not import it",
            )
    yield from _other_files(parses, installation.settings.dag_managed_operators)


def _other_files(parses: Iterable[Row], folder: Path) -> Iterator[Finding]:
    """Yield a problem for each node whose last parses had other callable files than this machine has."""
    sums_here: dict[str, str | None] = {}
    differing_files: dict[str, set[str]] = defaultdict(set)
    for parse in parses:
        for name, sum_ in json.loads(parse.callable_files or "{}").items():
            if name not in sums_here:
                path = folder / name
                sums_here[name] = sha256(path.read_bytes()).hexdigest() if path.is_file() else None
            if sums_here[name] not in {
                None,
                sum_,
            }:  # the check of the deployed callables reports files that are missing here
                differing_files[parse.hostname].add(name)
    for hostname, names in sorted(differing_files.items()):
        paths = [folder / name for name in sorted(names)]
        yield Finding(
            PROBLEM,
            _SUBJECT,
            f"{and_others(paths)} is not the file that {hostname} had at its last parse",
            "put the same files on every machine",
        )
