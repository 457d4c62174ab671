"""Builds a DAG without the authors' code: with a stand-in for each function of a callable file.

A stand-in has the function's name, parameters and place in its file, read from the syntax tree. Airflow
serializes an operator's callable as nothing or as its source text, so the DAG serializes as the real one does.
"""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING, Any, Callable

from openmetadata_airflow_apis.airflow_versions.dag_parsing import validate_dag
from openmetadata_airflow_apis.dagbuild.callable_files import path_parts, read_source
from openmetadata_airflow_apis.dagbuild.callable_syntax import own_parameters, top_level
from openmetadata_airflow_apis.dagbuild.dag_builder import build_dag
from openmetadata_airflow_apis.errors import DagNotBuilt

if TYPE_CHECKING:
    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.definition.canonical import Definition


def stand_in_dag(
    definition: Definition,
    *,
    fileloc: str,
    folder: str | os.PathLike[str],
    variables: Callable[[str], str] | None = None,
) -> DAG:
    """Return the DAG that the DAG processor would find in fileloc, without executing any author's code.

    folder: dag_managed_operators. variables: as in build_dag. Cluster policies are applied and template files
    resolved, as a DagBag does it.
    Raises DagNotBuilt if Airflow, an operator or a cluster policy refuses it.
    """
    from airflow.models.dagbag import DagBag

    dag = build_dag(definition, fileloc=fileloc, callables=StandIns(folder), variables=variables)
    _check_rules_after_setups(definition, dag)
    try:
        validate_dag(dag)
        DagBag(os.devnull, include_examples=False, collect_dags=False).bag_dag(dag, root_dag=dag)
    except Exception as error:
        raise DagNotBuilt(("dag",), f"{type(error).__name__}: {error}") from error
    return dag


def _check_rules_after_setups(definition: Definition, dag: DAG) -> None:
    """Raise DagNotBuilt for a task that may run without its setup; Airflow's own message names no task."""
    setups = {task["task_id"] for task in definition["tasks"] if "is_setup" in task}
    if not setups:
        return
    for index, keys in enumerate(definition["tasks"]):
        task = dag.task_dict[keys["task_id"]]
        setups_before = setups & task.upstream_task_ids
        if setups_before and not task.is_teardown and task.trigger_rule != "all_success":
            raise DagNotBuilt(
                ("tasks", index, "arguments", "trigger_rule"),
                f"the rule is {task.trigger_rule}, and after a setup task ('{min(setups_before)}') Airflow wants "
                "all_success; give that, or take the setup out of the dependencies",
            )


class StandIns:
    """Gives a stand-in for the function `name` of `file` in the folder dag_managed_operators; each is made once."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        self._made: dict[tuple[str, str], Callable[..., Any]] = {}

    def __call__(self, file: str, name: str) -> Callable[..., Any]:
        """Return the stand-in; raise DagNotBuilt with the reason if there is no such file or function."""
        if (file, name) not in self._made:
            self._made[file, name] = self._make(file, name)
        return self._made[file, name]

    def _make(self, file: str, name: str) -> Callable[..., Any]:
        try:
            definitions = top_level(read_source(self.folder, file))
        except (OSError, ValueError, SyntaxError) as error:
            raise DagNotBuilt((), f"the file '{file}' in {self.folder} can't be read: {error}") from None
        if name not in definitions:
            raise DagNotBuilt((), f"the file '{file}' in {self.folder} has no function '{name}'")
        path = os.path.join(self.folder, *path_parts(file))  # noqa: PTH118 - as the real loader spells it
        return _make(name, definitions[name], path)


def _make(name: str, node: ast.stmt, path: str) -> Callable[..., Any]:
    function = own_parameters(node)
    arguments = _bare(function.args) if function is not None else _ANYTHING
    kind = ast.AsyncFunctionDef if isinstance(node, ast.AsyncFunctionDef) else ast.FunctionDef
    stand_in = kind(name=name, args=arguments, body=[ast.Pass()], decorator_list=[], returns=None)
    stand_in.type_params = []  # type: ignore[union-attr, attr-defined, unused-ignore] # Python >= 3.12 wants it
    module = ast.Module(body=[ast.copy_location(stand_in, node)], type_ignores=[])
    namespace: dict[str, Any] = {"__builtins__": {}, "__name__": "stand_in"}
    # Nothing of the author's is executed: parameters are names, their defaults None, the body `pass`.
    exec(compile(ast.fix_missing_locations(module), path, "exec", dont_inherit=True), namespace)  # nosec B102 # noqa: S102
    callable_ = namespace[name]
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        callable_.__doc__ = ast.get_docstring(node, clean=False)  # a TaskFlow task's documentation
    callable_.__code__ = callable_.__code__.replace(co_firstlineno=first)
    return callable_


_ANYTHING = ast.arguments(
    posonlyargs=[], args=[], vararg=ast.arg("args"), kwonlyargs=[], kw_defaults=[], kwarg=ast.arg("kwargs"), defaults=[]
)


def _bare(arguments: ast.arguments) -> ast.arguments:
    def plain(parameter: ast.arg) -> ast.arg:
        return ast.arg(arg=parameter.arg, annotation=None)

    return ast.arguments(
        posonlyargs=[plain(parameter) for parameter in arguments.posonlyargs],
        args=[plain(parameter) for parameter in arguments.args],
        vararg=plain(arguments.vararg) if arguments.vararg else None,
        kwonlyargs=[plain(parameter) for parameter in arguments.kwonlyargs],
        kw_defaults=[None if default is None else ast.Constant(value=None) for default in arguments.kw_defaults],
        kwarg=plain(arguments.kwarg) if arguments.kwarg else None,
        defaults=[ast.Constant(value=None) for _ in arguments.defaults],
    )
