"""Where definitions are kept: one port, and two stores behind it, of files and in the database.

open_store, here, decides which by the option definition_store.

    definition_store.py  the port, DefinitionStore: what a store promises
    version_rows.py      the table of versions: the newest of each DAG, pages, what is pruned
    differs_in_case.py   a dag_id that differs from a deployed one in upper and lower case alone is refused
    idempotency_keys.py  the answers of requests with an Idempotency-Key; who claims a key, takes it over, or is refused

The file store:

    file_store.py          <dag_id>.json and <dag_id>.py, and in which order they are written and removed
    deployed_files.py      these two files: who wrote them, whether the .py fits its seal; damaged ones are refused
    interrupted_files.py   finishes or removes what a crash has left of them
    runner_template.py     the .py of a DAG: rendered, marked, sealed; what an operator's own template must hold
    older_plugin_files.py  how a file of the older plugin is told from ours
    older_plugin_store.py  which DAGs are still the older plugin's, after a break-off too; takes them over
    atomic_files.py        writes files so that a reader sees the old or the new content
    name_locks.py          a lock per name, held by a process through flock
    unchanged_files.py     revision, bundle and deployment of files, without reading unchanged ones again

The database store:

    database_store.py  a row for each DAG, written with Airflow's rows; which DAGs could not be built, and why
    database_locks.py  a lock per name in Airflow's database
    loader_files.py    each node's loader files: their names, what install-loader writes and removes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.stores.file_store import FileStore

if TYPE_CHECKING:
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

__all__ = ["open_store"]


def open_store(settings: Settings) -> DefinitionStore:
    """Return the store that the settings name. Reads and makes nothing yet."""
    if settings.definition_store == "database":
        from openmetadata_airflow_apis.stores.database_store import DatabaseStore

        return DatabaseStore(settings)
    return FileStore(settings)
