"""What needs Airflow to be judged: operators, arguments, callables by their syntax tree, pods. Nothing is stored here.

The only I/O is reading: callable files, and Variables where they are asked for.
"""

from openmetadata_airflow_apis.checks.workflow_check import check_workflow

__all__ = ["check_workflow"]
