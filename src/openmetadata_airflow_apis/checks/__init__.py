"""Checks what only Airflow can tell about a definition whose form is right.

Nothing is stored here: the only I/O is to read callable files and Variables.

    workflow_check.py     check_workflow, the gate before a deploy: all faults at once; check_file, each DAG of a file
    airflow_dag_keys.py   refuses keys of the DAG that the installed Airflow lacks
    findings.py           collects faults, at the places of the document as it was sent
    task_checks.py        one task after the other: its class, arguments, function, templates
    value_checks.py       tagged values: functions, imports, objects to construct, Variables; and Jinja
    template_checks.py    Jinja templates in arguments: can they be read, are their filters known; no files
    macro_checks.py       macros that are texts although their authors meant a function
    kubernetes_checks.py  what a pod's objects are made of
    default_args.py       which of default_args become a task's arguments, and which no operator takes

Operators: is there such a class, and what does it take?

    older_operators_and_arguments.py  what a path means here: older places, successors, renamed arguments; unknown ones
    provider_packages.py              which provider package a path needs, and whether it is installed
    operator_list.py                  the paths of all operators that are installed, for the page's editor
    operator_signatures.py            what an operator's class takes: arguments, required ones, templated ones

    arguments_wanting_functions_or_enums.py  arguments that want a function, a class or a member of an Enum

Functions and imports:

    managed_functions.py    finds functions in callable files, by their syntax tree
    function_parameters.py  whether a function takes what it is called with: op_args, op_kwargs, what callbacks get
    installed_imports.py    imports what a definition names from installed packages, never from the authors' folders
"""

from openmetadata_airflow_apis.checks.workflow_check import check_workflow

__all__ = ["check_workflow"]
