"""Whether this machine has every file below dag_managed_operators that a deployed definition names."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding, and_others
from openmetadata_airflow_apis.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation
    from openmetadata_airflow_apis.definition.canonical import Definition


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for each missing file, with the DAGs that can't be imported here without it."""
    from openmetadata_airflow_apis.stores import open_store

    folder = installation.settings.dag_managed_operators
    store = open_store(installation.settings)
    dags_of: dict[str, list[str]] = defaultdict(list)
    try:
        documents, _ = store.read_many(store.dag_ids())  # the check of the deployed definitions reports damage
    except Unavailable:
        return  # the checks of the folders and the database report it
    for dag_id, document in documents.items():
        for name in named_files(document.definition):
            dags_of[name].append(f"`{dag_id}`")
    for name, dag_ids in sorted(dags_of.items()):
        if not (folder / name).is_file():
            yield Finding(
                PROBLEM,
                "dag_managed_operators",
                f"{folder / name} is missing, without which the DAG {and_others(dag_ids)} can't be imported here, "
                "and its tasks fail before they begin",
                "put the file there, on every machine that parses DAGs or runs tasks",
            )


def named_files(definition: Definition) -> set[str]:
    """Return the files that a definition names, by their paths below dag_managed_operators."""
    files_of_tasks = {task["callable"]["file"] for task in definition["tasks"] if "callable" in task}
    return files_of_tasks | set(_files_in_tags(definition))


def _files_in_tags(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"$callable", "$result"}:
                yield item["file"]
            elif key == "$document":
                yield item
            yield from _files_in_tags(item)
    elif isinstance(value, list):
        for item in value:
            yield from _files_in_tags(item)
