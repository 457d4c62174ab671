"""build_dag: what a canonical definition becomes."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta, timezone

import pytest
from airflow import DAG
from airflow.serialization.serialized_objects import SerializedDAG
from airflow.timetables import _cron

from openmetadata_airflow_apis.airflow_versions.dag_parsing import validate_dag
from openmetadata_airflow_apis.airflow_versions.dag_values import parse_timezone
from openmetadata_airflow_apis.dagbuild import build_dag
from openmetadata_airflow_apis.dagbuild import dag_builder as building
from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
from openmetadata_airflow_apis.errors import DagNotBuilt
from support.versions import AIRFLOW

START = {"$datetime": "2024-01-01T00:00:00+00:00"}


def function(x=None, y=None):
    """Be what tasks call."""


def task(task_id: str, *upstream: str, **more) -> dict:
    label = task_id.rpartition(".")[2]
    group = task_id.rpartition(".")[0] or None
    plain = {} if "decorator" in more else {"operator": "airflow.operators.empty.EmptyOperator"}
    there = {"task_id": task_id, "label": label, "group": group, "upstream": list(upstream), "arguments": {}}
    return {**there, **plain, **more}


def group(group_id: str, *upstream: str, **arguments) -> dict:
    parent, _, label = group_id.rpartition(".")
    there = {"group_id": group_id, "label": label, "parent": parent or None}
    return {**there, "upstream": list(upstream), "arguments": arguments}


def build(*tasks: dict, groups: tuple = (), **dag):
    definition = {
        "dag_id": "nightly",
        "dag": {"schedule": None, "start_date": START, **dag},
        "task_groups": list(groups),
        "tasks": list(tasks),
    }
    return build_dag(
        definition,
        fileloc="/dags/nightly.py",
        callables=lambda *_: function,
        variables=lambda name: f"<{name}>",
    )


def edges(dag) -> set[str]:
    return {f"{one.task_id}>{other}" for one in dag.tasks for other in one.downstream_task_ids}


def argument(value: object) -> object:
    """The object that a value becomes, as an operator gets it."""
    return build(params={}, user_defined_macros={"it": value}).user_defined_macros["it"]


@pytest.mark.parametrize(
    ("value", "made"),
    [
        (1, 1),
        ("$HOME", "$HOME"),
        (None, None),
        ({"a": [{"$timedelta": 90}]}, {"a": [timedelta(seconds=90)]}),
        ({"$datetime": "2024-01-01T00:00:00+02:00"}, datetime(2023, 12, 31, 22, tzinfo=timezone.utc)),
        (
            {"$datetime": {"at": "2024-07-01T00:00:00", "timezone": "Europe/Berlin"}},
            datetime(2024, 6, 30, 22, tzinfo=timezone.utc),
        ),
        (
            {"$datetime": {"at": "2024-07-01T00:00:00+00:00", "timezone": "Europe/Berlin"}},
            datetime(2024, 7, 1, tzinfo=timezone.utc),
        ),
        ({"$callable": {"file": "f.py", "name": "function"}}, function),
        ({"$import": "datetime.timedelta"}, timedelta),
        ({"$call": {"path": "datetime.timedelta", "args": [1], "kwargs": {"hours": 2}}}, timedelta(days=1, hours=2)),
        ({"$join": ["a", {"$variable": "v"}, 1]}, "a<v>1"),
        ({"$variable": "v"}, "<v>"),
        ({"$variable": {"name": "v", "default": 1}}, "<v>"),
        ({"$literal": {"$any": {"$timedelta": 1}}}, {"$any": timedelta(seconds=1)}),
        ({"$HOME": 1, "b": 2}, {"$HOME": 1, "b": 2}),
    ],
)
def test_values(value: object, made: object):
    """Plain JSON stays as it is, a tagged value becomes the object that it describes."""
    assert argument(value) == made


def test_documentation_is_the_text_that_was_given(tmp_path):
    """A DAG's documentation is never rendered, and no file is opened for it, as some versions of Airflow do."""
    (tmp_path / "secret.md").write_text("secret")
    for text in ("# {{ 6 * 7 }} {% raw %}\n", f"{tmp_path}/secret.md"):
        assert build(doc_md=text).doc_md == text


