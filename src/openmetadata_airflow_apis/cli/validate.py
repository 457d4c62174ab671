"""`openmetadata-airflow-apis validate FILE…`: makes the checks of deploy_dag offline, on JSON and YAML files."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition import WorkflowFile, read_file
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from openmetadata_airflow_apis.errors import Fault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="a request as JSON or YAML, or a dag-factory YAML file of several DAGs and a default block",
    )
    parser.add_argument("--quiet", action="store_true", help="print the faults alone, not the DAGs that are well")


def run(arguments: argparse.Namespace) -> int:
    """Print each valid DAG and each fault with its place; return 0, 1 for a fault, 2 for a file that can't be read."""
    settings = Settings.load()
    codes = [_validate(path, settings, quiet=arguments.quiet) for path in arguments.files]
    return max(codes)


def _validate(path: Path, settings: Settings, *, quiet: bool) -> int:
    try:
        file = read_file(path)
    except OSError as error:
        print(f"{path}: {error.strerror}")
        return 2
    except InvalidDefinition as error:
        _print_faults(path, error.faults)
        return 1
    return 0 if _check(path, file, settings, quiet=quiet) else 1


def _check(path: Path, file: WorkflowFile, settings: Settings, *, quiet: bool) -> bool:
    from openmetadata_airflow_apis.checks.workflow_check import check_file

    is_well = True
    for result in check_file(file, settings, now=datetime.now(timezone.utc), read_variables=False):
        if isinstance(result, list):
            is_well = False
            _print_faults(path, result)
        elif not quiet:
            tasks = len(result.definition["tasks"])
            print(f"{path}: {result.dag_id} is well, {tasks} task{'' if tasks == 1 else 's'}")
    return is_well


def _print_faults(path: Path, faults: Iterable[Fault]) -> None:
    for fault in faults:
        print(f"{path}:{fault.line}: {fault}" if fault.line is not None else f"{path}: {fault}")
