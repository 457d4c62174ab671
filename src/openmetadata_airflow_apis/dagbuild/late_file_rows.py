"""Refuses the rows of a late parse: a DAG processor that has read an older definition may not write the DAG's rows.

A parse that began before a deploy, or a delete, may end after it. Airflow's sync would then write a DAG of a definition
that was replaced since, or removed. For a shard, late_shard_rows says what is written instead.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.dagbuild.shards import ShardRows


class FileVersion:
    """A file as it is at a moment; was_replaced tells later whether another one was put in its place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._identity = _identity(path)

    def was_replaced(self) -> bool:
        """Tell whether the file was renamed over, changed or removed."""
        return _identity(self._path) != self._identity


def _identity(path: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - without pathlib, for speed
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size)


class DefinitionReplaced(Exception):
    """A definition was replaced, or deleted, while it was parsed: what was built from it must not be written."""


def refuse_late_writes(dag: DAG, version: FileVersion | ShardRows) -> None:
    """Let Airflow write the DAG's row only as long as its definition is the one that the DAG was built from.

    Airflow's sync reads the owner, like all else that it writes, after it has locked the row. A deploy replaces the
    definition before it locks the row. So either the sync finds the definition replaced and raises
    DefinitionReplaced, which rolls it back, or the deploy comes after it and writes over it. In a shard the rollback
    would keep all other DAGs from being written: there, the DAG is written as it is deployed now (see late_shard_rows).
    """
    dag.__class__ = _deployed_dag_class()
    vars(dag)["_definition_version"] = version


def __getattr__(name: str) -> Any:
    """Return the class DeployedDag, which is made when it is first needed, so that a DAG can be unpickled."""
    if name != "DeployedDag":
        raise AttributeError(name)
    return _deployed_dag_class()


def _check_at_sync(dag: DAG, sync: FrameType) -> None:
    version = vars(dag).get("_definition_version")
    if isinstance(version, FileVersion):
        if version.was_replaced():
            raise DefinitionReplaced(
                f"the definition of the DAG '{dag.dag_id}' was replaced while it was parsed; "
                "nothing is written of it, its next parse takes the new one"
            )
    elif version is not None:
        from openmetadata_airflow_apis.dagbuild.late_shard_rows import write_as_deployed

        write_as_deployed(dag, version, sync)


@lru_cache(maxsize=1)
def _deployed_dag_class() -> Any:
    from airflow.models.dag import DAG

    class DeployedDag(DAG):
        """A DAG that was deployed here; to Airflow a DAG like any other."""

        @property
        def owner(self) -> str:
            """Return the owners of its tasks, as DAG does; raise DefinitionReplaced to a sync that is too late."""
            is_sync = sys._getframe(1).f_code.co_name == "bulk_write_to_db"  # noqa: SLF001 - nobody else may fail
            if is_sync:
                _check_at_sync(self, sys._getframe(1))  # noqa: SLF001
            return str(super().owner)

    DeployedDag.__qualname__ = "DeployedDag"
    return DeployedDag