def test_documentation_in_a_file_and_of_a_function(tmp_path):
    """The text of a file below dag_managed_operators, and what a function returns, are a DAG's documentation."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/night.md").write_text("# Night ✓\n")
    (tmp_path / "manual.py").write_text("def describe(team, *, days=1):\n    return f'{team} {days}'\n")

    def documentation(value: dict) -> str:
        definition = {"dag_id": "x", "dag": {"schedule": None, "doc_md": value}, "task_groups": [], "tasks": []}
        return build_dag(definition, fileloc="/x.py", callables=ManagedCallables(tmp_path)).doc_md

    assert documentation({"$document": "docs/night.md"}) == "# Night ✓\n"
    call = {"file": "manual.py", "name": "describe", "kwargs": {"team": "data"}}
    assert documentation({"$result": call}) == "data 1"
    for path in ("docs/day.md", "../secret.md", "docs", "/etc/hostname"):
        with pytest.raises(DagNotBuilt) as caught:
            documentation({"$document": path})
        assert caught.value.place == ("dag", "doc_md")
        assert caught.value.reason.startswith(f"the file '{path}' in {tmp_path} can't be read: ")


def test_a_zone_by_name_keeps_its_name():
    """A start date in a named zone gives the DAG that zone, so that schedules follow its summer time."""
    dag = build(start_date={"$datetime": {"at": "2024-01-01T00:00:00", "timezone": "Europe/Berlin"}})
    assert (dag.timezone.name, dag.start_date) == ("Europe/Berlin", datetime(2023, 12, 31, 23, tzinfo=timezone.utc))


@pytest.mark.parametrize("cron_intervals", [True, False], ids=["data_intervals", "triggers"])
@pytest.mark.parametrize("schedule", ["0 3 * * *", "@daily", "@once", "@continuous", "*/5 * * * 1-5", None])
def test_a_schedule_is_what_airflow_makes_of_it(schedule: str | None, monkeypatch, cron_intervals: bool):
    """A DAG has the schedule, the timetable and the serialized form of one that was written by hand."""
    monkeypatch.setenv("AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS", str(cron_intervals))
    building._cron_timetable.cache_clear()
    try:
        zone = {"$datetime": {"at": "2026-01-01T00:00:00", "timezone": "Europe/Berlin"}}
        made = [build(schedule=schedule, start_date=start, max_active_runs=1) for start in (zone, zone, START)]
        for dag in made:
            start = dag.start_date.astimezone(dag.timezone)
            by_hand = DAG("nightly", schedule=schedule, start_date=start, max_active_runs=1)
            by_hand.fileloc = dag.fileloc
            assert SerializedDAG.to_dict(dag) == SerializedDAG.to_dict(by_hand)
            assert (dag.schedule_interval, dag.timetable) == (by_hand.schedule_interval, by_hand.timetable)
        if schedule in {"0 3 * * *", "@daily"}:
            shared = made[0].timetable is made[1].timetable
            assert shared == (type(made[0].timezone).__hash__ is not None), (
                "the same schedule in the same zone shares its timetable"
            )
            assert made[0].timetable is not made[2].timetable, "another zone has its own"
    finally:
        building._cron_timetable.cache_clear()


def test_a_schedule_where_zones_are_no_keys(monkeypatch):
    """A cron expression is a schedule where time zones can't be hashed too, as those of pendulum 3.1."""
    zone = type(parse_timezone("Europe/Berlin"))
    monkeypatch.setattr(zone, "__hash__", None)
    dag = build(
        schedule="0 3 * * *", start_date={"$datetime": {"at": "2026-01-01T00:00:00", "timezone": "Europe/Berlin"}}
    )
    assert type(dag.timezone) is zone
    assert (dag.timezone.name, dag.schedule_interval, dag.timetable.summary) == (
        "Europe/Berlin",
        "0 3 * * *",
        "0 3 * * *",
    )
    validate_dag(dag)


