"""Where definitions are kept: the port, definition_store.DefinitionStore, a store of files and one in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.stores.file_store import FileStore

if TYPE_CHECKING:
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

__all__ = ["open_store"]


def open_store(settings: Settings) -> DefinitionStore:
    """Return the store that the settings name. Nothing is read or made yet."""
    if settings.definition_store == "database":
        from openmetadata_airflow_apis.stores.database_store import DatabaseStore

        return DatabaseStore(settings)
    return FileStore(settings)
