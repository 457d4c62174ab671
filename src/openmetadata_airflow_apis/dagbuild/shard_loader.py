"""Builds the DAGs of one shard of the database store: what a loader file calls. It must import next to nothing.

A shard is a range of the hashes of dag_ids. All of it is read in one statement, through Airflow's engine and not
through a session of Airflow's. The process of a worker's task names its DAG (Airflow's parsing context, or the command
line): then only that DAG is read and built.

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
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.dagbuild.dag_builder import build_dag
from openmetadata_airflow_apis.dagbuild.deployment_mark import deployment_mark, mark_dag
from openmetadata_airflow_apis.dagbuild.late_file_rows import refuse_late_writes
from openmetadata_airflow_apis.dagbuild.managed_callables import ManagedCallables
from openmetadata_airflow_apis.dagbuild.stored_content import read_content
from openmetadata_airflow_apis.errors import DagNotBuilt, DamagedDocument, ManagedDagsError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import FrameType

    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.dagbuild.built_values import FindFunction

DEPLOYED = "openmetadata_airflow_apis_deployed_dag"
ERRORS = "openmetadata_airflow_apis_import_error"
PARSED = "openmetadata_airflow_apis_parsed_dag"
# Hashes are non-negative 32-bit numbers, which every database can index.
_BITS = 31
_BAG_MODULE = "airflow.models.dagbag"
_PARSING_MODULE = "airflow.dag_processing.processor"
_CLI_MODULE = "airflow.utils.cli"
# Each process, with its file, that has loaded only its task's DAG: what it asks for after that is another DAG.
_loaded_alone: set[tuple[int, str]] = set()


def hash_of(dag_id: str) -> int:
    """Return the number that decides about a DAG's shard."""
    return int.from_bytes(sha256(dag_id.encode()).digest()[:4], "big") >> 1


def shard_of(dag_id: str, shards: int) -> int:
    """Return the shard of a DAG, counted from 0."""
    return hash_of(dag_id) * shards >> _BITS


