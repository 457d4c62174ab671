"""What holds for every document, whatever it is: hypothesis makes them from the published schema."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from openmetadata_airflow_apis.definition import json_schema, read_workflow
from openmetadata_airflow_apis.definition.places import look_up
from openmetadata_airflow_apis.definition.workflow_schema import properties
from support.examples import examples

EDITORS = Draft7Validator(json_schema())
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)
BOUNDED = examples(60)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["2 days", "+a", "+zz", "2024-01-01", "@daily", "* * * * *", "__type__", "$x", "a", "g", "nightly"]),
)  # fmt: skip
marks = st.sampled_from(
    [
        "__type__",
        "__args__",
        "__join__",
        "__and__",
        "__or__",
        "callback",
        "arguments",
        "datasets",
        "uri",
        "callable",
        "params",
    ]
)
keys = st.one_of(st.text(max_size=6), marks, st.sampled_from(["$datetime", "$literal", "a", "days", "hours", "year"]))
types = st.sampled_from(
    ["datetime.timedelta", "datetime.datetime", "airflow.datasets.Dataset", "airflow.timetables.interval.DeltaDataIntervalTimetable",
     "dateutil.relativedelta.relativedelta", "os.system", "kubernetes.client.models.V1Volume"]
)  # fmt: skip
values = st.recursive(
    st.one_of(scalars, types),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)


def keys_of(schema_name: str, /, *, good: bool = False, **special: st.SearchStrategy) -> st.SearchStrategy:
    """Maps with some of a schema's keys: each with its example, with what `special` has for it, or with anything.

    good: with their examples alone, and no two that contradict each other.
    """
    schemas = {key: of_key for key, of_key in properties(schema_name).items() if not good or _fits(key, of_key)}
    of_keys = {
        key: st.just(of_key["example"])
        if good
        else st.one_of(
            special.get(key, values), values, *[st.just(of_key[name]) for name in of_key if name == "example"]
        )
        for key, of_key in schemas.items()
    }
    some = st.sets(st.sampled_from(sorted(of_keys)), max_size=6)
    return some.flatmap(lambda chosen: st.fixed_dictionaries({key: of_keys[key] for key in sorted(chosen)}))


def _fits(key: str, of_key: dict) -> bool:
    older_spelling = of_key.get("x-airflow-name", key) != key
    needs_others = {"expand", "partial", "dependencies", "task_group_name", "parent_group_name", "tasks", "task_groups"}
    return "example" in of_key and not older_spelling and "x-role" not in of_key and key not in needs_others


ids = st.sampled_from(["a", "b", "c", "g", "h", "g.a"])
names_of_ids = st.lists(ids, max_size=3)
tasks = keys_of("WorkflowTask", dependencies=names_of_ids, task_group_name=ids, task_id=ids)
good_tasks = st.builds(
    lambda task, before: {"operator": "airflow.operators.bash.BashOperator", "bash_command": "x", **task, **before},
    tasks, st.fixed_dictionaries({}, optional={"dependencies": names_of_ids}),
)  # fmt: skip
groups = keys_of("WorkflowTaskGroup", dependencies=names_of_ids, parent_group_name=ids, group_name=ids)
dags = st.builds(
    lambda dag, default_args, tasks, groups: {"default_args": default_args, **dag, "tasks": tasks, **groups},
    keys_of("WorkflowDag"),
    keys_of("WorkflowDefaultArgs").map(lambda args: {"start_date": "2024-01-01", **args}),
    st.one_of(
        st.dictionaries(ids, st.one_of(tasks, good_tasks), max_size=3),
        st.lists(st.builds(lambda task, name: {"task_id": name, **task}, good_tasks, ids), max_size=3),
        st.just({"a": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "x"}}),
    ),
    st.fixed_dictionaries({}, optional={"task_groups": st.dictionaries(ids, groups, max_size=3)}),
)
good_dags = st.builds(
    lambda dag, default_args, tasks, groups: {
        **dag,
        "default_args": default_args,
        "tasks": tasks,
        "task_groups": groups,
    },
    keys_of("WorkflowDag", good=True),
    keys_of("WorkflowDefaultArgs", good=True).map(lambda args: {"start_date": "2024-01-01", **args}),
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.builds(
            lambda task, values: {
                "operator": "airflow.operators.bash.BashOperator",
                "bash_command": "x",
                **values,
                **task,
            },
            keys_of("WorkflowTask", good=True),
            st.dictionaries(st.sampled_from(["env", "x", "cwd"]), values, max_size=1),
        ),
        min_size=1,
        max_size=3,
    ),
    st.dictionaries(st.sampled_from(["g", "h"]), keys_of("WorkflowTaskGroup", good=True), max_size=2),
)
wrapped = st.builds(
    lambda workflow, dag, default: {
        "workflow": {"name": "nightly", **workflow, "dag_config": {"nightly": dag, **default}}
    },
    st.one_of(st.just({}), st.fixed_dictionaries({}, optional={"force": values, "pause": st.booleans(), "x": values})),
    st.one_of(dags, good_dags),
    st.one_of(st.just({}), st.fixed_dictionaries({"default": st.one_of(dags, values)})),
)
flat = st.builds(
    lambda body, tasks: {"name": "nightly", "owner": "x", "startDate": "2024-01-01", **body, "tasks": tasks},
    keys_of("FlatWorkflow"),
    st.lists(keys_of("FlatWorkflowTask", name=ids, dependencies=names_of_ids, config=tasks), max_size=3),
)


def check(document: object) -> None:
    reading = read_workflow(document, now=NOW)
    if reading.workflow is None:
        assert reading.faults
        for fault in reading.faults:
            assert look_up(document, fault.pointer)[1], fault
            assert fault.detail
        return
    assert reading.faults == ()
    definition = reading.workflow.definition
    assert json.loads(json.dumps(definition, allow_nan=False)) == definition
    again = read_workflow(json.loads(json.dumps(document)), now=NOW)
    assert again.workflow is not None
    assert json.dumps(again.workflow.definition) == json.dumps(definition)


@given(values)
@BOUNDED
def test_any_document_is_read_without_an_exception(document: object) -> None:
    """Whatever JSON a caller sends, the answer is faults at places that exist, never an exception."""
    check(document)


@given(wrapped)
@BOUNDED
def test_a_workflow_is_either_canonical_or_at_fault_at_a_place_that_exists(document: object) -> None:
    """A workflow either has a canonical definition, the same each time, or faults at places that exist."""
    check(document)


@given(flat)
@BOUNDED
def test_a_flat_body_is_either_canonical_or_at_fault_at_a_place_that_exists(document: object) -> None:
    """A flat body either has a canonical definition, the same each time, or faults at places that exist."""
    check(document)


@given(good_dags)
@BOUNDED
def test_what_is_accepted_fits_the_schema_that_editors_use(dag: dict) -> None:
    """Whatever is accepted is valid by the JSON Schema that is served to editors."""
    document = {"workflow": {"name": "nightly", "dag_config": {"nightly": dag}}}
    if read_workflow(document, now=NOW).workflow is not None:
        assert list(EDITORS.iter_errors(document)) == []
