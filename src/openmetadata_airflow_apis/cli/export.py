"""`openmetadata-airflow-apis export DAG_ID`: a deployed definition, such that it deploys again to the same DAG."""

from __future__ import annotations

import copy
import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.managed_functions import ManagedFunctions
from openmetadata_airflow_apis.dagbuild.stored_document import revision_of
from openmetadata_airflow_apis.definition import read_workflow
from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.settings import Settings, dags_folder
from openmetadata_airflow_apis.stores import open_store

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.definition import Reading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("dag_id", help="the DAG to print")
    parser.add_argument("--format", choices=("json", "yaml"), default="json", help="what to print (default: json)")


def run(arguments: argparse.Namespace) -> int:
    """Print the body of the deploy_dag request; return 0, or 1 with the reason where it would make another DAG."""
    settings = Settings.load()
    document = open_store(settings).read(arguments.dag_id)
    if document is None:
        raise DagNotFound(arguments.dag_id)
    body = exported(document, settings)
    if arguments.format == "yaml":
        import yaml

        print(yaml.safe_dump(body, sort_keys=False, allow_unicode=True), end="")
    else:
        print(json.dumps(body, indent=2, ensure_ascii=False))
    later = _read(body, document.deployed_at + timedelta(days=1000), settings)
    if later.faults or revision_of(later.definition) != document.revision:
        print(
            f"{arguments.dag_id}: this version of the software, or of a file of datasets, would make another "
            "DAG of it; compare before you deploy",
            *map(str, later.faults),
            sep="\n",
            file=sys.stderr,
        )
        return 1
    return 0


def exported(document: StoredDocument, settings: Settings) -> dict[str, Any]:
    """Return the request's body as it was sent, with relative dates as they were fixed when it was deployed."""
    body = {"workflow": document.source} if "dag_config" in document.source else document.source
    body = copy.deepcopy(body)
    deployed = _read(body, document.deployed_at, settings)
    later = _read(body, document.deployed_at + timedelta(days=1000), settings)
    for path in _differing(deployed.definition, later.definition, ()):
        moment = _at(document.definition, path)
        _put(body, deployed.pointer(*path), moment if isinstance(moment, str) else moment["at"])
    return body


def _read(body: dict[str, Any], now: datetime, settings: Settings) -> Reading:
    return read_workflow(
        body,
        now=now,
        max_tasks=settings.max_tasks,
        dags_folder=dags_folder(),
        managed_operators=settings.dag_managed_operators,
        allowed_packages=settings.allowed_callables,
        read_document=ManagedFunctions(settings.dag_managed_operators).document,
    )


def _differing(one: Any, other: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    """Return the places of dates that differ between two readings of the same body."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        if "$datetime" in one:
            return [path]
        return [place for key in one for place in _differing(one[key], other.get(key), (*path, key))]
    if isinstance(one, list) and isinstance(other, list):
        return [
            place
            for index, (item, other_item) in enumerate(zip(one, other))
            for place in _differing(item, other_item, (*path, index))
        ]
    return []


def _at(definition: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        definition = definition[part]
    return definition["$datetime"]


def _put(body: Any, pointer: str, value: str) -> None:
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in parents:
        body = body[int(part)] if isinstance(body, list) else body[part]
    if isinstance(body, list):
        body[int(last)] = value
    else:
        body[last] = value
