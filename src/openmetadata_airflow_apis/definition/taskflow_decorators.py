"""The TaskFlow decorator of a task: by which of its paths it may be named, and which keys can't stand beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.setup_and_teardown import TASK, makes_setup_or_teardown

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import OperatorKey
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_ids import Node

_PACKAGES = ("airflow.decorators.", "airflow.providers.")
_PACKAGE_OF_AIRFLOW_3 = "airflow.sdk."
_CONDITIONS = {"run_if", "skip_if"}  # since Airflow 2.10


def read_decorator(context: Context, node: Node, path: str) -> OperatorKey:
    """Return a task's decorator by its path in Airflow 2; no key if it, or a key beside it, is at fault."""
    at_decorator = node.path / "decorator"
    if makes_setup_or_teardown(path):
        path = TASK
    elif path.startswith(_PACKAGE_OF_AIRFLOW_3):
        path = _PACKAGES[0] + path[len(_PACKAGE_OF_AIRFLOW_3) :]
    if path.startswith("airflow.") and not path.startswith(_PACKAGES):
        context.fault(at_decorator, f"{quoted(path)} is no TaskFlow decorator; give one such as {TASK}")
        return {}
    if path.startswith(_PACKAGES[0]) and path.rpartition(".")[2] in _CONDITIONS:
        context.fault(
            at_decorator,
            f"{quoted(path)} makes no task; give one such as {TASK}, and by pre_execute_name and pre_execute_file a "
            "function that raises AirflowSkipException where the task is to be skipped",
        )
        return {}
    call_arguments = [name for name in ("op_args", "op_kwargs") if name in node.sent]
    for name in call_arguments:
        context.fault(
            node.path / name,
            "is for operators; give the values for a decorated function's parameters by their names, "
            "beside the decorator's arguments",
        )
    if call_arguments:
        return {}
    if not {"python_callable_name", "python_callable"} & set(node.sent):
        context.fault(node.path, "'python_callable_name' is missing: the function that the decorator makes a task of")
    return {"decorator": path}
