"""Everything that is wrong is said at once, with its place and its cure: whole lists of faults, compared."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from openmetadata_airflow_apis.definition import in_document_order, read_workflow
from openmetadata_airflow_apis.errors import Fault

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)
BASH = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "echo"}
START = {"start_date": "2024-01-01"}
DAG = "/workflow/dag_config/nightly"


def request(dag: object, **workflow: object) -> dict:
    return {"workflow": {"name": "nightly", "dag_config": {"nightly": dag}, **workflow}}


def faults(document: object, **options: object) -> list[tuple[str, str]]:
    reading = read_workflow(document, now=NOW, **options)
    assert (reading.workflow is None) == bool(reading.faults)
    return [(fault.pointer, fault.detail) for fault in reading.faults]


def test_one_kind_of_fault_does_not_hide_another() -> None:
    """Types, unknown keys, schedules, dates, functions, dependencies and cycles are all said in one answer."""
    document = request(
        {
            "scedule": "@daily",
            "owner": "me",
            "catchup": "false",
            "schedule": "61 * * * *",
            "access_control": {},
            "start_date": "2024-13-01",
            "default_args": {"retries": "3", "trigger_rule": "all_sucess"},
            "tasks": {
                "a": {**BASH, "dependencies": ["b"], "sla": 1, "sla_secs": 2},
                "b": {**BASH, "dependencies": ["a", "cc"], "retry_delay_sec": -1},
                "c": {**BASH, "python_callable_name": "f", "response_check_file": "x.py", "check_lambda": "lambda: 1"},
                "d": {"operatr": "x.Y", "env": {"x": "+nope"}},
            },
        },
        pause=True,
        unpause="true",
        forced=1,
    )
    assert faults(document) == [
        (f"{DAG}/scedule", "unknown key 'scedule'; did you mean 'schedule'?"),
        (f"{DAG}/owner", "unknown key 'owner'; it belongs in default_args"),
        (f"{DAG}/catchup", "is the text 'false'; give true or false, false without quotes"),
        (
            f"{DAG}/schedule",
            "'61 * * * *' is no cron expression ([61 * * * *] is not acceptable, out of range); "
            'give one such as "0 3 * * *", or a preset',
        ),
        (
            f"{DAG}/access_control",
            "'access_control' is not accepted: who may do what is granted to Airflow's roles, not by a definition",
        ),
        (f"{DAG}/start_date", "'2024-13-01' is no date of the calendar and the clock, from 1900 to 9998"),
        (f"{DAG}/default_args/retries", "is the text '3'; give a whole number, 3 without quotes"),
        (
            f"{DAG}/default_args/trigger_rule",
            "'all_sucess' is not one of all_success, all_failed, all_done, all_done_setup_success, one_success, "
            "one_failed, one_done, none_failed, none_failed_min_one_success, none_skipped, all_skipped, always, "
            "none_failed_or_skipped, dummy; did you mean 'all_success'?",
        ),
        (f"{DAG}/tasks/a/sla_secs", "means the same as 'sla', which is there as well; give one of them"),
        (f"{DAG}/tasks/b/dependencies/0", "goes round in a circle: a → b → a; each of these would wait for itself"),
        (f"{DAG}/tasks/b/dependencies/1", "there is no task 'cc'; did you mean 'c'?"),
        (f"{DAG}/tasks/b/retry_delay_sec", "is less than 0, the smallest number allowed"),
        (f"{DAG}/tasks/c/python_callable_name", "names a function and no file; add 'python_callable_file'"),
        (
            f"{DAG}/tasks/c/response_check_file",
            "names a file and no function; add 'response_check_name', which calls 'response_check'",
        ),
        (
            f"{DAG}/tasks/c/check_lambda",
            "lambdas are not accepted; write a function into a callable file, and name it by check_name and check_file",
        ),
        (f"{DAG}/tasks/d/operatr", "unknown key 'operatr'; did you mean 'operator'?"),
        (
            f"{DAG}/tasks/d/env/x",
            "there is no task 'nope'; there are 'a', 'b', 'c', 'd'; a text that only starts with a plus is written {\"__join__\": [\"+\", \"...\"]}",
        ),
        ("/workflow/unpause", "is true beside 'pause'; a DAG can't be both, leave one of them out"),
        ("/workflow/forced", "unknown key 'forced'; did you mean 'force'?"),
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, [("", "is null; give a map with 'workflow'")]),
        ([], [("", "is a list; give a map with 'workflow'")]),
        ({}, [("", "'workflow' is missing")]),
        ({"workflow": 1}, [("/workflow", "is the number 1; give a map")]),
        ({"workflow": {}}, [("/workflow", "'dag_config' is missing"), ("/workflow", "'name' is missing")]),
        (
            {"workflow": {"name": "nightly", "dag_config": {}}},
            [("/workflow/dag_config", "has no definition of 'nightly', the workflow's name")],
        ),
        (
            {"workflow": {"name": "nightly", "dag_config": {"nightyl": {**START, "tasks": {"a": BASH}}}}},
            [("/workflow/dag_config/nightyl", "is not the workflow's name, 'nightly'; write the same text in both")],
        ),
        (
            {"workflow": {"name": "nightly", "dag_config": {"nightly": {**START, "tasks": {"a": BASH}}, "b": {}}}},
            [("/workflow/dag_config/b", "is another DAG than the workflow's, 'nightly'; a request deploys one")],
        ),
        (request(3), [(DAG, "is the number 3; give a map")]),
        (request(None), [(DAG, "is null; give a map")]),
        (request({"tasks": {"a": BASH}}, force="yes"), [
            (DAG, "'start_date' is missing; give it in default_args, or \"schedule\": null for a DAG that is started by hand"),
            ("/workflow/force", "is the text 'yes'; give true or false"),
        ]),
        (request({**START, "description": "\x00", "tasks": {"a": BASH}}),
         [(f"{DAG}/description", "has a character that is none: a NUL, or half of a surrogate pair")]),
        (request({**START, "tasks": {"a": {**BASH, "x": float("nan")}}}), [(f"{DAG}/tasks/a/x", "is no number that JSON knows")]),
    ],
)  # fmt: skip
def test_documents_that_are_no_workflow(document: object, expected: list) -> None:
    """A document that is no workflow at all is told what one is."""
    assert faults(document) == expected


_FORM = (
    "is no name for a DAG: it has the letters a to z, digits, '_', '-' and '.', begins with a letter or a digit, has no two dots in a "
    "row and none at its end, and is 200 characters long at most"
)


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        *(
            (name, f"'{name}' {_FORM}")
            for name in ["", "../x", "nightly\n", "é", "-x", "_x", ".x", "x.", "x..y", "..", "x y"]
        ),
        ("x" * 201, "is longer than 200 characters"),
        ("dagS", "'dagS' is a reserved name; give another"),
        ("Airflow_Local_Settings", "'Airflow_Local_Settings' is a reserved name; give another"),
        ("json", "'json' is the name of an importable Python module, which the DAG's file would hide; give another"),
        (
            "Jinja2",
            "'Jinja2' is the name of an importable Python module, which the DAG's file would hide; give another",
        ),
    ],
)
def test_names_that_a_dag_may_not_have(name: str, detail: str) -> None:
    """A name is plain ASCII, not reserved, and not the name of a module that the DAG's file would hide."""
    document = {"workflow": {"name": name, "dag_config": {name: {**START, "tasks": {"a": BASH}}}}}
    assert faults(document) == [("/workflow/name", detail)]


