"""Turns the values of a canonical definition into Python objects.

A value is plain JSON, or a tagged object: one key that starts with "$" and says what its content becomes.
"""

from __future__ import annotations

import functools
import importlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Callable, Protocol

from openmetadata_airflow_apis.errors import DagNotBuilt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.canonical import (
        Arguments,
        Call,
        Callback,
        Condition,
        Dataset,
        LocalTime,
        ManagedCall,
        ManagedFunction,
        OutputKey,
        Tag,
        Value,
        VariableOrDefault,
    )


class FindFunction(Protocol):
    """Gives the function `name` of a callable file. folder: dag_managed_operators."""

    @property
    def folder(self) -> str: ...

    def __call__(self, file: str, name: str) -> Callable[..., Any]: ...


@functools.cache
def import_object(path: str) -> Any:
    """Return the object at a dotted path, which may lead into an object of a module: airflow.decorators.task.branch.

    Raises ImportError naming the part that is not there.
    """
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        module_name = ".".join(parts[:cut])
        try:
            target = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if cut > 1 and error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
                continue
            raise
        for depth, part in enumerate(parts[cut:], cut):
            if not hasattr(target, part):
                raise ImportError(f"there is no '{part}' in {'.'.join(parts[:depth])}")
            target = getattr(target, part)
        return target
    raise ImportError(f"'{path}' is not a dotted path of a module and a name in it")


class Values:
    """Makes Python objects of the values of a definition.

    find_function: looks up functions of callable files. find_output: gives a task's output by its task_id.
    find_variable: gives the value of an Airflow Variable, or raises KeyError; by default the one in Airflow's secrets
    and database.
    """

    def __init__(
        self,
        find_function: FindFunction,
        find_output: Callable[[str], Any],
        find_variable: Callable[[str], str] | None = None,
    ) -> None:
        self._find_function = find_function
        self._find_output = find_output
        self._find_variable = find_variable

    def make(self, value: Value) -> Any:
        """Return the object that a value stands for; maps and lists are made anew, never shared."""
        kind = type(value)
        if kind is dict:
            if len(value) == 1:
                ((tag, content),) = value.items()
                if tag[:1] == "$":
                    try:
                        maker = _MAKERS[tag]
                    except KeyError:
                        raise DagNotBuilt((), f"'{tag}' is no tag of a stored value") from None
                    return maker(self, content)
            return {key: self.make(item) for key, item in value.items()}
        if kind is list:
            return [self.make(item) for item in value]
        return value

    def make_arguments(self, arguments: Mapping[str, Value], place: tuple[str | int, ...]) -> dict[str, Any]:
        """Return keyword arguments with their values made; a failure is reported at its own keyword."""
        made_arguments: dict[str, Any] = {}
        key = ""
        try:
            for key, value in arguments.items():
                made_arguments[key] = self.make(value)
        except BaseException:
            with blaming((*place, key)):
                raise
        return made_arguments

    def _datetime(self, content: str | LocalTime) -> datetime:
        if isinstance(content, str):
            return datetime.fromisoformat(content)
        from airflow.utils.timezone import make_aware

        from openmetadata_airflow_apis.airflow_versions.dag_values import parse_timezone

        moment = datetime.fromisoformat(content["at"])
        zone = parse_timezone(content["timezone"])
        return make_aware(moment, zone) if moment.tzinfo is None else moment.astimezone(zone)

    def _timedelta(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds)

    def _callable(self, content: ManagedFunction) -> Callable[..., Any]:
        return self._find_function(content["file"], content["name"])

    def _result(self, content: ManagedCall) -> Any:
        function = self._find_function(content["file"], content["name"])
        return function(**{key: self.make(item) for key, item in content["kwargs"].items()})

    def _document(self, path: str) -> str:
        from openmetadata_airflow_apis.dagbuild.callable_files import read_document

        try:
            return read_document(self._find_function.folder, path)
        except (OSError, ValueError) as error:
            reason = f"the file '{path}' in {self._find_function.folder} can't be read: {error}"
            raise DagNotBuilt((), reason) from None

    def _folder(self, path: str) -> str:
        folder = self._find_function.folder
        return f"{folder}/{path}" if path else folder

    def _import(self, path: str) -> Any:
        return import_object(path)

    def _call(self, content: Call) -> Any:
        function = import_object(content["path"])
        arguments = [self.make(item) for item in content.get("args", ())]
        keywords = {key: self.make(item) for key, item in content.get("kwargs", {}).items()}
        if content["path"].startswith("kubernetes.client."):
            from openmetadata_airflow_apis.dagbuild.kubernetes_models import make_model

            return make_model(function, arguments, keywords)
        return function(*arguments, **keywords)

    def _callback(self, content: Callback) -> Any:
        function = self.make(content["function"])
        kwargs = {key: self.make(item) for key, item in content.get("kwargs", {}).items()}
        if isinstance(function, type):  # a notifier is an object that is called
            return function(**kwargs)
        return functools.partial(function, **kwargs) if kwargs else function

    def _output(self, content: str | OutputKey) -> Any:
        if isinstance(content, str):
            return self._find_output(content)
        return self._find_output(content["task_id"])[content["key"]]

    def _dataset(self, content: Dataset) -> Any:
        from airflow.datasets import Dataset

        return Dataset(**content)

    def _all(self, content: list[Condition]) -> Any:
        from openmetadata_airflow_apis.airflow_versions.dag_values import dataset_condition

        return dataset_condition("DatasetAll")(*map(self.make, content))

    def _any(self, content: list[Condition]) -> Any:
        from openmetadata_airflow_apis.airflow_versions.dag_values import dataset_condition

        return dataset_condition("DatasetAny")(*map(self.make, content))

    def _join(self, content: list[Value]) -> str:
        return "".join(str(self.make(item)) for item in content)

    def _variable(self, content: str | VariableOrDefault) -> Any:
        if isinstance(content, str):
            return self._value_of_variable(content)
        try:
            return self._value_of_variable(content["name"])
        except KeyError:
            return self.make(content["default"])

    def _value_of_variable(self, name: str) -> str:
        if self._find_variable is not None:
            return self._find_variable(name)
        from airflow.models.variable import Variable

        return Variable.get(name)

    def _literal(self, content: dict[str, Value]) -> dict[str, Any]:
        # An author's own map with one key that starts with "$": the key is no tag, its value is a value.
        return {key: self.make(item) for key, item in content.items()}


