"""Builds the DAGs of one shard of the database store: what a loader file calls. It must import next to nothing.

All of the shard is read in one statement (shards.py). The process of a worker's task names its DAG (Airflow's
parsing context, or the command line): then only that DAG is read and built.

One bad definition does not hurt the others: it is left out, and a DAG processor notes its error in a table of ours. The
same goes for a DAG that was built and that Airflow refuses, since Airflow itself keeps errors only by file. Another
table says which deployment of which DAG a host has parsed last, and is written only when that changes.
If the database does not answer, load_shard raises: Airflow keeps that as the file's import error, and keeps the DAGs
that it knows.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
from openmetadata_airflow_apis.dagbuild.dag_builder import build_dag
from openmetadata_airflow_apis.dagbuild.deployment_mark import deployment_mark, mark_dag
from openmetadata_airflow_apis.dagbuild.late_file_rows import refuse_late_writes
from openmetadata_airflow_apis.dagbuild.shards import CURE, ShardRows, decompressed, place_of, shard_of
from openmetadata_airflow_apis.dagbuild.stored_content import read_content
from openmetadata_airflow_apis.errors import DagNotBuilt, DamagedDocument, ManagedDagsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.dagbuild.built_values import FindFunction

_BAG_MODULE = "airflow.models.dagbag"
_PARSING_MODULE = "airflow.dag_processing.processor"
_CLI_MODULE = "airflow.utils.cli"
# Each process, with its file, that has loaded only its task's DAG: what it asks for after that is another DAG.
_loaded_alone: set[tuple[int, str]] = set()


def load_shard(shard: int, shards: int) -> dict[str, DAG]:
    """Return the DAGs of a shard by their dag_ids, or only the one that the process is about.

    Raises Unavailable if the database does not answer.
    """
    caller = sys._getframe(1)  # noqa: SLF001 - as Airflow's own DAG finds its file
    fileloc = caller.f_code.co_filename
    asker = _Asker(caller)
    alone = None if asker.is_processor else _dag_alone(asker.wanted, fileloc, shard, shards)
    rows = ShardRows(shard, shards, dag_id=alone)
    dags, failures = _build(rows.read(with_notes=asker.is_processor), fileloc, rows)
    if asker.is_processor:
        rows.parses.note(failures)
        asker.errors_to(rows)
    elif failures:
        _tell(failures, alone)
    return dags


class _Asker:
    """What loads the file, as the calls under way show.

    is_processor: whether it is a DAG processor. wanted: the DAG that the command line asks for.
    """

    def __init__(self, frame: FrameType | None) -> None:
        self.is_processor = False
        self.wanted: str | None = None
        self._bag: Any = None
        while frame is not None:
            module = frame.f_globals.get("__name__")
            if module == _BAG_MODULE and self._bag is None:
                self._bag = frame.f_locals.get("self")
            elif module == _PARSING_MODULE:
                self.is_processor = True
                return
            elif module == _CLI_MODULE and frame.f_code.co_name == "get_dag":
                self.wanted = frame.f_locals.get("dag_id")
                return
            frame = frame.f_back

    def errors_to(self, rows: ShardRows) -> None:
        """Have the DagBag's errors of single DAGs noted with the DAG, and not kept for the file of all the DAGs."""
        if self._bag is not None:
            self._bag.import_errors = ErrorsOfDags(self._bag.import_errors, rows)


class ErrorsOfDags(dict[str, str]):
    """The import errors of a DagBag, by file; an error of one DAG of a shard is not kept, but noted as that DAG's.

    Airflow would keep it as the file's, and schedule none of the file's DAGs any more: a cluster policy that one DAG
    violates would stop all of them.
    """

    def __init__(self, errors: dict[str, str], rows: ShardRows) -> None:
        super().__init__(errors)
        self._rows = rows

    def __setitem__(self, path: str, text: str) -> None:
        """Keep an error of the file; note it if Airflow refuses one DAG that was built."""
        caller = sys._getframe(1)  # noqa: SLF001 - Airflow says nowhere else of which DAG it is
        dag = caller.f_locals.get("dag") if caller.f_code.co_name == "_process_modules" else None
        if dag is not None and dag.dag_id in self._rows.marks:
            self._rows.parses.note({dag.dag_id: (self._rows.marks[dag.dag_id], text)})
        else:
            super().__setitem__(path, text)


