"""The loader files of the database store: one for each shard, in the dags folder of each node; they never change.

dagbuild/shard_loader.py says what a loader file does, dagbuild/shards.py which DAG is in which shard.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import jinja2

from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.resources import dag_loader_template_path
from openmetadata_airflow_apis.stores import atomic_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# How each begins. A file that begins so is ours to replace.
MARKER = b"# Loads the DAGs that openmetadata-airflow-apis has deployed;"
# A shell pattern that matches all their names.
PATTERN = "openmetadata_airflow_apis_loader_*_of_*.py"
_NAME = re.compile(r"openmetadata_airflow_apis_loader_\d+_of_(\d+)\.py")


def file_name(shard: int, shards: int) -> str:
    """Return the name of a shard's file. Shards count from 0, names from 1."""
    return f"openmetadata_airflow_apis_loader_{shard + 1}_of_{shards}.py"


def is_loader(path: str | None) -> bool:
    """Say whether a path ends in the name of a loader file."""
    return _NAME.fullmatch((path or "").rpartition("/")[2]) is not None


def rendered(shard: int, shards: int) -> bytes:
    """Return the content of a shard's file, which depends only on these two numbers."""
    template = jinja2.Template(
        dag_loader_template_path().read_text("utf-8"), keep_trailing_newline=True, autoescape=False
    )
    return template.render(shard=shard, shards=shards).encode()


def present(folder: Path) -> list[Path]:
    """Return the files in a folder that have the name of a loader file, sorted."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def refusals(folder: Path, paths: Iterable[Path]) -> list[str]:
    """Return a message for each file that install-loader did not write."""
    with atomic_files.storage_errors(folder):
        return [
            f"{path} was not written by install-loader; move it away and try again"
            for path in paths
            if not (atomic_files.read_bytes(path) or b"").startswith(MARKER)
        ]


def install(folder: Path, shards: int) -> Iterator[tuple[Path, str]]:
    """Write the loader files to a folder; yield each path with "written", "unchanged" or "removed".

    Files for another number of shards are removed, since each DAG would come from two files. Raises Unavailable if a
    file of such a name is not ours, before anything is written, or if the folder can't be written.
    """
    with atomic_files.storage_errors(folder):
        present_files = present(folder)
        for refusal in refusals(folder, present_files):
            raise Unavailable(refusal)
        for shard in range(shards):
            path, content = folder / file_name(shard, shards), rendered(shard, shards)
            if atomic_files.read_bytes(path) == content:
                yield path, "unchanged"
                continue
            beside = atomic_files.write_beside(path, content)
            beside.chmod(0o644)  # the user who parses it may not be the one who builds the image
            beside.replace(path)
            yield path, "written"
        for path in present_files:
            match = _NAME.fullmatch(path.name)
            if match and int(match[1]) != shards:
                path.unlink()
                yield path, "removed"
        atomic_files.sync_folder(folder)