def test_a_cron_expression_is_read_once_for_all_dags(monkeypatch):
    """A process reads a cron expression once, however many DAGs have it: what Airflow can describe is valid."""
    building._cron_timetable.cache_clear()
    read: list[str] = []

    class Counted(_cron.croniter):
        def __init__(self, expression: str, *args, **kwargs) -> None:
            read.append(expression)
            super().__init__(expression, *args, **kwargs)

    monkeypatch.setattr(_cron, "croniter", Counted)
    dags = [build(schedule="7 4 * * *") for _ in range(3)]
    for dag in dags:
        validate_dag(dag)
        copies = [copy.deepcopy(dag.timetable), pickle.loads(pickle.dumps(dag.timetable))]  # noqa: S301 - Airflow may do so
        assert [made.serialize() for made in copies] == [dag.timetable.serialize()] * 2
    assert read == ["7 4 * * *"] * (1 if type(dags[0].timezone).__hash__ is not None else len(dags))


def test_a_bad_cron_expression_builds_no_dag():
    """A cron expression that Airflow does not take is refused for every DAG that has it, not for the first alone."""
    for _ in range(2):
        with pytest.raises(DagNotBuilt, match="99") as refused:
            build(schedule="99 * * * *")
        assert refused.value.place == ("dag",)


def test_datasets_and_conditions():
    """Datasets, and conditions over them where Airflow has any (since 2.9), become Airflow's."""
    one, two = {"$dataset": {"uri": "s3://b/1"}}, {"$dataset": {"uri": "s3://b/2", "extra": {"k": "v"}}}
    assert (argument(two).uri, argument(two).extra) == ("s3://b/2", {"k": "v"})
    condition = {"$any": [one, {"$all": [one, two]}]}
    if AIRFLOW < (2, 9):
        with pytest.raises(DagNotBuilt, match="has no conditions over datasets"):
            argument(condition)
        return
    made = argument(condition)
    of_all = made.objects[1]
    assert (type(made).__name__, made.objects[0].uri) == ("DatasetAny", "s3://b/1")
    assert (type(of_all).__name__, [dataset.uri for dataset in of_all.objects]) == (
        "DatasetAll",
        ["s3://b/1", "s3://b/2"],
    )
    assert made.objects[1].objects[1].extra == {"k": "v"}


def test_callbacks():
    """A callback with arguments gets them; a notifier is an object made with them."""
    made = argument({"$callback": {"function": {"$callable": {"file": "f.py", "name": "f"}}, "kwargs": {"y": 2}}})
    assert (made.func, made.keywords) == (function, {"y": 2})
    assert argument({"$callback": {"function": {"$callable": {"file": "f.py", "name": "f"}}, "kwargs": {}}}) is function
    notifier = argument({"$callback": {"function": {"$import": "datetime.timedelta"}, "kwargs": {"days": 2}}})
    assert notifier == timedelta(days=2)


def test_dependencies():
    """Tasks come after the tasks that they name, whatever the order in the document."""
    assert edges(build(task("c", "a", "b"), task("a"), task("b", "a"))) == {"a>b", "a>c", "b>c"}


def test_groups():
    """An edge of a group is one of its first or last tasks, inner groups included."""
    dag = build(
        task("start"),
        task("g.one", "g.h"),
        task("g.h.two", "g.h.three"),
        task("g.h.three"),
        task("end", "g"),
        groups=(group("g", "start", tooltip="All"), group("g.h")),
    )
    assert edges(dag) == {"start>g.h.three", "g.h.three>g.h.two", "g.h.two>g.one", "g.one>end"}
    assert dag.task_group.get_child_by_label("g").tooltip == "All"


def test_a_group_without_a_prefix():
    """A group with prefix_group_id: false leaves its tasks' ids as they are."""
    inside = {**task("one"), "group": "g"}
    dag = build(inside, groups=(group("g", prefix_group_id=False, default_args={"retries": 7}),))
    assert dag.task_ids == ["one"]
    assert dag.get_task("one").retries == 7


def test_a_task_that_airflow_would_name_otherwise_is_refused():
    """A definition whose task_id is not the one that Airflow gives is refused."""
    with pytest.raises(DagNotBuilt, match=r"task `one`: Airflow names it 'g\.one', the definition 'one'"):
        build({**task("one"), "group": "g"}, groups=(group("g"),))