def _tell(failures: dict[str, tuple[str, str]], alone: str | None) -> None:
    """Raise DagNotBuilt for the one DAG that was asked for; log the errors of several."""
    if alone is not None:
        from openmetadata_airflow_apis.dagbuild.unbuilt_tasks import note_unbuilt

        note_unbuilt(alone, failures[alone][1])
        raise DagNotBuilt((), failures[alone][1])
    import logging

    for dag_id, (_mark, words) in failures.items():
        logging.getLogger(__name__).error("The DAG %s cannot be built: %s", dag_id, words)


def _dag_alone(dag_id: str | None, fileloc: str, shard: int, shards: int) -> str | None:
    """Return the only DAG to load, None for all of the shard.

    A task may look for other DAGs in a DagBag of its own (ExternalTaskSensor, TriggerDagRunOperator): after its
    own DAG, its process loads whole shards.
    """
    from airflow.utils.dag_parsing_context import get_parsing_context

    if dag_id is None:
        dag_id = get_parsing_context().dag_id
        if (os.getpid(), fileloc) in _loaded_alone:
            return None
    if dag_id is None or shard_of(dag_id, shards) != shard:
        return None
    _loaded_alone.add((os.getpid(), fileloc))
    return dag_id


def _build(
    rows: Iterable[Any], fileloc: str, shard_rows: ShardRows
) -> tuple[dict[str, DAG], dict[str, tuple[str, str]]]:
    """Return the DAGs that can be built, and for each of the others the deployment's mark with the reason."""
    dags: dict[str, DAG] = {}
    failures: dict[str, tuple[str, str]] = {}
    callables = ManagedCallables()
    for row in rows:
        named_files = NamedFiles(callables)
        try:
            dags[row.dag_id] = build_row(row, fileloc, named_files)
        except ManagedDagsError as error:
            from openmetadata_airflow_apis.dagbuild.import_errors import with_summary

            failures[row.dag_id] = (row.mark, str(with_summary(error, "").__cause__))
        else:
            shard_rows.parses.callable_files[row.dag_id] = named_files.as_json()
            refuse_late_writes(dags[row.dag_id], shard_rows)
    return dags, failures


class NamedFiles:
    """Returns functions as ManagedCallables does, and remembers from which files, for one DAG."""

    def __init__(self, callables: ManagedCallables) -> None:
        """Wrap what gives the functions of all DAGs of the parse."""
        self._callables = callables
        self._files: set[str] = set()

    @property
    def folder(self) -> str:
        """The folder of the files."""
        return self._callables.folder

    def __call__(self, file: str, name: str) -> Any:
        """Return the function `name` of `file`; raise DagNotBuilt as ManagedCallables does."""
        self._files.add(file)
        return self._callables(file, name)

    def as_json(self) -> str | None:
        """Return the sha256 of each file by its path, as JSON; None if there are no files."""
        if not self._files:
            return None
        return json.dumps({file: self._callables.sha256(file) for file in sorted(self._files)})


def build_row(row: Any, fileloc: str, callables: FindFunction) -> DAG:
    """Return the DAG of a row. Raises DamagedDocument, DagNotBuilt."""
    content = read_content(decompressed(row.document, row.dag_id), place_of(row.dag_id))
    mark = deployment_mark(content["sha256"], content.get("deployed_at"))
    if (content["dag_id"], mark) != (row.dag_id, row.mark):
        raise DamagedDocument(place_of(row.dag_id), "the definition is not the row's", cure=CURE)
    dag = build_dag(content["definition"], fileloc=fileloc, callables=callables)
    mark_dag(dag, mark)
    return dag
