"""Finds the files that interrupted deploys and deletes leave on disk, and finishes or removes them."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.dag_ids import is_name
from openmetadata_airflow_apis.errors import DamagedDocument, Unavailable
from openmetadata_airflow_apis.stores import atomic_files
from openmetadata_airflow_apis.stores.deployed_files import DELETING, dag_id_of_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openmetadata_airflow_apis.stores.deployed_files import DeployedFiles


class InterruptedFiles:
    """The files of deploys and deletes that ended between two steps."""

    def __init__(self, files: DeployedFiles) -> None:
        self._files = files

    def dag_ids(self, deployed_ids: Iterable[str]) -> set[str]:
        """Return the names with left-over files, and those among deployed_ids whose .py is stale."""
        file_names = self._files.entries(self._files.records) + self._files.entries(self._files.modules)
        left_over = {dag_id for dag_id in map(_dag_id_of_left_over, file_names) if dag_id and is_name(dag_id)}
        return left_over | {dag_id for dag_id in deployed_ids if self._files.module_is_stale(dag_id)}

    def finish(self, dag_id: str) -> bool:
        """Unlink temporary files; render a missing .py, or unlink the .py of a removal.

        Returns whether a removal has begun, for end_removal.
        """
        record, module = self._files.record(dag_id), self._files.module(dag_id)
        with atomic_files.storage_errors(self._files.records):
            for path in atomic_files.left_beside(record):
                path.unlink(missing_ok=True)
            removal_begun = self._removal_begun(dag_id)
        with atomic_files.storage_errors(self._files.modules):
            for path in atomic_files.left_beside(module):
                path.unlink(missing_ok=True)
            if removal_begun:
                module.unlink(missing_ok=True)
        if not removal_begun and self._files.module_is_stale(dag_id):
            with ExitStack() as cleanup, atomic_files.storage_errors(self._files.modules):
                self._files.put(self._files.beside(module, self._files.rendered(dag_id), cleanup), module)
        return removal_begun

    def undo_removal(self, dag_id: str, text: bytes | None) -> None:
        """Put back the .json, and the .py with its former text, after a failed removal."""
        record, module = self._files.record(dag_id), self._files.module(dag_id)
        tombstone = self._files.tombstone(dag_id)
        with suppress(OSError, Unavailable):  # the caller's own error says more; what is left is finished later
            if tombstone.exists():
                self._files.put(tombstone, record)
            if text is not None and not module.exists():
                with ExitStack() as cleanup:
                    self._files.put(self._files.beside(module, text, cleanup), module)

    def end_removal(self, dag_id: str) -> None:
        """Unlink .<dag_id>.json.deleting."""
        self._files.at_step("unlink the .deleting")
        with suppress(OSError):  # the next refresh, deploy or delete removes what is left
            self._files.tombstone(dag_id).unlink(missing_ok=True)
            atomic_files.sync_folder(self._files.records)

    def _removal_begun(self, dag_id: str) -> bool:
        tombstone = self._files.tombstone(dag_id)
        if not os.path.lexists(tombstone):
            return False
        if tombstone.is_symlink() or not tombstone.is_file():
            raise DamagedDocument(str(tombstone), "is not a regular file", cure="move it away and try again")
        if os.path.lexists(self._files.record(dag_id)):  # a removal never leaves both, so the DAG is deployed
            tombstone.unlink(missing_ok=True)
            return False
        return True


def _dag_id_of_left_over(file_name: str) -> str | None:
    """Return the dag_id of a file that an interrupted deploy or delete left, None for any other file."""
    if file_name.endswith(DELETING):
        return dag_id_of_record(file_name)
    target = atomic_files.written_beside(file_name)
    return Path(target).stem if target and Path(target).suffix in (".json", ".py") else None
