"""`openmetadata-airflow-apis export DAG_ID`: prints a deployed definition so that it deploys again to the same DAG."""

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
    """Print the body of the deploy_dag request; return 0, or print why it would make another DAG and return 1."""
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
    reading_later = _read(body, document.deployed_at + timedelta(days=1000), settings)
    if reading_later.faults or revision_of(reading_later.definition) != document.revision:
        print(
            f"{arguments.dag_id}: this version of the software, or of a file of datasets, would make another "
            "DAG of it; compare before you deploy",
            *map(str, reading_later.faults),
            sep="\n",
            file=sys.stderr,
        )
        return 1
    return 0


def exported(document: StoredDocument, settings: Settings) -> dict[str, Any]:
    """Return the request's body as it was sent, with each relative date replaced by the date that it meant then."""
    body = {"workflow": document.source} if "dag_config" in document.source else document.source
    body = copy.deepcopy(body)
    reading_then = _read(body, document.deployed_at, settings)
    reading_later = _read(body, document.deployed_at + timedelta(days=1000), settings)
    for path in _differing(reading_then.definition, reading_later.definition, ()):
        # Another release may have stored no date there: then this one's reading counts, and `run` tells the difference.
        moment = _date_at(document.definition, path) or _date_at(reading_then.definition, path)
        if moment is not None:
            _put(body, reading_then.pointer(*path), moment)
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


def _differing(first: Any, second: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    """Return the paths of dates that differ between two readings of the same body."""
    if first == second:
        return []
    if isinstance(first, dict) and isinstance(second, dict):
        if "$datetime" in first:
            return [path]
        return [
            differing_path for key in first for differing_path in _differing(first[key], second.get(key), (*path, key))
        ]
    if isinstance(first, list) and isinstance(second, list):
        return [
            differing_path
            for index, (item, second_item) in enumerate(zip(first, second))
            for differing_path in _differing(item, second_item, (*path, index))
        ]
    return []


def _date_at(definition: Any, path: tuple[str | int, ...]) -> str | None:
    """Return the date at a path of a definition, None if there is none: the stored one may be of another shape."""
    try:
        for part in path:
            definition = definition[part]
        date = definition["$datetime"]
        moment = date if isinstance(date, str) else date["at"]
    except (KeyError, IndexError, TypeError):
        return None
    return moment if isinstance(moment, str) else None


def _put(body: Any, pointer: str, value: str) -> None:
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in parents:
        body = body[int(part)] if isinstance(body, list) else body[part]
    if isinstance(body, list):
        body[int(last)] = value
    else:
        body[last] = value
