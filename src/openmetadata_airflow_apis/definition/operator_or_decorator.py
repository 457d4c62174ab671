"""What makes a task: an operator's class, or a TaskFlow decorator, by which of its paths; never both.

And which keys can't stand beside a decorator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.allowed_packages import is_dotted
from openmetadata_airflow_apis.definition.fault_messages import nearest, quoted
from openmetadata_airflow_apis.definition.refused_and_ignored_keys import refused_keys
from openmetadata_airflow_apis.definition.setup_and_teardown import TASK, makes_setup_or_teardown
from openmetadata_airflow_apis.definition.workflow_schema import properties, schema

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import OperatorKey
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_ids import Node

_PACKAGES = ("airflow.decorators.", "airflow.providers.")
_PACKAGE_OF_AIRFLOW_3 = "airflow.sdk."
_CONDITIONS = {"run_if", "skip_if"}  # since Airflow 2.10


def read_operator(context: Context, node: Node) -> OperatorKey:
    """Return what makes the task, an operator's class or a TaskFlow decorator; no key if that is at fault."""
    sent = node.sent
    keys_sent = [key for key in ("operator", "decorator") if key in sent]
    if len(keys_sent) == 2:
        context.fault(node.path / "decorator", "is there beside 'operator'; give one of them")
        return {}
    if not keys_sent:
        _note_missing_operator(context, node)
        return {}
    (key,) = keys_sent
    value, path = sent[key], node.path / key
    if path in context.skipped_paths:
        return {}
    if not is_dotted(value):
        example = TASK if key == "decorator" else "airflow.operators.bash.BashOperator"
        context.fault(path, f"{quoted(value)} is no dotted path; give one such as {example}")
        return {}
    if key == "operator":
        return {"operator": value}
    return _read_decorator(context, node, value)


def _note_missing_operator(context: Context, node: Node) -> None:
    for key in node.sent:
        if key in refused_keys(schema("WorkflowTask")):
            return  # the key that stands in for the operator has its fault already
        near = nearest(key, ["operator", "decorator"])
        if near and key not in properties("WorkflowTask"):
            context.fault(node.path / key, f"unknown key {quoted(key)}{near}")
            return
    context.fault(node.path, "'operator' is missing: the dotted path of the operator's class")


def _read_decorator(context: Context, node: Node, path: str) -> OperatorKey:
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
