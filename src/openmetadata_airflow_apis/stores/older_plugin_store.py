"""The store of files, for taking over what the older plugin has put where ours would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.conflicts import NotDeployedHere
from openmetadata_airflow_apis.errors import DamagedDocument
from openmetadata_airflow_apis.stores import atomic_files
from openmetadata_airflow_apis.stores.file_store import FileStore

if TYPE_CHECKING:
    from pathlib import Path

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument

# Below dag_generated_configs. The .py gets another ending, since that folder may be below the dags folder.
KEPT = "older-plugin"


class OlderPluginStore(FileStore):
    """A FileStore in which a name with files of the older plugin is free: `write` puts ours in their place."""

    def older_dag_ids(self) -> list[str]:
        """Return the names of what is deployed by the older plugin, and of what was being taken over when we died."""
        names = (name[:-5] for name in self._files.entries(self._files.records) if name.endswith(".json"))
        return sorted(name for name in names if self._files.inspect(name)[0].is_older_plugins)

    def record(self, dag_id: str) -> Path:
        """Return the path of <dag_id>.json."""
        return self._files.record(dag_id)

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Do as the store of files, but return None where the older plugin's files, or one and ours, are there."""
        try:
            return super().claim(dag_id)
        except (NotDeployedHere, DamagedDocument):
            if self.is_older(dag_id):
                return None
            raise

    def is_older(self, dag_id: str) -> bool:
        """Say whether the .json is the older plugin's, and the .py too, or ours where a process has died in between."""
        record, module = self._files.inspect(dag_id)
        return record.is_older_plugins and (module.is_older_plugins or (module.is_ours and module.reason is None))

    def keep_older_files(self, dag_id: str) -> Path:
        """Copy the older plugin's files of a name to a folder beside the definitions; return the folder.

        What is in it stays as it is: it is from a try that was broken off.
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
