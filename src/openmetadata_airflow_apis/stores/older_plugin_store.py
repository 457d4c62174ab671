"""The file store for taking over the older plugin's files, which are at the paths of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.conflict_errors import NotDeployedHere
from openmetadata_airflow_apis.errors import DamagedDocument
from openmetadata_airflow_apis.stores import atomic_files
from openmetadata_airflow_apis.stores.file_store import FileStore

if TYPE_CHECKING:
    from pathlib import Path

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument

# A folder in dag_generated_configs. A .py in it gets another ending, since the dags folder may contain it.
KEPT = "older-plugin"


class OlderPluginStore(FileStore):
    """A FileStore in which a name with files of the older plugin is free: `write` puts ours in their place."""

    def older_dag_ids(self) -> list[str]:
        """Return the DAGs of the older plugin, with those whose take-over was interrupted."""
        names = (name[:-5] for name in self._files.entries(self._files.records) if name.endswith(".json"))
        return sorted(name for name in names if self._files.inspect(name)[0].is_older_plugins)

    def record(self, dag_id: str) -> Path:
        """Return the path of <dag_id>.json."""
        return self._files.record(dag_id)

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Do as the file store does, but return None for a name with files of the older plugin (is_older)."""
        try:
            return super().claim(dag_id)
        except (NotDeployedHere, DamagedDocument):
            if self.is_older(dag_id):
                return None
            raise

    def is_older(self, dag_id: str) -> bool:
        """Say whether the .json is the older plugin's and the .py too, or ours if a take-over was interrupted."""
        record, module = self._files.inspect(dag_id)
        return record.is_older_plugins and (module.is_older_plugins or (module.is_ours and module.reason is None))

    def keep_older_files(self, dag_id: str) -> Path:
        """Copy the older plugin's files of a name to the folder KEPT; return the folder.

        A file that is in it already, from an interrupted take-over, stays as it is.
        """
        folder = self._files.records / KEPT
        with atomic_files.storage_errors(folder):
            atomic_files.make_folder(folder)
            copies = {self._files.record(dag_id): f"{dag_id}.json", self._files.module(dag_id): f"{dag_id}.py.txt"}
            for source, name in copies.items():
                content = atomic_files.read_bytes(source)
                if content is not None and not (folder / name).exists():
                    atomic_files.write_beside(folder / name, content).rename(folder / name)
            atomic_files.sync_folder(folder)
        return folder
