"""Where definitions are kept: the port, definition_store.DefinitionStore, and a store of files, written atomically."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.stores.file_store import FileStore

if TYPE_CHECKING:
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

__all__ = ["open_store"]


def open_store(settings: Settings) -> DefinitionStore:
    """Return the store that the settings name: so far the file store alone. Nothing is read or made yet."""
    return FileStore(settings)