@pytest.mark.parametrize(
    "name",
    ["01234567-89ab-4cde-8f01-23456789abcd", "service.schema.pipeline", "1", "a.b-c_d.2", "json.api", "x" * 200],
)
def test_names_that_catalogues_make(name: str) -> None:
    """A UUID is a name, and so are parts with dots between them; no module is hidden by a file with two dots."""
    document = {"workflow": {"name": name, "dag_config": {name: {**START, "tasks": {"a": BASH}}}}}
    assert faults(document) == []


def test_a_deployed_dags_own_file_does_not_take_its_name(tmp_path, monkeypatch) -> None:
    """The file of a deployed DAG is importable, as the dags folder is on sys.path; the DAG deploys again all the same."""
    (tmp_path / "nightly.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    document = request({**START, "tasks": {"a": BASH}})
    assert [pointer for pointer, _ in faults(document)] == ["/workflow/name"]
    assert faults(document, dags_folder=tmp_path) == []


@pytest.mark.parametrize(
    ("keys", "pointer", "detail"),
    [
        ({"schedule": "@dayly"}, "schedule", "'@dayly' is no preset; did you mean '@daily'?; they are @once, "
         "@continuous, @hourly, @daily, @weekly, @monthly, @quarterly, @yearly"),
        ({"schedule": ""}, "schedule", "is empty; give null for a DAG without a schedule"),
        ({"schedule": []}, "schedule", "is empty; give at least one dataset, or null for no schedule"),
        ({"schedule": 5}, "schedule", "is the number 5; give a text, a list or a map"),
        ({"schedule": "0 0 31 2 *"}, "schedule", "'0 0 31 2 *' is no cron expression (failed to find next date); "
         'give one such as "0 3 * * *", or a preset'),
        ({"schedule": "R 0 * * *"}, "schedule", "'R 0 * * *' has a random part; give each field of the cron expression a value"),
        ({"schedule": {"__type__": "datetime.timedelta"}}, "schedule", 'a timedelta needs an amount, such as "hours": 2'),
        ({"schedule": {"__type__": "datetime.timedelta", "hour": 2}}, "schedule/hour",
         "a timedelta has no 'hour'; did you mean 'hours'?"),
        ({"schedule": {"__type__": "subprocess.Popen"}}, "schedule/__type__",
         "'subprocess.Popen' is not a type that may be made; allowed are datetime.timedelta, datetime.datetime, "
         "datetime.time, dateutil.relativedelta.relativedelta, airflow.datasets.Dataset, airflow.models.param.Param, timetables, "
         "Kubernetes models, and the packages in [openmetadata_airflow_apis] allowed_callables"),
        ({"schedule": {"datasets": {"__and__": ["s3://a"], "__or__": ["s3://b"]}}}, "schedule/datasets",
         "is no condition on datasets; give a map with '__and__' or '__or__' alone"),
        ({"schedule": "@continuous"}, "schedule", "'@continuous' needs \"max_active_runs\": 1"),
        ({"timezone": "Europe/Berln"}, "timezone", "'Europe/Berln' is no IANA time zone; give one such as Europe/Berlin"),
        ({"end_date": "2023-12-31"}, "end_date", "is before the start_date; the DAG would never run"),
        ({"end_date": "soon"}, "end_date", "'soon' is no date; give ISO 8601, such as \"2024-01-01T00:00:00Z\", "
         'or a time before today, such as "2 days"'),
        ({"dagrun_timeout": "2 parsecs"}, "dagrun_timeout",
         "'2 parsecs' is no duration; give seconds, or a text such as \"2 hours\""),
        ({"dagrun_timeout": "500 ms"}, "dagrun_timeout",
         "'500 ms' is no duration; give seconds, or a text such as \"2 hours\""),
        ({"dagrun_timeout": "2 dayz"}, "dagrun_timeout",
         "'2 dayz' is no duration; give seconds, or a text such as \"2 hours\""),
        ({"max_active_runs": " -3"}, "max_active_runs", "is the text ' -3'; give a whole number, -3 without quotes"),
        ({"max_active_runs": "3.5"}, "max_active_runs", "is the text '3.5'; give a whole number"),
        ({"max_active_runs": "1_0"}, "max_active_runs", "is the text '1_0'; give a whole number"),
        ({"max_active_runs": "nan"}, "max_active_runs", "is the text 'nan'; give a whole number"),
        ({"default_args": {**START, "priority_weight": 16**6000}}, "default_args/priority_weight", "is a number of too many digits"),
        ({"on_failure_callback": "os.system"}, "on_failure_callback",
         "'os.system' is in no package that definitions may name: put the function into a file of dag_managed_operators and "
         "write on_failure_callback_name: system, on_failure_callback_file: os.py; or allow its package in airflow.cfg: "
         "[openmetadata_airflow_apis] allowed_callables = os"),
        ({"on_failure_callback": [{"callback": "acme.alerts.tell", "channel": "x"}]}, "on_failure_callback/0/callback",
         "'acme.alerts.tell' is in no package that definitions may name: allow its package in airflow.cfg: "
         "[openmetadata_airflow_apis] allowed_callables = acme"),
        ({"on_failure_callback": {"callback": "acme.alerts.tell", "channel": "x"}}, "on_failure_callback/callback",
         "'acme.alerts.tell' is in no package that definitions may name: put a function that needs no arguments from here "
         "into a file of dag_managed_operators and write on_failure_callback_name: tell, on_failure_callback_file: alerts.py; "
         "or allow its package in airflow.cfg: [openmetadata_airflow_apis] allowed_callables = acme"),
        ({"on_failure_callback": {"callbak": "x.y"}}, "on_failure_callback", "'callback' is missing: the dotted path of what is called"),
        ({"user_defined_filters": {"run": "subprocess.run"}}, "user_defined_filters/run",
         "'subprocess.run' is in no package that definitions may name: put the function into a file of dag_managed_operators "
         "and write {callable_name: run, callable_file: subprocess.py}; or allow its package in airflow.cfg: "
         "[openmetadata_airflow_apis] allowed_callables = subprocess"),
        ({"user_defined_filters": {"run": 3}}, "user_defined_filters/run",
         "3 is no dotted path; give one such as package.module.name"),
        ({"user_defined_filters": {"f": {"callable_name": "f"}}}, "user_defined_filters/f",
         "'callable_file' is missing; a function has callable_name and callable_file"),
        ({"user_defined_macros": {"f": {"callable_name": "f", "callable_file": "x.py", "day": 1}}},
         "user_defined_macros/f/day", "unknown key 'day'; a function has callable_name and callable_file"),
        ({"user_defined_macros": {"f": {"callable_name": "f", "callable_file": 3}}}, "user_defined_macros/f/callable_file",
         "is the number 3; give a text"),
        ({"user_defined_macros": {"f": {"callable_name": "f", "callable_file": "/x.py"}}},
         "user_defined_macros/f/callable_file", "'/x.py' is an absolute path: copy /x.py into dag_managed_operators and write x.py"),
        ({"template_searchpath": ["sql", "/opt/sql"]}, "template_searchpath/1",
         "'/opt/sql' is an absolute path: copy /opt/sql into dag_managed_operators and write sql"),
        ({"template_searchpath": "../sql"}, "template_searchpath",
         "'../sql' leaves dag_managed_operators: copy ../sql into dag_managed_operators and write sql"),
        ({"doc_md": "README.md"}, "doc_md",
         "'README.md' is the name of a file; write 'doc_md_file_path', below dag_managed_operators"),
        ({"doc_md_file_path": "/docs/x.md"}, "doc_md_file_path",
         "'/docs/x.md' is an absolute path: copy /docs/x.md into dag_managed_operators and write x.md"),
        ({"doc_md_file_path": "x.md", "doc_md": "x"}, "doc_md",
         "means the same as 'doc_md_file_path', which is there as well; give one of them"),
        ({"doc_md_python_callable_file": "x.py"}, "doc_md_python_callable_file",
         "names a file and no function; add 'doc_md_python_callable_name', which calls 'doc_md'"),
        ({"doc_md_python_arguments": {"a": 1}}, "doc_md_python_arguments",
         "is there without 'doc_md_python_callable_name', whose they are"),
        ({"concurrency": 0}, "concurrency", "is less than 1, the smallest number allowed"),
        ({"concurrency": 2, "max_active_tasks": 2}, "max_active_tasks",
         "means the same as 'concurrency', which is there as well; give one of them"),
        ({"tags": ["x", 3]}, "tags/1", "is the number 3; give a text"),
        ({"default_view": "forest"}, "default_view", "'forest' is not one of grid, graph, duration, gantt, landing_times, tree"),
        ({"tasks": {}}, "tasks", "is empty; give at least one"),
        ({"tasks": "a"}, "tasks", "is the text 'a'; give a map or a list"),
        ({"task_groups": {"g": {"tooltipp": "x"}}}, "task_groups/g/tooltipp", "unknown key 'tooltipp'; did you mean 'tooltip'?"),
        ({"task_groups": {"g": {"parent_group_name": "h"}, "h": {"parent_group_name": "g"}}},
         "task_groups/h/parent_group_name", "the group 'h' would be inside of itself"),
        ({"task_groups": [{"group_name": "g"}, {"group_name": "g"}]}, "task_groups/1", "the id 'g' is a task group's already; give another"),
        ({"task_groups": {"a": {}}}, "tasks/a", "the id 'a' is a task group's already; give another"),
        ({"tasks": [{"task_id": "a", **BASH}, {"task_id": "a", **BASH}]}, "tasks/1", "the id 'a' is a task's already; give another"),
        ({"tasks": [BASH]}, "tasks/0", "'task_id' is missing"),
        ({"tasks": {"a b": BASH}}, "tasks/a b", "'a b' is no id; an id has letters, digits, '_', '-' and '.'"),
        ({"tasks": {"a": {**BASH, "task_id": "b"}}}, "tasks/a/task_id", "'b' is not 'a', the key it stands under"),
    ],
)  # fmt: skip
def test_faults_of_the_dag(keys: dict, pointer: str, detail: str) -> None:
    """Each fault of a DAG's own keys has its place and its cure."""
    assert faults(request({**START, "tasks": {"a": BASH}, **keys})) == [(f"{DAG}/{pointer}", detail)]


@pytest.mark.parametrize(
    ("keys", "pointer", "detail"),
    [
        ({"dependencies": "b"}, "/dependencies", "is the text 'b'; give a list"),
        ({"dependencies": ["a"]}, "/dependencies/0", "goes round in a circle: a → a; each of these would wait for itself"),
        ({"env": "+b", "dependencies": ["b"]}, None, None),
        ({"env": "+a"}, "/env", "goes round in a circle: a → a; each of these would wait for itself"),
        ({"task_group_name": "growht"}, "/task_group_name", "there is no task group 'growht'; did you mean 'growth'?"),
        ({"operator": "BashOperator"}, "/operator",
         "'BashOperator' is no dotted path; give one such as airflow.operators.bash.BashOperator"),
        ({"decorator": "airflow.decorators.task"}, "/decorator", "is there beside 'operator'; give one of them"),
        ({"python_callable_name": "f", "python_callable_file": "/etc/x.py"}, "/python_callable_file",
         "'/etc/x.py' is an absolute path: copy /etc/x.py into dag_managed_operators and write x.py"),
        ({"python_callable_name": "f", "python_callable_file": "../x.py"}, "/python_callable_file",
         "'../x.py' leaves dag_managed_operators: copy ../x.py into dag_managed_operators and write x.py"),
        ({"python_callable_name": "f", "python_callable_file": "x.sh"}, "/python_callable_file",
         "'x.sh' is no Python file; callable files are named by their path below dag_managed_operators, such as checks.py"),
        ({"python_callable_name": "f", "python_callable_file": "a-b.py"}, "/python_callable_file",
         "'a-b' is no plain Python name; callable files are named by their path below dag_managed_operators, such as checks.py"),
        ({"python_callable_name": "lambda x: x", "python_callable_file": "x.py"}, "/python_callable_name",
         "'lambda x: x' is no name of a function; lambdas are not accepted, write a function into a callable file"),
        ({"handler_name": 3, "handler_file": "x.py"}, "/handler_name", "is the number 3; give a text"),
        ({"expand": {}}, "/expand", "is empty; give at least one"),
        ({"expand": {"env": 3}}, "/expand/env", "is the number 3; give a list, a map, or a task's output such as +extract"),
        ({"expand": {"bash_command": ["x"]}}, "/expand/bash_command",
         "is given a second time; an argument is either mapped or the same for each"),
        ({"partial": {"env": {}}}, "/partial",
         "is there without 'expand'; add what the task is mapped over, or give its content as arguments"),
        ({"expand": {"env": [{}]}, "partial": {"dependencies": ["b"]}}, "/partial/dependencies",
         "is no argument; 'dependencies' belongs in the task, beside 'partial'"),
        ({"expand": {"env": [{}]}, "partial": {"is_setup": "x"}}, "/partial/is_setup",
         "is no argument; 'is_setup' belongs in the task, beside 'partial'"),
        ({"expand": {"env": [{}]}, "partial": {"retries": "x"}}, "/partial/retries", "is the text 'x'; give a whole number"),
        ({"variables_as_arguments": [{"variable": "v", "attribute": "cwd"}, {"variable": "w", "attribute": "cwd"}]},
         "/variables_as_arguments/1/attribute", "the argument 'cwd' is the value of another Variable already"),
        ({"variables_as_arguments": [{"variable": "v", "attribute": "dependencies"}]},
         "/variables_as_arguments/0/attribute", "'dependencies' is no argument's name"),
        ({"outlets": ["s3://é"]}, "/outlets/0", "is no dataset's URI: it has 1 to 3000 ASCII characters"),
        ({"env": {"__join__": "x"}}, "/env/__join__", "is the text 'x'; give a list of what is combined"),
        ({"at": {"__type__": "datetime.time", "hour": 24}}, "/at", "is no time of the clock"),
        ({"at": {"__type__": "datetime.time", "hour": "6"}}, "/at", "is no time of the clock"),
        ({"at": {"__type__": "datetime.time", "__args__": [6], "hour": 6}}, "/at", "is no time of the clock"),
        ({"at": {"__type__": "datetime.time", "hours": 6}}, "/at/hours", "a time has no 'hours' here; did you mean 'hour'?"),
        ({"start_date": {"__type__": "datetime.time"}}, "/start_date/__type__", "is no date; give datetime.datetime"),
        ({"end_date": "2023-01-01"}, "/end_date", "lets the task end before it starts; it would never run"),
        ({"retries": 3.0}, "/retries", "is the number 3.0; give a whole number"),
        ({"retries": True}, "/retries", "is true; give a whole number"),
        ({"retries": 10**12}, "/retries", "is more than 2147483647, the largest number allowed"),
    ],
)  # fmt: skip
def test_faults_of_a_task(keys: dict, pointer: str | None, detail: str | None) -> None:
    """Each fault of a task has its place and its cure."""
    document = request({**START, "task_groups": {"growth": {}}, "tasks": {"a": {**BASH, **keys}, "b": BASH}})
    assert faults(document) == ([(f"{DAG}/tasks/a{pointer}", detail)] if pointer is not None else [])


def test_a_group_that_waits_for_what_waits_for_it() -> None:
    """A circle through a task group is found, though no task names another that names it."""
    dag = {
        **START,
        "task_groups": {"g": {"dependencies": ["last"]}},
        "tasks": {"inside": {**BASH, "task_group_name": "g"}, "last": {**BASH, "dependencies": ["inside"]}},
    }
    assert faults(request(dag)) == [
        (
            f"{DAG}/tasks/last/dependencies/0",
            "goes round in a circle: g → g.inside → last → g; each of these would wait for itself",
        )
    ]


def test_an_id_that_two_tasks_share_must_be_given_whole() -> None:
    """A dependency on an id that two groups have a task of asks for the whole id."""
    dag = {
        **START,
        "task_groups": {"g": {}, "h": {}},
        "tasks": [
            {"task_id": "x", **BASH, "task_group_name": "g"},
            {"task_id": "x", **BASH, "task_group_name": "h"},
            {"task_id": "last", **BASH, "dependencies": ["x", "h.x"]},
        ],
    }
    assert faults(request(dag)) == [(f"{DAG}/tasks/2/dependencies/0", "'x' may be 'g.x' or 'h.x'; give the whole id")]


def test_a_long_circle_is_shortened_and_deep_groups_are_refused() -> None:
    """A circle of hundreds of tasks, or hundreds of nested groups, are one readable fault each."""
    tasks = {f"t{index}": {**BASH, "dependencies": [f"t{(index + 1) % 900}"]} for index in range(900)}
    assert faults(request({**START, "tasks": tasks})) == [
        (f"{DAG}/tasks/t899/dependencies/0", "goes round in a circle: t0 → t899 → t898 → t897 → … → t3 → t2 → t1 → t0; "
         "each of these would wait for itself")
    ]  # fmt: skip
    groups = {f"g{index}": {"parent_group_name": f"g{index + 1}"} for index in range(899)}
    dag = {**START, "task_groups": {**groups, "g899": {"prefix_group_id": False}}, "tasks": {"a": BASH}}
    assert (f"{DAG}/task_groups/g849", "is nested in more than 50 other groups") in faults(request(dag))


def test_fail_stop_wants_the_usual_trigger_rule() -> None:
    """A DAG that stops at the first failure can't have tasks that run in spite of one."""
    dag = {**START, "fail_stop": True, "tasks": {"a": BASH, "b": {**BASH, "trigger_rule": "all_done"}}}
    assert faults(request(dag)) == [
        (
            f"{DAG}/tasks/b/trigger_rule",
            "the trigger rule 'all_done' doesn't go with the DAG's fail_stop; give 'all_success'",
        )
    ]


@pytest.mark.parametrize(
    ("of_dag", "of_group", "is_fault"),
    [("all_done", "all_success", False), ("all_success", "all_done", True), ("all_done", None, True)],
)
def test_fail_stop_looks_at_the_default_args_of_groups(of_dag: str, of_group: str | None, is_fault: bool) -> None:
    """A task's rule is that of the default_args nearest to it: of its group, or of a group around that, or of the DAG."""
    outer = {} if of_group is None else {"default_args": {"trigger_rule": of_group}}
    dag = {
        "fail_stop": True,
        "default_args": {**START, "trigger_rule": of_dag},
        "task_groups": {"outer": outer, "inner": {"parent_group_name": "outer"}},
        "tasks": {"a": {**BASH, "task_group_name": "inner"}},
    }
    detail = "the trigger rule 'all_done' doesn't go with the DAG's fail_stop; give 'all_success'"
    assert faults(request(dag)) == ([(f"{DAG}/tasks/a", detail)] if is_fault else [])


def test_a_whole_id_goes_before_an_own_id() -> None:
    """Where a group and a task in another group have the same own id, the group's whole id means the group."""
    dag = {
        **START,
        "task_groups": {"g": {}, "x": {}},
        "tasks": [
            {"task_id": "first", **BASH, "task_group_name": "x"},
            {"task_id": "x", **BASH, "task_group_name": "g"},
            {"task_id": "last", **BASH, "dependencies": ["x"]},
            {"task_id": "reads", "operator": BASH["operator"], "bash_command": "+first"},
            {"task_id": "wrong", "operator": BASH["operator"], "bash_command": "+g"},
        ],
    }
    reading = read_workflow(request(dag), now=NOW)
    assert [task["upstream"] for task in reading.definition["tasks"]] == [[], [], ["x"], ["x.first"], []]
    (fault,) = reading.faults
    assert fault.detail.startswith("there is no task 'g'; there are 'first', 'x', 'last', 'reads', 'wrong'")


@pytest.mark.parametrize(
    "data",
    [{"__join__": ['{"rows": "', "+first", '"}']}, "+first", "{}"],
    ids=["joined", "an output", "a text"],
)
def test_a_body_that_is_a_text_already_stays_it(data: object) -> None:
    """Of a request that sends JSON only a map or a list becomes JSON, not what is a text when the task runs."""
    headers = {"Content-Type": "application/json"}
    http = {"operator": "airflow.providers.http.operators.http.HttpOperator", "endpoint": "/", "headers": headers}
    assert faults(request({**START, "tasks": {"first": BASH, "a": {**http, "data": data}}})) == []
    named = [{"attribute": "data", "variable": "body"}]
    assert faults(request({**START, "tasks": {"a": {**http, "variables_as_arguments": named}}})) == []


def test_too_many_tasks() -> None:
    """A definition with more tasks than are allowed is refused, with the option that allows more."""
    dag = {**START, "tasks": {"a": BASH, "b": BASH}}
    assert faults(request(dag), max_tasks=1) == [
        (f"{DAG}/tasks", "has 2 tasks, and 1 are allowed; an operator can raise [openmetadata_airflow_apis] max_tasks")
    ]


def test_faults_in_the_default_block_are_shown_there() -> None:
    """A fault in the default block has its place in the default block."""
    document = request({**START, "tasks": {"a": BASH}})
    document["workflow"]["dag_config"]["default"] = {"default_args": {"retries": "x"}, "schedul": "@daily"}
    base = "/workflow/dag_config/default"
    assert faults(document) == [
        (f"{base}/default_args/retries", "is the text 'x'; give a whole number"),
        (f"{base}/schedul", "unknown key 'schedul'; did you mean 'schedule'?"),
    ]


def test_keys_of_forks_are_named_once() -> None:
    """A key that only a fork of dag-factory has is one fault, with what to write, and hides no other."""
    document = request(
        {
            **START,
            "custom_callbacks": {},
            "default_args": {"custom_callbacks": {}},
            "tasks": {"a": {"generator": "x.Y", "retries": "x"}, "b": {**BASH, "container_spec": {}}, "c": {}},
        }
    )
    callbacks = (
        "'custom_callbacks' is not accepted: a fork of dag-factory has it; name each function by "
        "on_failure_callback_name, on_failure_callback_file and so on"
    )
    assert faults(document) == [
        (f"{DAG}/custom_callbacks", callbacks),
        (f"{DAG}/default_args/custom_callbacks", callbacks),
        (
            f"{DAG}/tasks/a/generator",
            "'generator' is not accepted: a fork of dag-factory has it; write the tasks that it makes",
        ),
        (f"{DAG}/tasks/a/retries", "is the text 'x'; give a whole number"),
        (
            f"{DAG}/tasks/b/container_spec",
            "'container_spec' is not accepted: a fork of dag-factory has it; write it into 'executor_config', in a "
            "pod_override",
        ),
        (f"{DAG}/tasks/c", "'operator' is missing: the dotted path of the operator's class"),
    ]


def test_faults_in_merged_tasks_are_shown_where_they_stand() -> None:
    """Where the default's tasks are a list and the DAG's a map, each fault is shown in the one that it comes from."""
    document = request({"schedule": None, "tasks": {"load": {"retries": "x"}, "b c": BASH}})
    default = {"tasks": [{"task_id": "load", **BASH, "pool_slots": "y"}, {"pool": "z", **BASH}, 7]}
    document["workflow"]["dag_config"]["default"] = default
    base = "/workflow/dag_config/default/tasks"
    assert faults(document) == [
        (f"{DAG}/tasks/load/retries", "is the text 'x'; give a whole number"),
        (f"{DAG}/tasks/b c", "'b c' is no id; an id has letters, digits, '_', '-' and '.'"),
        (f"{base}/0/pool_slots", "is the text 'y'; give a whole number"),
        (f"{base}/1", "'task_id' is missing"),
        (f"{base}/2", "is the number 7; give a map"),
    ]


@pytest.mark.parametrize(
    ("keys", "detail"),
    [
        ({}, "give it in default_args"),
        (
            {"schedule": None},
            "give it in default_args: before Airflow 2.8 a DAG that is started by hand needs one too",
        ),
        ({"schedule": None, "tasks": {"a": {**BASH, **START}}}, None),
        ({"schedule": None, "default_args": START}, None),
        (
            {
                "schedule": None,
                "tasks": {"a": {**BASH, "task_group_name": "g"}},
                "task_groups": {"g": {"default_args": START}},
            },
            None,
        ),
    ],
)
def test_a_start_date_is_missing_where_airflow_wants_one_for_every_dag(keys: dict, detail: str | None) -> None:
    """Where Airflow wants a start date even without a schedule, that is said, once, and no other cure."""
    expected = [] if detail is None else [(DAG, f"'start_date' is missing; {detail}")]
    assert faults(request({"tasks": {"a": BASH, "b": BASH}, **keys}), every_dag_needs_a_start=True) == expected


def test_faults_of_a_flat_body_are_shown_in_it(tmp_path) -> None:
    """A flat body's faults have their places in the flat body, its tasks' config included."""
    body = {
        "name": "nightly", "owner": "x", "startDate": "2024-01-01", "retries": -1, "pythonOperatorLocation": "/x",
        "scheduleInterval": "@daily", "schedule_interval": "@daily", "pauseWorkflow": "maybe", "taks": [],
        "onFailureCallbackName": "f", "onSuccessCallbackFile": "f.py",
        "tasks": [
            {"name": "a", "operator": "airflow.operators.bash.BashOperator",
             "config": {"retries": "x", "python_callable_file": "/a.py", "python_callable_name": "f", "operator": "y"}},
            {"name": "b", "operator": "airflow.operators.bash.BashOperator", "dependencies": ["c"]},
        ],
    }  # fmt: skip
    assert faults(body, managed_operators=tmp_path) == [
        ("/retries", "is less than 0, the smallest number allowed"),
        (
            "/pythonOperatorLocation",
            "names another folder than the configured one; callable files are read from dag_managed_operators alone, "
            "leave this key out",
        ),
        ("/schedule_interval", "means the same as 'scheduleInterval', which is there as well; give one of them"),
        ("/pauseWorkflow", "is the text 'maybe'; give true or false"),
        ("/taks", "unknown key 'taks'; did you mean 'tasks'?"),
        ("/onFailureCallbackName", "names a function and no file; add 'onFailureCallbackFile'"),
        ("/onSuccessCallbackFile", "names a file and no function; add 'onSuccessCallbackName'"),
        ("/tasks/0/config/retries", "is the text 'x'; give a whole number"),
        (
            "/tasks/0/config/python_callable_file",
            "'/a.py' is an absolute path: copy /a.py into dag_managed_operators and write a.py",
        ),
        ("/tasks/0/config/operator", "'operator' is said in the task itself, not in its config"),
        ("/tasks/1/dependencies/0", "there is no task 'c'; there are 'a', 'b'"),
    ]


def test_what_is_not_at_fault_is_read_all_the_same() -> None:
    """Beside its faults, a reading has as much of the definition as could be read, for further checks."""
    document = request({**START, "tasks": {"a": {**BASH, "retries": "x", "cwd": "/srv"}, "b": {"operator": 3}}})
    reading = read_workflow(document, now=NOW)
    assert reading.workflow is None
    assert [task["task_id"] for task in reading.definition["tasks"]] == ["a", "b"]
    assert reading.definition["tasks"][0]["arguments"] == {"bash_command": "echo", "cwd": "/srv"}
    assert "operator" not in reading.definition["tasks"][1]
    assert reading.at_fault("tasks", 1)
    assert not reading.at_fault("tasks", 0, "arguments", "cwd")


def test_faults_come_in_the_order_of_the_document() -> None:
    """Faults are sorted as the document is read, and none is said twice."""
    document = {"b": {"x": 1}, "a": [1, 2, 3]}
    found = [Fault("/a/10", "z"), Fault("/a/2", "y"), Fault("/b/x", "x"), Fault("", "w"), Fault("/a/2", "y")]
    assert [fault.pointer for fault in in_document_order(document, found)] == ["", "/b/x", "/a/2", "/a/10"]


BARE_DAG = {"start_date": "2024-01-01", "tasks": {"a": {"operator": "airflow.operators.bash.BashOperator"}}}
HOW_TO_WRAP = 'is a dag-factory document; send it as {"workflow": {"name": "nightly", "dag_config": {...}}}'


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        ({"nightly": BARE_DAG}, f"{HOW_TO_WRAP}, the document in dag_config"),
        ({"default": {"catchup": False}, "nightly": BARE_DAG}, f"{HOW_TO_WRAP}, the document in dag_config"),
        (
            {"nightly": BARE_DAG, "hourly": BARE_DAG},
            f"{HOW_TO_WRAP}, the document in dag_config, one request for each of 'nightly', 'hourly'",
        ),
        (
            {"name": "nightly", "dag_config": {"nightly": BARE_DAG}},
            'is a workflow without its wrapping; send it as {"workflow": {...}}',
        ),
    ],
)
def test_a_document_without_its_wrapping_says_how_to_wrap_it(document, detail) -> None:
    """A dag-factory file, or a workflow, sent as it is: one fault, which says what to send."""
    assert faults(document) == [("", detail)]


