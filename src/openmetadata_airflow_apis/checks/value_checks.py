"""Checks the tagged values of a definition: functions, imports, objects to construct, variables, Jinja."""

from __future__ import annotations

import inspect
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.allowed_imports import Imports, NotImportable
from openmetadata_airflow_apis.checks.managed_functions import ManagedFunctions, call_faults
from openmetadata_airflow_apis.dagbuild.kubernetes_models import is_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.checks.findings import Findings, Place
    from openmetadata_airflow_apis.settings import Settings

# What may be imported for values beside allowed_callables; definition/ refuses more exactly.
_VALUE_PACKAGES = ("airflow", "datetime", "dateutil", "kubernetes.client", "pendulum")
_KUBERNETES = ("kubernetes.client.", "airflow.providers.cncf.kubernetes.secret.")

# How Airflow calls what stands at a key: the number of positional arguments, and whether the context comes by name.
_CALLS = {
    "on_execute_callback": (1, False),
    "on_failure_callback": (1, False),
    "on_retry_callback": (1, False),
    "on_skipped_callback": (1, False),
    "on_success_callback": (1, False),
    "response_check": (1, True),
    "response_filter": (1, True),
    "sla_miss_callback": (5, False),
}


class ValueChecks:
    """Checks values and notes the faults.

    read_variables: whether Airflow's Variables may be looked up; offline they may not.
    """

    def __init__(self, findings: Findings, settings: Settings, imports: Imports, *, read_variables: bool) -> None:
        self._findings = findings
        self._imports = imports
        self._own_packages = settings.allowed_callables
        self._packages = (*_VALUE_PACKAGES, *settings.allowed_callables)
        self._read_variables = read_variables
        self.functions = ManagedFunctions(settings.dag_managed_operators)

    def check(self, value: Any, place: Place) -> None:
        """Note every fault in a value, at its own place as far as that is known."""
        kind = type(value)
        if kind is list:
            for index, item in enumerate(value):
                self.check(item, (*place, index))
        elif kind is dict:
            tag = tag_of(value)
            if tag is None:
                for key, item in value.items():
                    self.check(item, (*place, key))
            else:
                self._tagged(tag, value[tag], place)

    def _tagged(self, tag: str, content: Any, place: Place) -> None:
        if tag == "$callable":
            self._callable(content, place, {})
        elif tag == "$import":
            self.imported(content, place)
        elif tag == "$call":
            self._call(content, place)
        elif tag == "$callback":
            self._callback(content, place)
        elif tag == "$variable":
            self._variable(content, (*place, tag))
        elif tag in {"$all", "$any", "$join"}:
            for item in content:
                self.check(item, place)
        elif tag == "$literal":
            for key, item in content.items():
                self.check(item, (*place, key))

    def imported(self, path: str, place: Place) -> Any:
        """Return the object at a dotted path, or None with a fault noted."""
        try:
            return self._imports.get(path, self._packages)
        except NotImportable as error:
            self._findings.add(place, str(error))
            return None

    def callable_found(self, content: dict[str, str], place: Place) -> bool:
        """Say whether a function of a callable file can be used; note a fault where it can't."""
        unfit = self.functions.find(content["file"], content["name"])
        if unfit is not None:
            self._findings.add((*place, "file") if unfit.about_file else place, unfit.reason)
        return unfit is None

    def _callable(self, content: dict[str, str], place: Place, kwargs: dict[str, Any]) -> None:
        if self.callable_found(content, place):
            signature = self.functions.signature(content["file"], content["name"])
            if signature is not None:
                self._fits(signature, content["name"], place, kwargs)

    def _fits(self, signature: inspect.Signature, name: str, place: Place, kwargs: dict[str, Any]) -> None:
        key = next((part for part in reversed(place) if isinstance(part, str)), "")
        if key not in _CALLS:
            return
        positional, with_context = _CALLS[key]
        given = context_keys() if with_context else ()
        for fault in call_faults(signature, name, args=[None] * positional, kwargs=kwargs, given_by_airflow=given):
            self._findings.add(place, f"{fault} (Airflow calls it with {positional} positional argument(s))")

    def _call(self, content: dict[str, Any], place: Place) -> None:
        path = content["path"]
        found = self.imported(path, place)
        if found is not None and not self._constructible(found, path):
            self._findings.add(
                place, f"'{path}' may not be called here; put a wrapper into a package of allowed_callables"
            )
        elif found is not None and path.startswith(_KUBERNETES):
            from openmetadata_airflow_apis.checks.kubernetes_checks import object_faults

            for below, detail in object_faults(found, content.get("args", []), content.get("kwargs", {})):
                self._findings.add((*place, *below), detail)
        for index, item in enumerate(content.get("args", ())):
            self.check(item, (*place, "__args__", index))
        for key, item in content.get("kwargs", {}).items():
            self.check(item, (*place, key))

    def _constructible(self, found: Any, path: str) -> bool:
        """What is called is called in the webserver too: classes that hold data, and the operator's own packages."""
        if any(path.startswith(f"{package}.") for package in self._own_packages):
            return True
        if not isinstance(found, type):
            return False
        # Timetable is a protocol, which issubclass refuses.
        if path.startswith(_KUBERNETES):
            return is_model(found) or found.__name__ == "Secret"
        return not set(_data_classes()).isdisjoint(found.__mro__)

    def _callback(self, content: dict[str, Any], place: Place) -> None:
        function, kwargs = content["function"], content.get("kwargs", {})
        for key, item in kwargs.items():
            self.check(item, (*place, key))
        if "$callable" in function:
            self._callable(function["$callable"], place, kwargs)
            return
        path = function["$import"]
        found = self.imported(path, place)
        if isinstance(found, type):
            from airflow.notifications.basenotifier import BaseNotifier

            own = any(path.startswith(f"{package}.") for package in self._own_packages)
            if not own and not issubclass(found, BaseNotifier):
                self._findings.add(place, f"'{path}' is neither a function nor a notifier")
        elif found is not None and not callable(found):
            self._findings.add(place, f"'{path}' is neither a function nor a notifier")
        elif inspect.isfunction(found):
            self._fits(inspect.signature(found), path.rpartition(".")[2], place, kwargs)

    def _variable(self, name: str, place: Place) -> None:
        if not self._read_variables:
            return
        from airflow.models.variable import Variable

        try:
            Variable.get(name)
        except KeyError:
            self._findings.add(place, f"there is no Airflow Variable '{name}'; create it, then deploy")