_MAKERS: dict[Tag, Callable[[Values, Any], Any]] = {
    "$datetime": Values._datetime,  # noqa: SLF001 - the table belongs to the class
    "$timedelta": Values._timedelta,  # noqa: SLF001
    "$callable": Values._callable,  # noqa: SLF001
    "$document": Values._document,  # noqa: SLF001
    "$folder": Values._folder,  # noqa: SLF001
    "$import": Values._import,  # noqa: SLF001
    "$result": Values._result,  # noqa: SLF001
    "$call": Values._call,  # noqa: SLF001
    "$callback": Values._callback,  # noqa: SLF001
    "$output": Values._output,  # noqa: SLF001
    "$dataset": Values._dataset,  # noqa: SLF001
    "$all": Values._all,  # noqa: SLF001
    "$any": Values._any,  # noqa: SLF001
    "$join": Values._join,  # noqa: SLF001
    "$variable": Values._variable,  # noqa: SLF001
    "$literal": Values._literal,  # noqa: SLF001
}


def _is_authors(error: BaseException) -> bool:
    from openmetadata_airflow_apis.dagbuild.import_errors import is_authors

    return is_authors(error)


class blaming:  # noqa: N801 - reads as a statement: `with blaming(place):`
    """A context in which every failure becomes a DagNotBuilt at a place of the definition."""

    __slots__ = ("_place",)

    def __init__(self, place: tuple[str | int, ...]) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or not (isinstance(error, Exception) or _is_authors(error)):
            return
        if isinstance(error, DagNotBuilt):
            if error.place:
                return
            raise DagNotBuilt(self._place, error.reason) from error.__cause__
        raise DagNotBuilt(self._place, f"{type(error).__name__}: {error}") from error


def tagged_in(value: Arguments | list[Value]) -> list[tuple[Tag, Any]]:
    """Return the tag and the content of every tagged object in a map or a list, however deep."""
    tagged: list[tuple[Tag, Any]] = []
    to_visit: list[Value] = [value]
    for node in to_visit:  # the list grows while it is read
        children = node
        if type(node) is dict:
            children = node.values()
            if len(node) == 1:
                ((key, content),) = node.items()
                if key[:1] == "$":
                    tagged.append((key, content))
                    if key == "$literal":  # the key of the map in it is no tag
                        children = content.values()
        for child in children:
            if type(child) in _CONTAINERS:
                to_visit.append(child)  # noqa: PERF401 - a generator takes twice as long
    return tagged


_CONTAINERS = frozenset({dict, list})


def outputs_in(value: Arguments | list[Value]) -> set[str]:
    """Return the ids of the tasks whose output a value takes."""
    contents = [content for tag, content in tagged_in(value) if tag == "$output"]
    return {content if isinstance(content, str) else content["task_id"] for content in contents}