def test_many_faults_of_one_kind_are_placed_at_once(monkeypatch) -> None:
    """Where the parts of a definition come from is worked out once, however many tasks end before they start."""
    from openmetadata_airflow_apis.definition import task_keys

    worked_out = []
    paths = task_keys._TaskRead.paths
    monkeypatch.setattr(task_keys._TaskRead, "paths", lambda task: worked_out.append(task) or paths(task))
    tasks = {f"task{index}": {**BASH, "end_date": "2023-12-31"} for index in range(20)}
    assert faults(request({**START, "schedule": None, "tasks": tasks})) == [
        (f"{DAG}/tasks/{name}/end_date", "lets the task end before it starts; it would never run") for name in tasks
    ]
    assert len(worked_out) == 20


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [
        (unit, seconds)
        for seconds, units in {
            1: "s sec secs second seconds",
            60: "m min mins minute minutes",
            3600: "h hr hrs hour hours",
            86400: "d day days",
            604800: "w week weeks",
        }.items()
        for unit in units.split()
    ],
)
def test_units_of_durations(unit: str, seconds: int) -> None:
    """Each unit has its letter, its word, and its words in the plural; a letter has no plural, since ms are others."""
    reading = read_workflow(request({**START, "dagrun_timeout": f"3 {unit}", "tasks": {"a": BASH}}), now=NOW)
    assert reading.definition["dag"]["dagrun_timeout"] == {"$timedelta": 3 * seconds}
    wrong = {unit + "s" if len(unit) == 1 else unit.rstrip("s") + "x"}
    for text in wrong:
        assert [
            pointer for pointer, _ in faults(request({**START, "dagrun_timeout": f"3 {text}", "tasks": {"a": BASH}}))
        ]