def tag_of(value: Any) -> str | None:
    """Return the tag of a tagged value, None where the value is plain."""
    if type(value) is dict and len(value) == 1:
        (key,) = value
        if key[:1] == "$":
            return key
    return None


@lru_cache(maxsize=1)
def context_keys() -> frozenset[str]:
    """Return the names of the template context, which Airflow passes to functions that have such a parameter."""
    from airflow.utils.context import KNOWN_CONTEXT_KEYS

    return frozenset(KNOWN_CONTEXT_KEYS) | {"templates_dict"}


@lru_cache(maxsize=1)
def _data_classes() -> tuple[type, ...]:
    from datetime import date, timedelta

    from airflow.models.param import Param
    from airflow.notifications.basenotifier import BaseNotifier
    from airflow.timetables.base import Timetable
    from dateutil.relativedelta import relativedelta
    from dateutil.relativedelta import weekday as relative_weekday

    from openmetadata_airflow_apis.airflow_versions.dag_values import dataset_classes

    return (date, timedelta, relativedelta, relative_weekday, Param, Timetable, BaseNotifier, *dataset_classes())


def template_faults(value: Any, extensions: tuple[str, ...], filters: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with the Jinja templates in a value of a templated field.

    extensions: endings of texts that name a template file. filters: the user's own.
    """
    if isinstance(value, str):
        if _has_jinja(value) and not value.endswith(extensions):
            # A name of the context, `{{ ds }}` or `{{ params.day }}`, is right without asking the parser: 0.1 ms each.
            fault = _template_fault(value, filters) if _has_jinja(_plain_names().sub("_", value)) else None
            if fault:
                yield fault
    elif isinstance(value, list):
        for item in value:
            yield from template_faults(item, extensions, filters)
    elif isinstance(value, dict):
        for item in value.values():
            yield from template_faults(item, extensions, filters)


def _has_jinja(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


@lru_cache(maxsize=1)
def _plain_names() -> re.Pattern[str]:
    """Return what finds `{{ name.of.the.context }}`; `{{{` is something else to Jinja."""
    names = "|".join(sorted(map(re.escape, context_keys())))
    return re.compile(rf"(?<!{{){{{{\s*(?:{names})(?:\.[A-Za-z_]\w*)*\s*}}}}", re.ASCII)


@lru_cache(maxsize=4096)
def _template_fault(text: str, filters: frozenset[str]) -> str | None:
    from jinja2 import TemplateSyntaxError, nodes

    environment = _environment()
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        where = f", line {error.lineno}" if "\n" in text else ""
        return f"the Jinja template can't be read{where}: {error.message}"
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name not in known and node.name not in filters:
            from openmetadata_airflow_apis.definition import nearest

            word = type(node).__name__.lower()
            return f"the Jinja template uses the unknown {word} '{node.name}'{nearest(node.name, known)}"
    return None


@lru_cache(maxsize=1)
def _environment() -> Any:
    from airflow.templates import SandboxedEnvironment

    return SandboxedEnvironment(extensions=["jinja2.ext.do"], cache_size=0)
