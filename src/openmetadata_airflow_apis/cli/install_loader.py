"""`openmetadata-airflow-apis install-loader DIR`: writes the files through which nodes load deployed DAGs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import loader_files

if TYPE_CHECKING:
    import argparse


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
    for path, outcome in loader_files.install(arguments.folder, Settings.load_option("loader_shards")):
        print(f"{path}: {outcome}")
    return 0
