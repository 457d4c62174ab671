"""Whether the files in dag_generated_configs and the dags folder were deployed here, and not changed since."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding, and_others
from openmetadata_airflow_apis.errors import ManagedDagsError
from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from openmetadata_airflow_apis.cli.doctor.installation import Installation
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

_SUBJECT = "deployed definitions"
# A call in the older plugin's DAG files.
_OLDER_CALL = b"WorkflowFactory("
_LARGEST = 100_000


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for each kind of file that a deploy would refuse to replace, or that does not import."""
    from openmetadata_airflow_apis.stores import open_store

    store = open_store(installation.settings)
    if store.in_database:
        _, damaged = store.read_many(store.dag_ids())
        yield from _refused(damaged)
    else:
        yield from _look_at_files(store, installation.settings.dag_generated_configs)


def _look_at_files(store: DefinitionStore, records: Path) -> Iterator[Finding]:
    if not all(os.access(folder, os.R_OK | os.X_OK) for folder in (records, dags_folder()) if folder.exists()):
        return  # the check of the folders reports it
    names = store.dag_ids()
    unreadable = [path for path in _files(records, ".json") if path.is_file() and not os.access(path, os.R_OK)]
    if unreadable:
        yield Finding(
            PROBLEM,
            _SUBJECT,
            f"{and_others(unreadable)} cannot be read by this user",
            "give it to the webserver's user, readable for the DAG processor's and the workers'",
        )
    refusals: dict[str, ManagedDagsError] = {}
    for name in sorted(set(names) - {path.stem for path in unreadable}):
        try:
            store.claim(name)
        except ManagedDagsError as error:
            refusals[name] = error
    yield from _refused(refusals)
    foreign = [path for path in _files(records, ".json") if path.stem not in names]
    if foreign:
        yield Finding(
            NOTE, _SUBJECT, f"{and_others(foreign)} is no definition: no DAG has such a name", "keep it elsewhere"
        )
    # Files with a definition of the same name are among the refusals.
    without_definition = [path for path in _files(dags_folder(), ".py") if path.stem not in names]
    of_older_plugin = [path for path in without_definition if _OLDER_CALL in _start_of(path)]
    if of_older_plugin:
        yield Finding(
            PROBLEM,
            _SUBJECT,
            f"{and_others(of_older_plugin)} is a DAG file of the older plugin, which does not import any more",
            "take it away, and deploy the workflow again",
        )
    interrupted = sorted(store.interrupted() - set(names))
    if interrupted:
        yield Finding(
            NOTE,
            _SUBJECT,
            f"a deploy or delete of {', '.join(interrupted)} was interrupted",
            "call refresh_all_dags, which completes it",
        )


def _refused(refusals: Mapping[str, ManagedDagsError]) -> Iterator[Finding]:
    """Yield one problem for each fault, with the number of DAGs that have it."""
    sentences_by_fault: dict[str, list[str]] = defaultdict(list)
    for name, error in refusals.items():
        sentences_by_fault[str(error).replace(name, "…")].append(str(error))
    for sentences in sentences_by_fault.values():
        detail, _, cure = sentences[0].rpartition("; ")
        suffix = f" (and {len(sentences) - 1} more like it)" if len(sentences) > 1 else ""
        yield Finding(PROBLEM, _SUBJECT, f"{detail}{suffix}", cure)


def _files(folder: Path, suffix: str) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == suffix and not path.name.startswith("."))


def _start_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
