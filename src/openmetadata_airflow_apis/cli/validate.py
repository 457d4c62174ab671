"""`openmetadata-airflow-apis validate FILE…`: the check of deploy_dag, offline, for JSON and YAML files."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition import WorkflowFile, read_file
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings

if TYPE_CHECKING:
    import argparse

    from openmetadata_airflow_apis.errors import Fault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `validate` takes."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="a request as JSON or YAML, or a dag-factory YAML file of several DAGs and a default block",
    )
    parser.add_argument("--quiet", action="store_true", help="print the faults alone, not the DAGs that are well")


def run(arguments: argparse.Namespace) -> int:
    """Print each DAG that is well and each fault with its place; return 0, 1 where there is a fault, 2 for no file."""
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
        for fault in error.faults:
            print(f"{path}: {fault}")
        return 1
    results = [_check(path, file, index, settings, quiet=quiet) for index in range(len(file.requests))]
    return 0 if all(results) else 1


def _check(path: Path, file: WorkflowFile, index: int, settings: Settings, *, quiet: bool) -> bool:
    from openmetadata_airflow_apis.checks.workflow_check import check_workflow

    try:
        workflow = check_workflow(file.requests[index], settings, now=datetime.now(timezone.utc), read_variables=False)
    except InvalidDefinition as error:
        for fault in error.faults:
            print(_line(path, file, index, fault))
        return False
    if not quiet:
        tasks = len(workflow.definition["tasks"])
        print(f"{path}: {workflow.dag_id} is well, {tasks} task{'' if tasks == 1 else 's'}")
    return True


def _line(path: Path, file: WorkflowFile, index: int, fault: Fault) -> str:
    pointer, line = file.place(index, fault.pointer)
    place = f"{path}:{line}" if line is not None else str(path)
    return f"{place}: {pointer or '/'}: {fault.detail}"