def test_outputs():
    """A task that takes another's output comes after it, also where the argument is no template."""
    bash = {"operator": "airflow.operators.bash.BashOperator"}
    dag = build(
        task("c", arguments={"bash_command": "true", "env": {"A": {"$output": "b"}}}, **bash),
        task("b", arguments={"bash_command": "true", "executor_config": {"of": {"$output": "a"}}}, **bash),
        task("a"),
    )
    assert edges(dag) == {"a>b", "b>c"}


def test_outputs_in_a_circle_are_refused():
    """Tasks that take each other's output can't be built."""
    with pytest.raises(DagNotBuilt, match=r"task `b`: its arguments take, over others, their own task's output"):
        build(
            task("a", arguments={"executor_config": {"of": {"$output": "b"}}}),
            task("b", arguments={"executor_config": {"of": {"$output": "a"}}}),
        )


def test_a_thousand_outputs_in_a_row():
    """A long chain of outputs, last task first, is built."""
    tasks = [task(f"t{n}", arguments={"executor_config": {"of": {"$output": f"t{n + 1}"}}}) for n in range(999)]
    assert len(build(*tasks, task("t999")).tasks) == 1000


def test_mapped_tasks():
    """expand and partial make a mapped task, over literal values or another task's output."""
    from airflow.models.mappedoperator import MappedOperator

    dag = build(
        task("rows"),
        task(
            "each",
            operator="airflow.operators.bash.BashOperator",
            partial={"env": {"A": "b"}},
            expand={"bash_command": {"$output": "rows"}},
            arguments={"retries": 4},
        ),
    )
    each = dag.get_task("each")
    assert isinstance(each, MappedOperator)
    assert (each.retries, each.partial_kwargs["env"]) == (4, {"A": "b"})
    assert edges(dag) == {"rows>each"}


def test_taskflow():
    """A decorated function gets the arguments that it has parameters for, the decorator the others."""
    from airflow.models.mappedoperator import MappedOperator

    call = {"decorator": "airflow.decorators.task", "callable": {"file": "f.py", "name": "function"}}
    dag = build(
        task("one", arguments={"x": 1, "retries": 5}, **call),
        task("two", arguments={"x": {"$output": "one"}}, **call),
        task("each", arguments={}, partial={"y": 1}, expand={"x": [1, 2]}, **call),
    )
    assert dag.get_task("one").op_kwargs == {"x": 1}
    assert dag.get_task("one").retries == 5
    assert isinstance(dag.get_task("each"), MappedOperator)
    assert edges(dag) == {"one>two"}


@pytest.mark.parametrize(
    ("tasks", "dag", "place", "reason"),
    [
        (
            [task("a", operator="airflow.operators.bash.Bosh")],
            {},
            ("tasks", 0, "operator"),
            "ImportError: there is no ",
        ),
        ([task("a", arguments={"nope": 1})], {}, ("tasks", 0), "AirflowException: Invalid arguments were passed"),
        ([task("a", arguments={"doc": {"$nope": 1}})], {}, ("tasks", 0, "arguments", "doc"), "'$nope' is no tag"),
        ([task("a", "b")], {}, ("tasks", 0, "upstream"), "there is no task 'b'"),
        ([], {"schedule": "no cron"}, ("dag",), "AirflowTimetableInvalid: "),
        ([], {"start_date": {"$datetime": "x"}}, ("dag", "start_date"), "ValueError: Invalid isoformat string: 'x'"),
    ],
)
def test_a_refusal_names_its_place(tasks: list, dag: dict, place: tuple, reason: str):
    """Whatever Airflow refuses is reported at its place in the definition."""
    if dag.get("schedule"):
        from openmetadata_airflow_apis.dagbuild.stand_ins import stand_in_dag

        definition = {"dag_id": "x", "dag": {"start_date": START, **dag}, "task_groups": [], "tasks": tasks}
        with pytest.raises(DagNotBuilt) as caught:
            stand_in_dag(definition, fileloc="/dags/x.py", folder="/nowhere")
    else:
        with pytest.raises(DagNotBuilt) as caught:
            build(*tasks, **dag)
    assert caught.value.place == place
    assert caught.value.reason.startswith(reason)
