"""Checks the tagged values of a definition: functions, imports, objects to construct, variables, Jinja."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.function_parameters import call_faults, callback_faults
from openmetadata_airflow_apis.checks.installed_imports import Imports, NotImportable
from openmetadata_airflow_apis.checks.kubernetes_checks import object_faults
from openmetadata_airflow_apis.dagbuild.kubernetes_models import is_model
from openmetadata_airflow_apis.definition.canonical import tag_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openmetadata_airflow_apis.checks.findings import Findings
    from openmetadata_airflow_apis.checks.managed_functions import ManagedFunctions
    from openmetadata_airflow_apis.definition.canonical import (
        Arguments,
        Call,
        Callback,
        ManagedCall,
        ManagedFunction,
        Tag,
        Value,
        VariableOrDefault,
    )
    from openmetadata_airflow_apis.definition.places import CanonicalPlace, Part
    from openmetadata_airflow_apis.settings import Settings

# What may be imported for values beside allowed_callables; definition/ has refused more, and more exactly.
_VALUE_PACKAGES = ("airflow", "datetime", "dateutil", "kubernetes.client", "pendulum")
_KUBERNETES = ("kubernetes.client.", "airflow.providers.cncf.kubernetes.secret.")

_CONTAINERS = frozenset({dict, list})


class ValueChecks:
    """Checks values and notes the faults.

    read_variables: whether Airflow's Variables may be looked up; offline they may not.
    """

    def __init__(
        self,
        findings: Findings,
        settings: Settings,
        imports: Imports,
        functions: ManagedFunctions,
        *,
        read_variables: bool,
    ) -> None:
        self._findings = findings
        self._imports = imports
        self._own_packages = settings.allowed_callables
        self._read_variables = read_variables
        self.functions = functions

    def check(self, value: Value, place: CanonicalPlace) -> None:
        """Note every fault in a value, at its own place as far as that is known."""
        kind = type(value)
        if kind is list:
            self.check_items(enumerate(value), place)
        elif kind is dict:
            tag = tag_of(value)
            if tag is None:
                self.check_items(value.items(), place)
            else:
                self._check_tagged(tag, value[tag], place)

    def check_items(self, items: Iterable[tuple[Part, Value]], place: CanonicalPlace) -> None:
        """Note every fault in the items of a map or a list that stands at a place."""
        for key, item in items:
            if type(item) in _CONTAINERS:  # nothing else has a fault
                self.check(item, place / key)

    def _check_tagged(self, tag: Tag, content: Any, place: CanonicalPlace) -> None:
        if tag == "$callable":
            self._check_callable(content, place, {})
        elif tag == "$import":
            self.imported(content, place)
        elif tag in {"$all", "$any", "$join"}:
            for item in content:
                self.check(item, place)
        elif tag == "$literal":
            self.check_items(content.items(), place)
        elif tag in _CHECKS:
            _CHECKS[tag](self, content, place)

    def imported(self, path: str, place: CanonicalPlace) -> Any:
        """Return the object at a dotted path, or None with a fault noted."""
        try:
            return self._imports.get(path, _VALUE_PACKAGES, option="allowed_callables", added=self._own_packages)
        except NotImportable as error:
            self._findings.add(place, str(error))
            return None

    def callable_found(self, content: ManagedFunction, place: CanonicalPlace) -> bool:
        """Tell whether a function of a callable file can be used; note a fault if it can't."""
        unfit = self.functions.find(content["file"], content["name"])
        if unfit is not None:
            self._findings.add(place / "file" if unfit.about_file else place, unfit.reason)
        return unfit is None

    def _check_callable(self, content: ManagedFunction, place: CanonicalPlace, kwargs: Arguments) -> None:
        if self.callable_found(content, place):
            signature = self.functions.signature(content["file"], content["name"])
            if signature is not None:
                self._check_fit(signature, content["name"], place, kwargs)

    def _check_result(self, content: ManagedCall, place: CanonicalPlace) -> None:
        self.check_items(content["kwargs"].items(), place)
        if not self.callable_found(content, place):
            return
        signature = self.functions.signature(content["file"], content["name"])
        if signature is not None:
            for fault in call_faults(
                signature, content["name"], args=[], kwargs=content["kwargs"], given_by_airflow=()
            ):
                self._findings.add(place, fault)

    def _check_document(self, path: str, place: CanonicalPlace) -> None:
        try:
            self.functions.document(path)
        except ValueError as error:
            self._findings.add(place, str(error))

    def _check_folder(self, path: str, place: CanonicalPlace) -> None:
        if path and not self.functions.has_folder(path):
            self._findings.add(place, f"there is no folder '{path}' in dag_managed_operators (links are not followed)")

    def _check_fit(self, signature: inspect.Signature, name: str, place: CanonicalPlace, kwargs: Arguments) -> None:
        key = next((part for part in reversed(place) if isinstance(part, str)), "")
        for fault in callback_faults(signature, name, key, kwargs):
            self._findings.add(place, fault)

    def _check_call(self, content: Call, place: CanonicalPlace) -> None:
        path = content["path"]
        target = self.imported(path, place)
        if target is not None and not self._constructible(target, path):
            self._findings.add(
                place, f"'{path}' may not be called here; put a wrapper into a package of allowed_callables"
            )
        elif target is not None and path.startswith(_KUBERNETES):
            for steps, detail in object_faults(target, content.get("args", []), content.get("kwargs", {})):
                self._findings.add(place.below(steps), detail)
        self.check_items(enumerate(content.get("args", ())), place / "__args__")
        self.check_items(content.get("kwargs", {}).items(), place)

    def _constructible(self, target: Any, path: str) -> bool:
        """Tell whether an object may be called: a class that holds data, or what is in the installation's own packages.

        It is called in the webserver too.
        """
        if any(path.startswith(f"{package}.") for package in self._own_packages):
            return True
        if not isinstance(target, type):
            return False
        # Timetable is a protocol, which issubclass refuses.
        if path.startswith(_KUBERNETES):
            return is_model(target) or target.__name__ == "Secret"
        return not set(_data_classes()).isdisjoint(target.__mro__)

    def _check_callback(self, content: Callback, place: CanonicalPlace) -> None:
        function: Value = content["function"]
        kwargs = content.get("kwargs", {})
        self.check_items(kwargs.items(), place)
        if tag_of(function) == "$callable":
            self._check_callable(function["$callable"], place, kwargs)
            return
        path = function["$import"]
        target = self.imported(path, place)
        if isinstance(target, type):
            from airflow.notifications.basenotifier import BaseNotifier

            is_own = any(path.startswith(f"{package}.") for package in self._own_packages)
            if not is_own and not issubclass(target, BaseNotifier):
                self._findings.add(place, f"'{path}' is neither a function nor a notifier")
        elif target is not None and not callable(target):
            self._findings.add(place, f"'{path}' is neither a function nor a notifier")
        elif inspect.isfunction(target):
            self._check_fit(inspect.signature(target), path.rpartition(".")[2], place, kwargs)

    def _check_variable(self, content: str | VariableOrDefault, place: CanonicalPlace) -> None:
        if not isinstance(content, str):
            self.check(content["default"], place)
            return
        if not self._read_variables:
            return
        from airflow.models.variable import Variable

        try:
            Variable.get(content)
        except KeyError:
            self._findings.add(
                place / "$variable",
                f"there is no Airflow Variable '{content}'; create it, then deploy, or give the argument beside it, "
                "which holds while there is none",
            )


_CHECKS: dict[Tag, Callable[[ValueChecks, Any, CanonicalPlace], None]] = {
    "$call": ValueChecks._check_call,  # noqa: SLF001 - the table belongs to the class
    "$callback": ValueChecks._check_callback,  # noqa: SLF001
    "$document": ValueChecks._check_document,  # noqa: SLF001
    "$folder": ValueChecks._check_folder,  # noqa: SLF001
    "$result": ValueChecks._check_result,  # noqa: SLF001
    "$variable": ValueChecks._check_variable,  # noqa: SLF001
}


@lru_cache(maxsize=1)
def _data_classes() -> tuple[type, ...]:
    from datetime import date, time, timedelta

    from airflow.models.param import Param
    from airflow.notifications.basenotifier import BaseNotifier
    from airflow.timetables.base import Timetable
    from dateutil.relativedelta import relativedelta
    from dateutil.relativedelta import weekday as relative_weekday

    from openmetadata_airflow_apis.airflow_versions.dag_values import dataset_classes

    return (date, time, timedelta, relativedelta, relative_weekday, Param, Timetable, BaseNotifier, *dataset_classes())