def _hashes_of(shard: int, shards: int) -> tuple[int, int]:
    """Return the first hash of a shard, and the first hash after it."""
    first, next_first = (-(-(number << _BITS) // shards) for number in (shard, shard + 1))
    return first, next_first


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
        rows.note(failures)
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
            self._rows.note({dag.dag_id: (self._rows.marks[dag.dag_id], text)})
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


class ShardRows:
    """The rows of a shard, or of one DAG of it; shared by the DAGs that were built of them.

    marks: the mark of each deployment that was read, by dag_id. callable_files: the callable files of each DAG that was
    built, as JSON. noted: what this host had noted of DAGs that it could not build, as (mark, text).
    parsed: what it had noted of DAGs that it has parsed, as (mark, callable files).
    """

    def __init__(self, shard: int, shards: int, *, dag_id: str | None = None) -> None:
        self._hashes = _hashes_of(shard, shards)
        self._dag_id = dag_id
        self.marks: dict[str, str] = {}
        self.callable_files: dict[str, str | None] = {}
        self.noted: dict[str, tuple[str, str]] = {}
        self.parsed: dict[str, tuple[str, str | None]] = {}
        self._failed: set[str] = set()

    def read(self, *, with_notes: bool = False) -> Sequence[Any]:
        """Return dag_id, mark and document of each DAG; with_notes: read what this host has noted of it, too."""
        rows = self._rows(("dag_id", "mark", "document"), with_notes=with_notes)
        self.marks = {row.dag_id: row.mark for row in rows}
        if with_notes:
            self.noted = {row.dag_id: (row.noted_mark, row.noted_text) for row in rows if row.noted_mark is not None}
            self.parsed = {
                row.dag_id: (row.parsed_mark, row.parsed_files) for row in rows if row.parsed_mark is not None
            }
        return rows

    def note(self, failures: dict[str, tuple[str, str]]) -> None:
        """Write the errors on this host, (mark, text), that are not noted already."""
        self._failed |= failures.keys()
        new_failures = {dag_id: failure for dag_id, failure in failures.items() if self.noted.get(dag_id) != failure}
        if new_failures:
            from openmetadata_airflow_apis.dagbuild.node_notes import note_errors

            note_errors(new_failures)

    def newly_parsed(self) -> dict[str, tuple[str, str | None]]:
        """Return (mark, callable files) of the DAGs that Airflow has accepted now, unless that is noted already."""
        built = {dag_id: (self.marks[dag_id], files) for dag_id, files in self.callable_files.items()}
        return {
            dag_id: parse
            for dag_id, parse in built.items()
            if dag_id not in self._failed and self.parsed.get(dag_id) != parse
        }

    def mended(self) -> set[str]:
        """Return the DAGs that have an error noted and that Airflow has accepted now."""
        return self.noted.keys() - self._failed

    def changed(self) -> set[str]:
        """Return the DAGs that were deployed anew, or deleted, since they were read. It takes one statement."""
        marks_now = {row.dag_id: row.mark for row in self._rows(("dag_id", "mark"))}
        return {dag_id for dag_id, mark in self.marks.items() if marks_now.get(dag_id) != mark}

    def _rows(self, names: tuple[str, ...], *, with_notes: bool = False) -> Sequence[Any]:
        schema = _schema()
        if self._dag_id is not None and not with_notes:
            return _ask(*_of_one(names, schema, self._dag_id))
        from sqlalchemy import and_, column, select, table

        deployed = table(DEPLOYED, *map(column, ("dag_id", "id_hash", "mark", "document")), schema=schema)
        columns, source = [deployed.c[name] for name in names], deployed
        if with_notes:
            host = hostname()
            errors = table(ERRORS, *map(column, ("dag_id", "hostname", "mark", "stacktrace")), schema=schema)
            parses = table(PARSED, *map(column, ("dag_id", "hostname", "mark", "callable_files")), schema=schema)
            for notes in (errors, parses):
                source = source.outerjoin(notes, and_(notes.c.dag_id == deployed.c.dag_id, notes.c.hostname == host))
            columns += [
                errors.c.mark.label("noted_mark"),
                errors.c.stacktrace.label("noted_text"),
                parses.c.mark.label("parsed_mark"),
                parses.c.callable_files.label("parsed_files"),
            ]
        first, after = self._hashes
        condition = and_(deployed.c.id_hash >= first, deployed.c.id_hash < after)
        if self._dag_id is not None:
            condition = deployed.c.dag_id == self._dag_id
        return _ask(select(*columns).select_from(source).where(condition))


def hostname() -> str:
    """Return the name of this machine, as Airflow shows it."""
    from airflow.utils.net import get_hostname

    return str(get_hostname())[:255]


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
            shard_rows.callable_files[row.dag_id] = named_files.as_json()
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


CURE = "delete the row and deploy the workflow again, or put back what was deployed"


def place_of(dag_id: str) -> str:
    """Return the words for where a definition is kept."""
    return f"the row of the DAG `{dag_id}` in the table {DEPLOYED}"


def decompressed(document: Any, dag_id: str) -> bytes:
    """Return a stored document of a row. Raises DamagedDocument."""
    try:
        return zlib.decompress(document)
    except zlib.error as error:
        raise DamagedDocument(place_of(dag_id), f"cannot be decompressed: {error}", cure=CURE) from None


def _of_one(names: tuple[str, ...], schema: str | None, dag_id: str) -> tuple[Any, dict[str, str]]:
    """Return the statement for one DAG's row, and its values.

    It is made of text: each task's process needs it once, and SQLAlchemy would take longer to make the statement than
    the database to answer it.
    """
    from airflow import settings as airflow_settings
    from sqlalchemy import text

    quoted = airflow_settings.engine.dialect.identifier_preparer.quote
    place = f"{quoted(schema)}.{DEPLOYED}" if schema else DEPLOYED
    # The names are those of this module, the schema is quoted: nothing here is a caller's.
    sql = f"SELECT {', '.join(names)} FROM {place} WHERE dag_id = :dag_id"  # nosec B608 # noqa: S608 - see above
    return text(sql), {"dag_id": dag_id}


def _ask(statement: Any, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Return the rows that a statement gives, through Airflow's engine; none if our tables are not made yet."""
    from airflow import settings as airflow_settings
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with airflow_settings.engine.connect() as connection:
            return list(connection.execute(statement, values or {}))
    except SQLAlchemyError as error:
        if _tables_are_missing():
            return []  # nothing was ever deployed
        raise Unavailable(
            "Airflow's database does not answer, so that the definitions of this file's DAGs cannot be read; "
            f"the DAGs stay as they are: {getattr(error, 'orig', None) or error}"
        ) from None


def _schema() -> str | None:
    from airflow.configuration import conf

    return conf.get("database", "sql_alchemy_schema", fallback=None) or None


def _tables_are_missing() -> bool:
    from airflow import settings as airflow_settings
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return not inspect(airflow_settings.engine).has_table(DEPLOYED, schema=_schema())
    except SQLAlchemyError:
        return False  # it does not answer at all
