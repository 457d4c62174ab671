"""needs_parse: which DAGs only the DAG processor can make exactly, since that takes their authors' code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import Definition


def needs_parse(definition: Definition) -> bool:
    """Tell whether only the DAG processor can make the DAG exactly.

    TaskFlow decorators look into their functions, and a DAG's documentation may be what a function returns.
    """
    if any("decorator" in task for task in definition["tasks"]):
        return True
    documentation = definition["dag"].get("doc_md")
    return isinstance(documentation, dict) and "$result" in documentation
