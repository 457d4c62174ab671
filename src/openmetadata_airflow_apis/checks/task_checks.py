"""Checks one task after the other: its class, its arguments, its function, its templates."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.checks.arguments_wanting_functions_or_enums import (
    use_functions,
    use_mapped_functions,
    use_members,
)
from openmetadata_airflow_apis.checks.default_args import DefaultArgs, plain_map
from openmetadata_airflow_apis.checks.function_parameters import call_faults, context_keys, task_call_faults
from openmetadata_airflow_apis.checks.installed_imports import Imports, NotImportable, is_below
from openmetadata_airflow_apis.checks.operator_signatures import (
    ARGUMENT_MAPS,
    OperatorSignature,
    base_arguments,
    signature_of,
)
from openmetadata_airflow_apis.checks.template_checks import template_faults
from openmetadata_airflow_apis.definition.allowed_packages import DECORATOR_PACKAGES
from openmetadata_airflow_apis.definition.fault_messages import closest, nearest
from openmetadata_airflow_apis.definition.places import CanonicalPlace
from openmetadata_airflow_apis.definition.renamed_keys_and_values import airflow_name, spellings
from openmetadata_airflow_apis.definition.setup_and_teardown import SETUP_TEARDOWN_KEYS
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from collections.abc import Collection
    from inspect import Signature

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.checks.older_operators_and_arguments import PresentOperators
    from openmetadata_airflow_apis.checks.value_checks import ValueChecks
    from openmetadata_airflow_apis.definition.canonical import Arguments, Definition, Task
    from openmetadata_airflow_apis.settings import Settings


class TaskChecks:
    """Checks the tasks of a definition and notes the faults."""

    def __init__(
        self,
        definition: Definition,
        findings: Findings,
        values: ValueChecks,
        imports: Imports,
        operators: PresentOperators,
        settings: Settings,
    ) -> None:
        self._findings = findings
        self._values = values
        self._imports = imports
        self._own_packages = settings.allowed_operators
        self._callable_packages = settings.allowed_callables
        self._operators_here = operators
        self._default_args = DefaultArgs(definition)
        dag = definition["dag"]
        self._defaults = plain_map(dag.get("default_args"))
        self._filters = frozenset(plain_map(dag.get("user_defined_filters")))
        self._own_jinja = "jinja_environment_kwargs" in dag
        self._operators: dict[str, type | str] = {}  # by path; a text says why it can't be used
        self._meant: dict[str, type] = {}  # by a path that is misspelled
        self.arguments_known: set[str] = set(base_arguments())
        self.every_operator_known = True
        # Of all operators of the DAG: the arguments that want a function, and those of them that take a list.
        self.function_arguments: set[str] = set()
        self.function_lists: set[str] = set()

    def check(self, index: int, task: Task) -> None:
        """Note every fault of a task that Airflow, the operator or the callable file would find."""
        place = _place_of(index)
        for part in ARGUMENT_MAPS:
            if task.get(part):
                self._values.check_items(task[part].items(), place / part)
        function = self._function(task, place)
        if "decorator" in task:
            self._check_decorated(index, task, function)
        elif "operator" in task:
            self._check_operator(index, task, function)
        else:
            self.every_operator_known = False

    def _use_objects(
        self, task: Task, place: CanonicalPlace, signature: OperatorSignature, *, of_function: Collection[str] = ()
    ) -> None:
        """Give the operator the functions, classes and members of Enums that texts stand for.

        of_function: the parameters of a decorated function, which get their values as they are.
        """
        functions = signature.functions.difference(of_function)
        lists = signature.function_lists
        packages = self._callable_packages
        self.function_arguments |= functions
        self.function_lists |= lists & functions
        for arguments, holder in (
            (task["arguments"], place / "arguments"),
            (task.get("partial") or {}, place / "partial"),
        ):
            imports = use_functions(arguments, functions, holder, self._findings, lists=lists, packages=packages)
            self._values.check_items(imports.items(), holder)
        expand = task.get("expand") or {}
        use_mapped_functions(expand, functions, place / "expand", self._findings, lists=lists, packages=packages)
        enums = {name: members for name, members in signature.enums.items() if name not in of_function}
        use_members(task, enums, place, self._findings, templates=signature.template_fields)

    def _function(self, task: Task, place: CanonicalPlace) -> Signature | None:
        """Return the signature of the task's function, None if it has none or only running the file would show it."""
        function = task.get("callable")
        if function is None or not self._values.callable_found(function, place / "callable"):
            return None
        return self._values.functions.signature(function["file"], function["name"])

    def _check_operator(self, index: int, task: Task, function: Signature | None) -> None:
        place = _place_of(index)
        operator = self._operator(task["operator"], place / "operator")
        if operator is None:
            self.every_operator_known = False
            # A misspelled class is no reason to keep the task's other mistakes for the next deploy.
            operator = self._meant.get(task["operator"])
            if operator is None:
                return
        signature = signature_of(operator)
        self.arguments_known |= signature.accepted or set()
        self._use_objects(task, place, signature)
        meant_names = self._check_names(index, task, signature, operator.__name__)
        all_arguments = self._given(task)
        if "callable" in task and not signature.takes("python_callable"):
            self._findings.add(place / "callable", f"{operator.__name__} takes no python_callable")
        missing = sorted(signature.required - set(all_arguments) - meant_names)  # a misspelled one is not missing
        for name in missing:
            if self._findings.read_badly(index, name):
                self._findings.incomplete.add(index)
            else:
                self._findings.add(place, f"'{name}' is missing; {operator.__name__} requires it")
        if not self._own_jinja:
            self._check_templates(task, place, signature)
        if function is not None and signature.takes("op_kwargs"):
            self._check_call(index, task, function, all_arguments)

    def _operator(self, path: str, place: CanonicalPlace) -> type | None:
        if path not in self._operators:
            try:
                self._operators[path] = self._import_operator(path)
            except NotImportable as error:
                self._operators[path] = str(error)
                if error.meant is not None:
                    with contextlib.suppress(NotImportable):
                        self._meant[path] = self._import_operator(error.meant)
        operator = self._operators[path]
        if isinstance(operator, str):
            self._findings.add(place, operator)
            return None
        return operator

    def _import_operator(self, path: str) -> type:
        from airflow.models.baseoperator import BaseOperator

        operator = self._operators_here.get(path)
        if not (isinstance(operator, type) and issubclass(operator, BaseOperator)):
            raise NotImportable(f"'{path}' is not an operator (a subclass of BaseOperator)")
        module_file = getattr(sys.modules.get(operator.__module__), "__file__", None)
        if module_file and is_below(os.fspath(module_file), self._imports.authored):
            raise NotImportable(f"'{path}' comes from a file of authors ({module_file}), not from an installed package")
        return operator

    def _check_names(self, index: int, task: Task, signature: OperatorSignature, name: str) -> set[str]:
        """Note the arguments that the operator doesn't take; return those that were probably meant."""
        key_schemas = properties("WorkflowTask")
        meant_names = set()
        for part in ARGUMENT_MAPS:
            for key in task.get(part) or {}:
                if signature.takes(key) or key in {"default_args", "params"}:
                    continue
                near = "; it belongs in the DAG"
                if key in key_schemas or key not in properties("WorkflowDag"):
                    words = (*spellings("WorkflowTask", signature.accepted or ()), *SETUP_TEARDOWN_KEYS)
                    near = nearest(key, words)
                    word = closest(key, words) or ""
                    meant_names.add(airflow_name(word, key_schemas.get(word, {})))
                self._findings.add(_place_of(index) / part / key, f"{name} has no argument '{key}'{near}")
        return meant_names

    def _given(self, task: Task) -> Arguments:
        """Return what the operator gets by name: defaults, then the task's own."""
        all_arguments = self._default_args.of(task)
        for part in ARGUMENT_MAPS:
            all_arguments.update(task.get(part) or {})
        if "callable" in task:
            all_arguments["python_callable"] = task["callable"]
        return all_arguments

    def _check_templates(self, task: Task, place: CanonicalPlace, signature: OperatorSignature) -> None:
        for part in ARGUMENT_MAPS:
            for key, value in (task.get(part) or {}).items():
                if key in signature.template_fields:
                    at_value = place / part / key
                    for at_text, fault in template_faults(value, signature.template_ext, self._filters, at_value):
                        self._findings.add(at_text, fault)

    def _check_call(self, index: int, task: Task, function: Signature, all_arguments: Arguments) -> None:
        """Check op_args and op_kwargs against the function; if they are mapped, those of each mapped task."""
        expand = task.get("expand") or {}
        for name in ("op_args", "op_kwargs"):
            if name not in expand:
                continue
            mapped_values = expand[name]
            if not isinstance(mapped_values, list):
                all_arguments = {**all_arguments, name: {"$output": ""}}  # known when the task before has run
                continue
            for number, item in enumerate(mapped_values):
                place = _place_of(index) / "expand" / name / number
                self._note_call(task, function, {**all_arguments, name: item}, place)
            return
        key = "op_kwargs" if "op_kwargs" in task["arguments"] else "op_args"
        place = _place_of(index)
        at_call = place / "arguments" / key if key in task["arguments"] else place / "callable"
        self._note_call(task, function, all_arguments, at_call)

    def _note_call(self, task: Task, function: Signature, all_arguments: Arguments, place: CanonicalPlace) -> None:
        for fault in task_call_faults(function, task["callable"]["name"], all_arguments):
            self._findings.add(place, fault)

    def _check_decorated(self, index: int, task: Task, function: Signature | None) -> None:
        place = _place_of(index)
        operator = self._decorated_operator(task["decorator"], place / "decorator")
        if operator is None or function is None:
            self.every_operator_known = False
            if operator is not None and not all(map(signature_of(operator).takes, task["arguments"])):
                self._findings.left_to_processor.add(index)  # the rest may be the function's, or unknown
            return
        signature = signature_of(operator)
        self.arguments_known |= signature.accepted or set()
        self._use_objects(task, place, signature, of_function=function.parameters)
        mapped_arguments = {**(task.get("partial") or {}), **(task.get("expand") or {})}
        to_function = {key: value for key, value in task["arguments"].items() if key in function.parameters}
        for key in task["arguments"]:
            if key not in to_function and not signature.takes(key) and key not in {"multiple_outputs", "params"}:
                near = nearest(key, [*function.parameters, *spellings("WorkflowTask", signature.accepted or ())])
                self._findings.add(
                    place / "arguments" / key,
                    f"neither the function '{task['callable']['name']}' nor the decorator takes '{key}'{near}",
                )
        for fault in call_faults(
            function,
            task["callable"]["name"],
            args=[],
            kwargs={**to_function, **mapped_arguments},
            given_by_airflow=context_keys() | set(self._defaults) | self._findings.arguments_read_badly(index),
        ):
            self._findings.add(place / "callable", fault)

    def _decorated_operator(self, path: str, place: CanonicalPlace) -> type | None:
        """Return the operator class behind a TaskFlow decorator."""
        try:
            decorator = self._imports.get(
                path, DECORATOR_PACKAGES, option="allowed_operators", added=self._own_packages
            )
        except NotImportable as error:
            self._findings.add(place, str(error))
            return None
        try:
            return decorator()(_example).operator_class  # external_python takes no function before this call
        except Exception:  # noqa: BLE001 - whatever it does with the function, it is no decorator
            self._findings.add(place, f"'{path}' is not a decorator that makes a task of a function")
            return None


def _place_of(index: int) -> CanonicalPlace:
    return CanonicalPlace(("tasks", index))


def _example() -> None:
    """Stand for a function to decorate, which shows the operator that the decorator uses."""
