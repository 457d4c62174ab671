"""The canonical definition, as types: what reading a workflow gives, what is stored, what a DAG is built from.

    Definition
      dag          DagKeys      the arguments of airflow.DAG
      task_groups  [TaskGroup]  each after the group that it is in
      tasks        [Task]       in the order of the document

A value among arguments is plain JSON, or a tagged object: a map with one key, its tag, which says what its content
becomes when the DAG is built. TAGS lists all tags. dagbuild uses these types for mypy alone: it does not import this
module at run time.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union, get_args

# Plain JSON or a tagged object. Which of them an argument takes depends on the argument: no type can say it.
Value = Any
# The arguments of an operator, a task group or a function, by the names that Airflow has for them.
Arguments = dict[str, Value]

Tag = Literal[
    "$all",
    "$any",
    "$call",
    "$callable",
    "$callback",
    "$dataset",
    "$datetime",
    "$document",
    "$folder",
    "$import",
    "$join",
    "$literal",
    "$output",
    "$result",
    "$timedelta",
    "$variable",
]
TAGS: frozenset[Tag] = frozenset(get_args(Tag))


# ── what a tag may hold ──


class LocalTime(TypedDict):
    """A moment in a DAG's own time zone. at: ISO 8601; without an offset it is local time. timezone: an IANA name."""

    at: str
    timezone: str


class Call(TypedDict):
    """An object to construct. path: the dotted path of its class or function."""

    path: str
    args: list[Value]
    kwargs: Arguments


class ManagedFunction(TypedDict):
    """A function of a callable file. file: its path below dag_managed_operators."""

    file: str
    name: str


class Callback(TypedDict):
    """A function that is called on an event, with some of its arguments; a notifier is constructed with them."""

    function: CallableTag | ImportTag
    kwargs: Arguments


class OutputKey(TypedDict):
    """One key of what another task of the DAG returns, which is the XCom with that key."""

    task_id: str
    key: str


class DatasetUri(TypedDict):
    """The one key that a dataset must have."""

    uri: str


class Dataset(DatasetUri, total=False):
    """A dataset, and what its author notes about it."""

    extra: dict[str, Any]


class ManagedCall(ManagedFunction):
    """A call of a function of a callable file."""

    kwargs: Arguments


class VariableOrDefault(TypedDict):
    """An Airflow Variable by its name, and the value to use if it does not exist."""

    name: str
    default: Value


# ── tagged objects ──

# A moment: ISO 8601 with its offset, or with none in a definition without a time zone; or a LocalTime.
DatetimeTag = TypedDict("DatetimeTag", {"$datetime": Union[str, LocalTime]})
# A duration in seconds.
TimedeltaTag = TypedDict("TimedeltaTag", {"$timedelta": Union[int, float]})
CallTag = TypedDict("CallTag", {"$call": Call})
CallableTag = TypedDict("CallableTag", {"$callable": ManagedFunction})
# The object at a dotted path in an installed package.
ImportTag = TypedDict("ImportTag", {"$import": str})
# What a function of a callable file returns when the DAG is built; only the DAG processor and the workers call it.
ResultTag = TypedDict("ResultTag", {"$result": ManagedCall})
# The text of a file, read when the DAG is built. The tag holds the file's path below dag_managed_operators.
DocumentTag = TypedDict("DocumentTag", {"$document": str})
# A folder, by its path below dag_managed_operators; "" is dag_managed_operators itself.
FolderTag = TypedDict("FolderTag", {"$folder": str})
CallbackTag = TypedDict("CallbackTag", {"$callback": Callback})
# What another task of the DAG returns: all of it by its task_id, or an OutputKey of it.
OutputTag = TypedDict("OutputTag", {"$output": Union[str, OutputKey]})
DatasetTag = TypedDict("DatasetTag", {"$dataset": Dataset})
# Conditions on datasets, which may hold further conditions.
AllTag = TypedDict("AllTag", {"$all": "list[Condition]"})
AnyTag = TypedDict("AnyTag", {"$any": "list[Condition]"})
# A text joined of several values, at least one of which is known only when the DAG is built.
JoinTag = TypedDict("JoinTag", {"$join": list[Value]})
# The value of an Airflow Variable, read when the DAG is built: the Variable's name, or a VariableOrDefault.
VariableTag = TypedDict("VariableTag", {"$variable": Union[str, VariableOrDefault]})
# An author's own map of one key that starts with "$". The key means nothing; its value is a Value.
LiteralTag = TypedDict("LiteralTag", {"$literal": dict[str, Value]})

