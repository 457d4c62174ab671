"""check_file: what a deploy would say of each DAG of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from openmetadata_airflow_apis.definition import Workflow, WorkflowFile
    from openmetadata_airflow_apis.errors import Fault
    from openmetadata_airflow_apis.settings import Settings


def check_file(
    file: WorkflowFile, settings: Settings, *, now: datetime, read_variables: bool = True
) -> Iterator[Workflow | list[Fault]]:
    """Yield for each request of a file its workflow, or its faults with their places in the file.

    Each fault is yielded once: those of the `default` block with the first DAG that has them, so that the list of
    another DAG may be empty. now, read_variables: as in check_workflow.
    """
    yielded_faults: set[Fault] = set()
    for index, request in enumerate(file.requests):
        try:
            yield check_workflow(request, settings, now=now, read_variables=read_variables)
        except InvalidDefinition as error:
            faults = [file.placed(index, fault) for fault in error.faults]
            yield [fault for fault in faults if fault not in yielded_faults]
            yielded_faults.update(faults)
