"""Runs an ingestion workflow of OpenMetadata, for examples/test_ingestion_x_35.json."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Where openmetadata-ingestion keeps the class: today, and in its 0.x releases.
_CLASSES = (("metadata.workflow.metadata", "MetadataWorkflow"), ("metadata.ingestion.api.workflow", "Workflow"))


def metadata_ingestion_workflow(workflow_config: dict[str, Any]) -> None:
    """Run the workflow that the configuration describes; fail where it reports failures.

    The configuration is that of the installed release of openmetadata-ingestion.
    """
    workflow = _workflow_class().create(workflow_config)
    try:
        workflow.execute()
        workflow.raise_from_status()
        workflow.print_status()
    finally:
        workflow.stop()


def _workflow_class() -> Any:
    for module, name in _CLASSES:
        try:
            return getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            # A package that openmetadata-ingestion itself misses is a different fault.
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
    raise RuntimeError(
        "openmetadata-ingestion is not installed on this worker. Install the release that fits your OpenMetadata "
        "server into the workers' Python, with the sources that you ingest: "
        'pip install "openmetadata-ingestion[mysql]==<version of the server>"'
    )