Condition = Union[DatasetTag, CallTag, AllTag, AnyTag]
Callbacks = Union[None, CallableTag, CallbackTag, list[CallbackTag]]
Tagged = Union[
    AllTag,
    AnyTag,
    CallTag,
    CallableTag,
    CallbackTag,
    DatasetTag,
    DatetimeTag,
    DocumentTag,
    FolderTag,
    ImportTag,
    JoinTag,
    LiteralTag,
    OutputTag,
    ResultTag,
    TimedeltaTag,
    VariableTag,
]


# ── the definition ──


class DagKeys(TypedDict, total=False):
    """The arguments of airflow.DAG, by its names; for a key that is missing Airflow's default applies."""

    schedule: str | TimedeltaTag | CallTag | AllTag | AnyTag | list[DatasetTag | CallTag] | None
    start_date: DatetimeTag | None
    end_date: DatetimeTag | None
    dagrun_timeout: TimedeltaTag | None
    max_active_tasks: int
    max_active_runs: int
    max_consecutive_failed_dag_runs: int
    catchup: bool
    description: str | None
    doc_md: str | DocumentTag | ResultTag | None
    dag_display_name: str | None
    default_view: str
    orientation: str
    tags: list[str]
    params: Arguments
    is_paused_upon_creation: bool
    render_template_as_native_obj: bool
    fail_stop: bool
    owner_links: dict[str, str]
    template_searchpath: list[FolderTag]
    user_defined_macros: Arguments
    user_defined_filters: Arguments
    sla_miss_callback: Callbacks
    on_success_callback: Callbacks
    on_failure_callback: Callbacks
    default_args: Arguments


class TaskGroup(TypedDict):
    """A task group.

    group_id: the id that Airflow gives it, with the ids of the groups around it. label: its own id. parent: the
    group_id of the group that it is in. upstream: the ids of the tasks and groups before it.
    """

    group_id: str
    label: str
    parent: str | None
    upstream: list[str]
    arguments: Arguments


class OperatorKey(TypedDict, total=False):
    """What makes the task: the dotted path of an operator's class, or of a TaskFlow decorator. Never both."""

    operator: str
    decorator: str


class CallableKey(TypedDict, total=False):
    """The python_callable of a task, if it is a function of a callable file."""

    callable: ManagedFunction


class SetupTeardownKeys(TypedDict, total=False):
    """Whether the task is a setup or a teardown, never both; a key that is missing means false.

    on_failure_fail_dagrun: whether the run fails if this teardown fails.
    """

    is_setup: bool
    is_teardown: bool
    on_failure_fail_dagrun: bool


class MappedKeys(TypedDict, total=False):
    """What a mapped task is mapped over, and the arguments that are the same for each of its instances."""

    expand: Arguments
    partial: Arguments


class Task(OperatorKey, CallableKey, SetupTeardownKeys, MappedKeys):
    """A task.

    task_id: the id that Airflow gives it, with the ids of the groups around it. label: its own id. group: the
    group_id of the group that it is in. upstream: the ids of the tasks and groups before it, including those whose
    output it takes.
    """

    task_id: str
    label: str
    group: str | None
    upstream: list[str]
    arguments: Arguments


class Definition(TypedDict):
    """A canonical definition: JSON-able, all of its dates fixed. The order of its keys is part of its revision."""

    dag_id: str
    dag: DagKeys
    task_groups: list[TaskGroup]
    tasks: list[Task]


def tag_of(value: Value) -> Tag | None:
    """Return the tag of a tagged object, or None if the value is plain."""
    if type(value) is dict and len(value) == 1:
        (key,) = value
        if key[:1] == "$":
            return key
    return None
