"""Refuses a DAG's keys that the installed Airflow is too old for, or too new."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.fault_messages import nearest
from openmetadata_airflow_apis.definition.places import CanonicalPlace

if TYPE_CHECKING:
    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.definition.canonical import Definition

_DAG = CanonicalPlace(("dag",))


def check_dag_keys(definition: Definition, findings: Findings) -> None:
    """Note each key of the DAG that is no argument of this Airflow's DAG."""
    dag_arguments = _dag_arguments()
    for key in definition["dag"]:
        if key not in dag_arguments:
            findings.add(_DAG / key, f"this Airflow's DAG has no argument '{key}'{nearest(key, dag_arguments)}")


def _dag_arguments() -> list[str]:
    from airflow.models.dag import DAG

    return [name for name in inspect.signature(DAG.__init__).parameters if name not in {"self", "dag_id"}]
