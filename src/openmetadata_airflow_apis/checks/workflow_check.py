"""check_workflow: the gate that every definition passes before anything is stored; check_file: each DAG of a file.

No author's code runs here.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.airflow_versions.scheduling import every_dag_needs_a_start
from openmetadata_airflow_apis.checks.airflow_dag_keys import check_dag_keys
from openmetadata_airflow_apis.checks.arguments_wanting_functions_or_enums import use_functions
from openmetadata_airflow_apis.checks.default_args import arguments_of_group, check_default_args, every_default_args
from openmetadata_airflow_apis.checks.findings import Findings
from openmetadata_airflow_apis.checks.installed_imports import Imports
from openmetadata_airflow_apis.checks.macro_checks import check_macros
from openmetadata_airflow_apis.checks.managed_functions import ManagedFunctions
from openmetadata_airflow_apis.checks.older_operators_and_arguments import PresentOperators, use_present_operators
from openmetadata_airflow_apis.checks.task_checks import TaskChecks
from openmetadata_airflow_apis.checks.value_checks import ValueChecks
from openmetadata_airflow_apis.dagbuild.built_values import outputs_in, tagged_in
from openmetadata_airflow_apis.dagbuild.stand_ins import stand_in_dag
from openmetadata_airflow_apis.definition import in_document_order, read_workflow
from openmetadata_airflow_apis.definition.places import CanonicalPlace
from openmetadata_airflow_apis.errors import DagNotBuilt, InvalidDefinition
from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.definition import Reading, Workflow, WorkflowFile
    from openmetadata_airflow_apis.definition.canonical import DagKeys, Definition, Tag
    from openmetadata_airflow_apis.errors import Fault
    from openmetadata_airflow_apis.settings import Settings

# Airflow reports one fault at a time. After each, what was at fault is left out, and the rest is built again.
_MOST_BUILDS = 20
_DAG = CanonicalPlace(("dag",))


def check_workflow(document: object, settings: Settings, *, now: datetime, read_variables: bool = True) -> Workflow:
    """Return the workflow of a request's body, in either dialect, ready to be stored and built.

    now: what relative dates count from. read_variables: False offline, where Airflow's Variables can't be asked.
    Raises InvalidDefinition with every fault, in the order of the document.
    """
    managed = ManagedFunctions(settings.dag_managed_operators)
    reading = read_workflow(
        document,
        now=now,
        max_tasks=settings.max_tasks,
        dags_folder=dags_folder(),
        managed_operators=settings.dag_managed_operators,
        allowed_packages=settings.allowed_callables,
        read_document=managed.document,
        every_dag_needs_a_start=every_dag_needs_a_start(),
    )
    findings = Findings(reading)
    _check_definition(reading, findings, settings, managed, read_variables=read_variables)
    tags = {tag for tag, _ in tagged_in(dict(reading.definition))}
    dag = _check_build(reading, findings, settings, tags)
    faults = [*reading.faults, *findings.faults]
    if faults or reading.workflow is None:
        raise InvalidDefinition(in_document_order(document, faults))
    if "$variable" in tags or findings.left_to_processor:
        return reading.workflow  # the DAG was built with the Variables' names for their values, or without some tasks
    return replace(reading.workflow, checked_dag=dag)


def check_file(
    file: WorkflowFile, settings: Settings, *, now: datetime, read_variables: bool = True
) -> Iterator[Workflow | list[Fault]]:
    """Yield for each request of a file its workflow, or its faults with their places in the file.

    Each fault is yielded once: those of the `default` block with the first DAG that has them, so that the list of
    another DAG may be empty. now, read_variables: as in check_workflow.
    """
    yielded_faults: set[Fault] = set()
    for index, request in enumerate(file.requests):
        try:
            yield check_workflow(request, settings, now=now, read_variables=read_variables)
        except InvalidDefinition as error:
            faults = [file.placed(index, fault) for fault in error.faults]
            yield [fault for fault in faults if fault not in yielded_faults]
            yielded_faults.update(faults)


def _check_definition(
    reading: Reading, findings: Findings, settings: Settings, managed: ManagedFunctions, *, read_variables: bool
) -> None:
    definition = reading.definition
    imports = Imports.beside(settings)
    values = ValueChecks(findings, settings, imports, managed, read_variables=read_variables)
    check_dag_keys(definition, findings)
    for key, value in definition["dag"].items():
        values.check(value, _DAG / key)
    check_macros(definition, findings, managed, packages=settings.allowed_callables)
    for index, group in enumerate(definition["task_groups"]):
        values.check_items((group.get("arguments") or {}).items(), arguments_of_group(index))
    operators = PresentOperators(imports, settings.allowed_operators)
    older_arguments = use_present_operators(definition, operators, findings)
    tasks = TaskChecks(definition, findings, values, imports, operators, settings)
    for index, task in enumerate(definition["tasks"]):
        tasks.check(index, task)
    if not operators.lack_a_package:  # otherwise nobody knows what its operators take
        known_to_tasks = tasks.arguments_known | older_arguments
        check_default_args(definition, findings, known_to_tasks, misspelled_alone=not tasks.every_operator_known)
    for place, default_args in every_default_args(definition):
        functions = use_functions(
            default_args,
            tasks.function_arguments,
            place,
            findings,
            lists=tasks.function_lists,
            packages=settings.allowed_callables,
        )
        values.check_items(functions.items(), place)


def _check_build(reading: Reading, findings: Findings, settings: Settings, tags: set[Tag]) -> DAG | None:
    """Build the DAG with stand-ins, without what is known to be at fault, and note what Airflow refuses.

    Return the last DAG that could be built, which is the whole DAG if nothing is at fault.
    """
    definition = reading.definition
    dropped_indexes = {
        index
        for index, task in enumerate(definition["tasks"])
        if findings.has("tasks", index)
        or index in findings.left_to_processor | findings.incomplete
        or findings.read_badly(index, "python_callable")
        or reading.at_fault("tasks", index, "upstream")  # it may go round in a circle, which Airflow would report again
        or ("decorator" in task and findings.arguments_read_badly(index))  # Airflow calls the function with them
        or not ("operator" in task or "decorator" in task)
    }
    whole_dag = not findings.has("dag") and all("/tasks" in fault.pointer for fault in reading.faults)
    fileloc = os.path.join(dags_folder(), f"{definition['dag_id'] or 'dag'}.py")  # noqa: PTH118 - a str, as in DAG
    for _ in range(_MOST_BUILDS):
        partial_definition, indexes = _without(definition, dropped_indexes, whole_dag=whole_dag)
        try:
            dag = stand_in_dag(
                partial_definition, fileloc=fileloc, folder=settings.dag_managed_operators, variables=lambda name: name
            )
        except DagNotBuilt as error:
            place = CanonicalPlace(error.place)
            if place[:1] == ("tasks",):
                index = indexes[int(place[1])]
                findings.add(CanonicalPlace(("tasks", index, *place[2:])), error.reason)
                dropped_indexes.add(index)
            elif whole_dag:
                findings.add(place, error.reason)
                whole_dag = False
            else:
                # A DAG of which half is missing may have faults that the document doesn't have.
                if not reading.faults and not findings.faults:
                    findings.add(place, error.reason)
                return None
        else:
            _check_serialization(dag, tags, findings)
            return dag
    return None


def _check_serialization(dag: DAG, tags: set[Tag], findings: Findings) -> None:
    """Note a fault if Airflow can't serialize constructed objects, or what it sorts dependencies on other DAGs by.

    All other values can always be serialized, and to try takes as long as building.
    """
    from airflow.serialization.serialized_objects import SerializedDAG

    names_dags = any(hasattr(task, "external_dag_id") or hasattr(task, "trigger_dag_id") for task in dag.tasks)
    if not names_dags and "$call" not in tags:
        return
    try:
        SerializedDAG.to_dict(dag)
    except Exception as error:  # noqa: BLE001 - a timetable's or a model's own code may raise anything
        findings.add(_DAG, f"{error}")


def _without(definition: Definition, dropped_indexes: set[int], *, whole_dag: bool) -> tuple[Definition, list[int]]:
    """Return the definition without some tasks and those that take their output, and the indexes of the rest."""
    tasks = definition["tasks"]
    removed_ids = {tasks[index]["task_id"] for index in dropped_indexes}
    indexes_left = [index for index in range(len(tasks)) if index not in dropped_indexes]
    while True:
        takers = (
            [
                index
                for index in indexes_left
                if removed_ids
                & outputs_in([tasks[index]["arguments"], tasks[index].get("partial"), tasks[index].get("expand")])
            ]
            if removed_ids
            else []
        )
        if not takers:
            break
        removed_ids |= {tasks[index]["task_id"] for index in takers}
        indexes_left = [index for index in indexes_left if index not in takers]
    ids_left = {tasks[index]["task_id"] for index in indexes_left} | {g["group_id"] for g in definition["task_groups"]}

    def only_left(names: list[str]) -> list[str]:
        return [name for name in names if name in ids_left]

    dag: DagKeys = (
        definition["dag"] if whole_dag else {"schedule": None, "start_date": {"$datetime": "2024-01-01T00:00:00+00:00"}}
    )
    partial_definition: Definition = {
        "dag_id": definition["dag_id"] or "dag",
        "dag": dag,
        "task_groups": [{**g, "upstream": only_left(g.get("upstream") or [])} for g in definition["task_groups"]],
        "tasks": [{**tasks[index], "upstream": only_left(tasks[index]["upstream"])} for index in indexes_left],
    }
    return partial_definition, indexes_left
