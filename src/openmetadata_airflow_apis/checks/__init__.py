"""What needs Airflow to be judged.

Nothing is stored here: the only I/O is to read callable files and Variables.

    workflow_check.py       check_workflow: the gate that every definition passes before anything is stored
    findings.py             collects faults, at the places of the document as it was sent
    task_checks.py          one task after the other: its class, arguments, function, templates
    value_checks.py         tagged values: functions, imports, objects to construct, Variables; and Jinja
    kubernetes_checks.py    what a pod's objects are made of
    managed_functions.py    whether a call fits a function of a callable file, by its syntax tree
    function_arguments.py   arguments that want a function or a class
    enum_arguments.py       arguments that want a member of an Enum
    operator_signatures.py  what an operator's class takes
    file_check.py           check_file: each DAG of a file
    installed_operators.py  the paths of the operators that there are
    allowed_imports.py      imports from installed packages on an allow-list, and from nowhere else
"""

from openmetadata_airflow_apis.checks.workflow_check import check_workflow

__all__ = ["check_workflow"]
