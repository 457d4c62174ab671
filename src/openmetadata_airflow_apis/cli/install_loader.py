"""`openmetadata-airflow-apis install-loader DIR`: writes the files through which nodes load deployed DAGs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import atomic_files, loader_files

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="the dags folder, or what becomes it: not one below it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write one file for each shard, and print the outcome for each; return 0, or 2 if the folder does not exist."""
    if not arguments.folder.is_dir():
        print(f"{arguments.folder} is not a folder; make it first")
        return 2
    for path, outcome in install(arguments.folder, Settings.load_option("loader_shards")):
        print(f"{path}: {outcome}")
    return 0


def install(folder: Path, shards: int) -> Iterator[tuple[Path, str]]:
    """Write the loader files to a folder; yield each path with "written", "unchanged" or "removed".

    Files for another number of shards are removed, since each DAG would come from two files. Raises Unavailable if a
    file of such a name is not ours, before anything is written, or if the folder can't be written.
    """
    with atomic_files.storage_errors(folder):
        present_files = loader_files.present(folder)
        for refusal in loader_files.refusals(folder, present_files):
            raise Unavailable(refusal)
        for shard in range(shards):
            path, content = folder / loader_files.file_name(shard, shards), loader_files.rendered(shard, shards)
            if atomic_files.read_bytes(path) == content:
                yield path, "unchanged"
                continue
            beside = atomic_files.write_beside(path, content)
            beside.chmod(0o644)  # the user who parses it may not be the one who builds the image
            beside.replace(path)
            yield path, "written"
        for path in present_files:
            match = loader_files.NAME.fullmatch(path.name)
            if match and int(match[1]) != shards:
                path.unlink()
                yield path, "removed"
        atomic_files.sync_folder(folder)
