"""check_workflow: what Airflow, the operators and the callable files have to say to a definition."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.dagbuild.stand_ins import stand_in_dag
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings, dags_folder
from support.versions import AIRFLOW, EVERY_DAG_NEEDS_A_START
from support.workflows import EXAMPLES, SHIPPED, bash, python, request, taskflow, write_callables

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
DAG = "/workflow/dag_config/nightly"


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> Settings:
    """Settings with the test workflows' callable files."""
    managed = write_callables(tmp_path_factory.mktemp("managed"))
    return Settings(dag_managed_operators=managed, dag_generated_configs=managed.parent / "configs")


def faults(document: dict, settings: Settings) -> dict[str, list[str]]:
    """Return the details of the faults by their pointer below the DAG."""
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(document, settings, now=NOW, read_variables=False)
    found: dict[str, list[str]] = {}
    for fault in caught.value.faults:
        found.setdefault(fault.pointer.removeprefix(DAG), []).append(fault.detail)
    return found


def of_task(task: dict[str, Any], settings: Settings) -> dict[str, list[str]]:
    """Return the faults of a task by their pointer below it."""
    found = faults(request(tasks={"one": task}), settings)
    return {pointer.removeprefix("/tasks/one"): details for pointer, details in found.items()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_good_workflow_passes(settings, name: str):
    """Every example is accepted."""
    workflow = check_workflow(EXAMPLES[name], settings, now=NOW)
    assert (workflow.dag_id, workflow.force) == ("nightly", False)


@pytest.mark.parametrize("name", [*EXAMPLES, *SHIPPED])
def test_the_dag_is_built_once(settings, name: str):
    """The DAG that the check has built is the one that a deploy would build of the definition."""
    from airflow.serialization.serialized_objects import SerializedDAG

    workflow = check_workflow({**EXAMPLES, **SHIPPED}[name], settings, now=NOW)
    built = stand_in_dag(
        workflow.definition, fileloc=workflow.checked_dag.fileloc, folder=settings.dag_managed_operators
    )
    assert SerializedDAG.to_dict(workflow.checked_dag) == SerializedDAG.to_dict(built)
    assert built.fileloc == str(dags_folder() / f"{workflow.dag_id}.py")


@pytest.mark.parametrize(
    ("operator", "reason"),
    [
        (
            "airflow.operators.bash.BashOperater",
            "no class 'BashOperater' in airflow.operators.bash; did you mean 'BashOperator'?",
        ),
        ("airflow.operators.bsh.BashOperator", "no module or class 'bsh' in airflow.operators; did you mean 'bash'?"),
        ("airflow.operators.bash", "'airflow.operators.bash' is not an operator (a subclass of BaseOperator)"),
        ("airflow.operators.bash.os", "'airflow.operators.bash.os' is not an operator (a subclass of BaseOperator)"),
    ],
)
def test_an_operator_that_is_none(settings, operator: str, reason: str):
    """A path that leads to no operator is named with the nearest one that is there."""
    task = {"operator": operator, "bash_command": "true"}
    assert of_task(task, settings) == {"/operator": [reason]}


@pytest.mark.parametrize(
    "operator", ["os.system", "airflow.models.baseoperator.BaseOperator", "airflow.operatorsx.y.Z"]
)
def test_an_operator_of_another_package(settings, operator: str):
    """An operator outside the allow-list is refused without being imported, and the option that allows it named."""
    (reason,) = of_task({"operator": operator}, settings)["/operator"]
    assert reason.startswith(f"'{operator}' is in none of the packages that may be used: airflow.operators, ")
    assert "allowed_operators" in reason


def test_an_operator_from_the_dags_folder(settings, tmp_path, monkeypatch):
    """A file in the dags folder that takes an allowed package's name is refused and not executed."""
    from airflow import settings as airflow_settings

    (tmp_path / "acme_ops.py").write_text("raise SystemExit('executed')")
    monkeypatch.setattr(airflow_settings, "DAGS_FOLDER", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    allowed = Settings(
        dag_managed_operators=settings.dag_managed_operators,
        dag_generated_configs=settings.dag_generated_configs,
        allowed_operators=("acme_ops",),
    )
    assert of_task({"operator": "acme_ops.Acme"}, allowed) == {
        "/operator": [f"'acme_ops' is a file of authors ({tmp_path}/acme_ops.py), not of an installed package"]
    }
    assert "acme_ops" not in sys.modules


def test_an_allowed_package(settings, tmp_path, monkeypatch):
    """A package named in allowed_operators serves operators."""
    (tmp_path / "acme_good.py").write_text(
        "from airflow.models.baseoperator import BaseOperator\n"
        "class Acme(BaseOperator):\n"
        "    def __init__(self, *, size, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    allowed = Settings(
        dag_managed_operators=settings.dag_managed_operators,
        dag_generated_configs=settings.dag_generated_configs,
        allowed_operators=("acme_good",),
    )
    check_workflow(request(tasks={"one": {"operator": "acme_good.Acme", "size": 1}}), allowed, now=NOW)
    assert of_task({"operator": "acme_good.Acme", "sise": 1}, allowed) == {
        "/sise": ["Acme has no argument 'sise'; did you mean 'size'?"],
    }


def test_arguments(settings):
    """An argument that the operator doesn't have, or has to have, is named with the nearest one."""
    assert of_task({"operator": "airflow.operators.bash.BashOperator", "bash_comand": "x", "retrys": 1}, settings) == {
        "/bash_comand": ["BashOperator has no argument 'bash_comand'; did you mean 'bash_command'?"],
        "/retrys": ["BashOperator has no argument 'retrys'; did you mean 'retries'?"],
    }


def test_arguments_of_classes_above(settings):
    """Arguments of the classes that an operator inherits from are its own."""
    task = {
        "operator": "airflow.operators.python.BranchPythonOperator",
        "python_callable_name": "choose",
        "python_callable_file": "checks.py",
        "templates_dict": {"a": "b"},
        "show_return_value_in_logs": False,
        "pool": "default_pool",
    }
    check_workflow(request(tasks={"one": task}), settings, now=NOW)


def test_required_arguments_may_come_from_default_args(settings):
    """A required argument may stand in default_args of the DAG."""
    default_args = {"start_date": "2024-01-01", "bash_command": "true"}
    task = {"operator": "airflow.operators.bash.BashOperator"}
    check_workflow(request(default_args=default_args, tasks={"one": task}), settings, now=NOW)


def test_the_cure_of_a_missing_start_date_is_one_of_this_airflow(settings):
    """A DAG without a start date is told what this Airflow takes instead, and what is told is taken."""

    def dag(**keys: Any) -> dict[str, Any]:
        return {"workflow": {"name": "nightly", "dag_config": {"nightly": {"tasks": {"one": bash()}, **keys}}}}

    by_hand, in_each_task = dag(schedule=None), dag(schedule=None, tasks={"one": bash(start_date="2024-01-01")})
    needs = "'start_date' is missing; give it in default_args"
    if EVERY_DAG_NEEDS_A_START:
        assert faults(dag(), settings) == {"": [needs]}
        assert faults(by_hand, settings) == {
            "": [f"{needs}: before Airflow 2.8 a DAG that is started by hand needs one too"]
        }
    else:
        assert faults(dag(), settings) == {"": [f'{needs}, or "schedule": null for a DAG that is started by hand']}
        assert check_workflow(by_hand, settings, now=NOW).definition["dag"] == {"schedule": None}
    start = {"$datetime": "2024-01-01T00:00:00"}
    workflow = check_workflow(dag(schedule=None, default_args={"start_date": "2024-01-01"}), settings, now=NOW)
    assert workflow.definition["dag"]["default_args"] == {"start_date": start}
    workflow = check_workflow(in_each_task, settings, now=NOW)
    assert workflow.definition["tasks"][0]["arguments"]["start_date"] == start


def test_default_args_that_nothing_takes(settings):
    """A key of default_args that no operator of the DAG takes is refused: Airflow would ignore it."""
    default_args = {"start_date": "2024-01-01", "bash_comand": "true"}
    (pointer, (reason,)), *_ = faults(request(default_args=default_args, tasks={"one": bash()}), settings).items()
    assert pointer == "/default_args/bash_comand"
    assert "bash_command" in reason


@pytest.mark.parametrize("value", [None, 1, "os.system", {"path": "os.system"}])
@pytest.mark.parametrize("tag", ["$import", "$call", "$literal", "$"])
def test_default_args_that_look_like_a_stored_value(settings, tag: str, value: object):
    """A key that starts with `$` is a fault at its place, and never taken for a value of the canonical form."""
    assert faults(request(start_date="2024-01-01", default_args={tag: value}, tasks={"one": bash()}), settings) == {
        f"/default_args/{tag}": [f"nothing has an argument '{tag}': none starts with '$'; take it out, or rename it"]
    }


def test_keys_of_the_dag_in_other_places(settings):
    """A key of the DAG that stands in default_args, a group's default_args or a task is told where it belongs."""
    document = request(
        default_args={"start_date": "2024-01-01", "catchup": False, "schedule_interval": "@daily", "params": {"a": 1}},
        task_groups={"one": {"default_args": {"tags": ["x"]}}},
        tasks={"one_task": bash(task_group_name="one", dagrun_timeout_sec=3)},
    )
    assert faults(document, settings) == {
        "/default_args/catchup": ["'catchup' belongs in the DAG, beside default_args"],
        "/default_args/schedule_interval": ["'schedule_interval' belongs in the DAG, beside default_args"],
        "/task_groups/one/default_args/tags": ["'tags' belongs in the DAG, beside default_args"],
        "/tasks/one_task/dagrun_timeout_sec": [
            "BashOperator has no argument 'dagrun_timeout_sec'; it belongs in the DAG"
        ],
    }


def test_misspelled_default_args_beside_an_unknown_operator(settings):
    """A near miss of a known key is named although nobody knows what the unknown operator takes."""
    default_args = {"start_date": "2024-01-01", "retrys": 3, "shelf": 1}
    task = {"operator": "airflow.operators.bash.BashOperater", "bash_command": "true"}
    found = faults(request(default_args=default_args, tasks={"one": task}), settings)
    assert found == {
        "/default_args/retrys": ["no operator of this DAG has an argument 'retrys'; did you mean 'retries'?"],
        "/tasks/one/operator": ["no class 'BashOperater' in airflow.operators.bash; did you mean 'BashOperator'?"],
    }


def test_other_mistakes_beside_a_misspelled_operator(settings):
    """A task whose class is misspelled is checked against the class that was meant, in the same answer."""
    task = {"operator": "airflow.operators.bash.BashOperater", "bash_comand": "true", "retrys": 3, "env": "{{ oops"}
    assert faults(request(tasks={"one": task}), settings) == {
        "/tasks/one/operator": ["no class 'BashOperater' in airflow.operators.bash; did you mean 'BashOperator'?"],
        "/tasks/one/bash_comand": ["BashOperator has no argument 'bash_comand'; did you mean 'bash_command'?"],
        "/tasks/one/retrys": ["BashOperator has no argument 'retrys'; did you mean 'retries'?"],
        "/tasks/one/env": [
            "the Jinja template can't be read: unexpected end of template, expected 'end of print statement'."
        ],
    }


def test_a_misspelled_module_of_an_operator(settings):
    """So is one whose module is misspelled."""
    task = {"operator": "airflow.operators.bsh.BashOperator", "bash_comand": "true"}
    assert faults(request(tasks={"one": task}), settings) == {
        "/tasks/one/operator": ["no module or class 'bsh' in airflow.operators; did you mean 'bash'?"],
        "/tasks/one/bash_comand": ["BashOperator has no argument 'bash_comand'; did you mean 'bash_command'?"],
    }


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            python("check", "../checks.py"),
            {
                "/python_callable_file": [
                    (
                        "'../checks.py' leaves dag_managed_operators: copy ../checks.py into dag_managed_operators "
                        "and write checks.py"
                    )
                ]
            },
        ),
        (
            python("check", "chekcs.py"),
            {
                "/python_callable_file": [
                    "there is no file 'chekcs.py' in dag_managed_operators; did you mean 'checks.py'?"
                ]
            },
        ),
        (
            python("chek"),
            {
                "/python_callable_name": [
                    "'checks.py' in dag_managed_operators has no function 'chek'; did you mean 'check'?"
                ]
            },
        ),
        (
            python("check", op_kwargs={"tabel": 1}),
            {"/op_kwargs": ["the function 'check' has no parameter 'tabel'; did you mean 'table'?"]},
        ),
        (
            python("check", op_args=[1, 2]),
            {"/op_args": ["the function 'check' takes 1 positional argument(s), 2 are given"]},
        ),
        (
            python("check", op_args=[1], op_kwargs={"number": 2}),
            {"/op_kwargs": ["the parameter 'number' of the function 'check' is given twice, by position and by name"]},
        ),
        (
            python("add", op_kwargs={"z": 2}),
            {
                "/op_kwargs": [
                    "the function 'add' has no parameter 'z'",
                    "the parameter 'x' of the function 'add' is given nothing",
                ]
            },
        ),
        (
            python("add", expand={"op_args": [[1], [1, 2, 3]]}),
            {"/expand/op_args/1": ["the function 'add' takes 2 positional argument(s), 3 are given"]},
        ),
        (
            taskflow("add", y=1, retrys=2),
            {
                "/python_callable_name": ["the parameter 'x' of the function 'add' is given nothing"],
                "/retrys": ["neither the function 'add' nor the decorator takes 'retrys'; did you mean 'retries'?"],
            },
        ),
        (
            bash(on_failure_callback_name="numbers", on_failure_callback_file="checks.py"),
            {
                "/on_failure_callback_name": [
                    (
                        "the function 'numbers' takes 0 positional argument(s), 1 are given "
                        "(Airflow calls it with 1 positional argument(s))"
                    )
                ]
            },
        ),
    ],
)
def test_callables(settings, task: dict, expected: dict):
    """A callable's file, function and arguments are checked by the file's syntax tree."""
    assert of_task(task, settings) == expected


def test_no_callable_file_is_executed(settings, tmp_path):
    """A callable file is looked at, never executed."""
    (tmp_path / "evil.py").write_text("raise SystemExit('executed')\ndef f(): pass\n")
    own = Settings(dag_managed_operators=tmp_path, dag_generated_configs=tmp_path)
    check_workflow(request(tasks={"one": python("f", "evil.py")}), own, now=NOW)


def test_a_callable_file_that_is_not_python(settings, tmp_path):
    """A callable file with a syntax error is refused with its line."""
    (tmp_path / "bad.py").write_text("x = 1\ndef f(:\n")
    own = Settings(dag_managed_operators=tmp_path, dag_generated_configs=tmp_path)
    assert of_task(python("f", "bad.py"), own) == {
        "/python_callable_file": ["the file 'bad.py' in dag_managed_operators is not Python, line 2: invalid syntax"]
    }


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (
            "echo {{ ds",
            "the Jinja template can't be read: unexpected end of template, expected 'end of print statement'.",
        ),
        ("a\n{% if x %}", "the Jinja template can't be read, line 2: Unexpected end of template."),
        ("{{ ds }} {{{ ds }} }", "the Jinja template can't be read: expected token ':', got '}'"),
        ("{{ ds. }}", "the Jinja template can't be read: expected name or number"),
        ("{{ ds | ds_nodsh }}", "the Jinja template uses the unknown filter 'ds_nodsh'; did you mean 'ds_nodash'?"),
    ],
)
def test_templates(settings, command: str, reason: str):
    """Jinja that can't be rendered is found in templated arguments."""
    (found,) = of_task(bash(command), settings)["/bash_command"]
    assert found.startswith(reason)


def test_braces_where_nothing_is_templated(settings):
    """An argument that is no template may hold what it likes."""
    check_workflow(request(tasks={"one": bash(doc_md="{{ not closed")}), settings, now=NOW)


def test_callbacks_by_dotted_path(settings, tmp_path, monkeypatch):
    """A callback by dotted path is a function or a notifier of an installed package."""
    assert of_task(bash(on_failure_callback="airflow.models.dag.DAG"), settings) == {
        "/on_failure_callback": ["'airflow.models.dag.DAG' is neither a function nor a notifier"]
    }
    assert of_task(bash(on_failure_callback="airflow.models.nope"), settings) == {
        "/on_failure_callback": ["no module or class 'nope' in airflow.models"]
    }
    (tmp_path / "acme_notice.py").write_text(
        "from airflow.notifications.basenotifier import BaseNotifier\n"
        "class Notice(BaseNotifier):\n"
        "    def __init__(self, to):\n"
        "        super().__init__()\n"
        "    def notify(self, context):\n"
        "        pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    check_workflow(
        request(tasks={"one": bash(on_failure_callback={"callback": "acme_notice.Notice", "to": "b@example.org"})}),
        replace(settings, allowed_callables=("acme_notice",)),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("arguments", "since", "place", "fault"),
    [
        ({"dag_display_name": "Nightly"}, (2, 9), "/dag_display_name", "DAG has no argument 'dag_display_name'"),
        (
            {"max_consecutive_failed_dag_runs": 3},
            (2, 9),
            "/max_consecutive_failed_dag_runs",
            "DAG has no argument 'max_consecutive_failed_dag_runs'",
        ),
        (
            {"schedule": {"datasets": {"__or__": ["s3://b/1", "s3://b/2"]}}},
            (2, 9),
            "/schedule",
            "has no conditions over datasets, 2.9 and newer have",
        ),
        ({"fail_stop": True}, (2, 7), "", ""),
    ],
)
def test_what_this_airflow_does_not_have_yet(settings, arguments, since, place, fault):
    """What a newer Airflow's DAG takes is refused by an older one in words, and taken by the newer one."""
    document = request(**{"schedule": None, "tasks": {"one": bash()}, **arguments})
    if since <= AIRFLOW:
        assert check_workflow(document, settings, now=NOW).dag_id == "nightly"
        return
    found = faults(document, settings)
    assert list(found) == [place]
    assert fault in found[place][0]


def test_what_airflow_refuses(settings):
    """What only Airflow itself refuses is reported at the task, for every such task."""
    document = request(tasks={"one": bash(), "two": bash(weight_rule="nope"), "three": bash(resources={"x": 1})})
    found = faults(document, settings)
    assert {"/tasks/two", "/tasks/three"} <= {"/".join(pointer.split("/")[:3]) for pointer in found}


def test_every_fault_at_once(settings):
    """Faults of every kind come in one answer, in the order of the document."""
    document = request(
        schedule="61 * * * *",
        tasks={
            "a": bash("{{"),
            "b": bash(dependencies=["zz"]),
            "c": {"operator": "airflow.operators.bash.Nope"},
            "d": python("nope"),
            "e": {"operator": "airflow.operators.bash.BashOperator"},
        },
    )
    assert list(faults(document, settings)) == [
        "/schedule",
        "/tasks/a/bash_command",
        "/tasks/b/dependencies/0",
        "/tasks/c/operator",
        "/tasks/d/python_callable_name",
        "/tasks/e",
    ]


def test_a_macro_that_is_a_text_and_is_called(settings):
    """A text with dots stays a text as a macro, and is a fault with the cure where a template calls it."""
    macros = {"host": "db.internal", "add": "helpers.add_days", "days": {"later": "helpers.add_days"}}
    task = bash(
        "echo {{ host }} {{ days.later(ds, 1) }} {{ ds_add(ds, 1) }}", env={"A": "{% if add(ds) %}x{% endif %}"}
    )
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(request(user_defined_macros=macros, tasks={"one": task}), settings, now=NOW)
    cure = (
        "'helpers.add_days' is a text here, and a template calls it: put the function into a file of "
        "dag_managed_operators and write {callable_name: add_days, callable_file: helpers.py}; or allow its package in "
        "airflow.cfg: [openmetadata_airflow_apis] allowed_callables = helpers"
    )
    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        (f"{DAG}/user_defined_macros/add", cure),
        (f"{DAG}/user_defined_macros/days/later", cure),
    ]
    task = bash("echo {{ host }} {{ add.upper() }}")
    check_workflow(request(user_defined_macros=macros, tasks={"one": task}), settings, now=NOW)


def test_a_macro_that_is_called_and_no_path(settings):
    """Any text that a template calls is a fault, also in default_args; the file that has such a function is named."""
    macros = {"alarm": "alarm", "host": "db internal", "zone": "Europe/Amsterdam"}
    default_args = {"start_date": "2024-01-01", "env": {"A": "{{ host() }}"}}
    task = bash("echo {{ alarm(ds) }} {{ zone }}")
    document = request(user_defined_macros=macros, default_args=default_args, tasks={"one": task})
    write = "write {callable_name: alarm, callable_file: checks.py}"
    put = (
        "put the function into a file of dag_managed_operators and write {callable_name: add_days, "
        "callable_file: dates.py}, its name and its file"
    )
    assert faults(document, settings) == {
        "/user_defined_macros/alarm": [f"'alarm' is a text here, and a template calls it: {write}"],
        "/user_defined_macros/host": [f"'db internal' is a text here, and a template calls it: {put}"],
    }


@pytest.mark.parametrize("text", ["checks.alarm", "dags.checks.alarm"])
def test_a_macro_that_is_the_path_of_an_own_function(settings, text: str):
    """A text that is the path of a function in a callable file is a fault with both things that it may mean."""
    document = request(user_defined_macros={"team": {"alarm": text}, "host": "checks.internal"}, tasks={"one": bash()})
    module, name = text.rsplit(".", 1)
    fault = (
        f"'{text}' is a text here, and 'checks.py' in dag_managed_operators has a function 'alarm': write "
        f'{{callable_name: alarm, callable_file: checks.py}}, or {{"__join__": ["{module}.", "alarm"]}} for the text'
    )
    assert faults(document, settings) == {"/user_defined_macros/team/alarm": [fault]}
    joined = {"alarm": {"__join__": [f"{module}.", name]}}
    workflow = check_workflow(request(user_defined_macros=joined, tasks={"one": bash()}), settings, now=NOW)
    assert workflow.checked_dag.user_defined_macros == {"alarm": text}


def test_functions_of_callable_files_as_macros_and_filters(settings):
    """A macro or a filter that names a function of a callable file is that function, which has to be there."""
    function = {"callable_name": "check", "callable_file": "checks.py"}
    task = bash("echo {{ f(3) }} {{ 3 | g }}")
    document = request(user_defined_macros={"f": function}, user_defined_filters={"g": function}, tasks={"one": task})
    dag = check_workflow(document, settings, now=NOW).checked_dag
    assert dag.user_defined_macros["f"].__name__ == dag.user_defined_filters["g"].__name__ == "check"
    function["callable_name"] = "chekc"
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(document, settings, now=NOW)
    reason = "'checks.py' in dag_managed_operators has no function 'chekc'; did you mean 'check'?"
    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        (f"{DAG}/user_defined_macros/f", reason),
        (f"{DAG}/user_defined_filters/g", reason),
    ]


def test_documentation_that_is_not_there(settings):
    """A file, or a function, that a DAG's documentation is to come from is looked for at the deploy."""
    (settings.dag_managed_operators / "docs").mkdir()
    (settings.dag_managed_operators / "docs/night.md").write_text("# Night")

    def documented(**keys) -> dict:
        return request(tasks={"one": bash()}, **keys)

    workflow = check_workflow(documented(doc_md_file_path="docs/night.md"), settings, now=NOW)
    assert workflow.checked_dag.doc_md == "# Night"
    assert faults(documented(doc_md_file_path="docs/nigth.md"), settings) == {
        "/doc_md_file_path": [
            "there is no file 'docs/nigth.md' in dag_managed_operators; did you mean 'docs/night.md'?"
        ]
    }
    (settings.dag_managed_operators / "link.md").symlink_to("docs/night.md")
    (fault,) = faults(documented(doc_md_file_path="link.md"), settings)["/doc_md_file_path"]
    assert fault.startswith("the file 'link.md' in dag_managed_operators can't be read: ")
    call = {"doc_md_python_callable_name": "alarm", "doc_md_python_callable_file": "checks.py"}
    check_workflow(documented(**call, doc_md_python_arguments={"context": 1}), settings, now=NOW)
    assert faults(documented(**call, doc_md_python_arguments={"kontext": 1}), settings) == {
        "/doc_md_python_callable_name": [
            "the function 'alarm' has no parameter 'kontext'; did you mean 'context'?",
        ]
    }


def test_datasets_by_their_names(settings):
    """Names of datasets are looked up at the deploy: what is stored has the URIs, whatever becomes of the file."""
    file = settings.dag_managed_operators / "team.yaml"
    file.write_text("datasets: [{name: orders, uri: s3://lake/orders}]")
    by_name = {"file": "team.yaml", "datasets": ["orders"]}
    document = request(schedule=by_name, tasks={"one": bash(outlets=by_name)})
    definition = check_workflow(document, settings, now=NOW).definition
    assert definition["dag"]["schedule"] == [{"$dataset": {"uri": "s3://lake/orders"}}]
    assert definition["tasks"][0]["arguments"]["outlets"] == [{"$dataset": {"uri": "s3://lake/orders"}}]
    (settings.dag_managed_operators / "link").symlink_to("team.yaml")
    by_link = request(schedule={**by_name, "file": "link"}, tasks={"one": bash()})
    (fault,) = faults(by_link, settings)["/schedule/file"]
    assert fault.startswith("the file 'link' in dag_managed_operators can't be read: ")
    file.unlink()
    assert faults(request(schedule=by_name, tasks={"one": bash()}), settings) == {
        "/schedule/file": ["there is no file 'team.yaml' in dag_managed_operators"]
    }


def test_template_files(settings):
    """A template is found by its path below dag_managed_operators, or by its name in a folder that is there."""
    (settings.dag_managed_operators / "scripts").mkdir()
    (settings.dag_managed_operators / "scripts/load.sh").write_text("echo {{ ds }}\n")

    def workflow(command: str, **keys) -> dict:
        return request(tasks={"one": bash(command)}, **keys)

    for document in (workflow("scripts/load.sh"), workflow("load.sh", template_searchpath="scripts")):
        dag = check_workflow(document, settings, now=NOW).checked_dag
        assert dag.get_task("one").bash_command == "echo {{ ds }}\n"
    assert faults(workflow("load.sh", template_searchpath=["scripts", "scirpts"]), settings) == {
        "/template_searchpath/1": ["there is no folder 'scirpts' in dag_managed_operators (links are not followed)"]
    }


def test_a_missing_variable(settings, monkeypatch):
    """A Variable that a definition reads has to exist at the deploy, unless the argument has a value without it."""
    monkeypatch.setenv("AIRFLOW_VAR_THERE", "true")
    task = bash(variables_as_arguments=[{"variable": "there", "attribute": "bash_command"}])
    del task["bash_command"]
    workflow = check_workflow(request(tasks={"one": task}), settings, now=NOW)
    assert workflow.checked_dag is None, "the DAG has to be built with the Variable's value"
    task["variables_as_arguments"][0]["variable"] = "away"
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(request(tasks={"one": task}), settings, now=NOW)
    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        (
            f"{DAG}/tasks/one/variables_as_arguments/0/variable",
            (
                "there is no Airflow Variable 'away'; create it, then deploy, or give the argument beside it, "
                "which holds while there is none"
            ),
        )
    ]
    task["bash_command"] = "echo {{ ds }}"
    assert check_workflow(request(tasks={"one": task}), settings, now=NOW).checked_dag is None
    task["bash_command"] = "echo {{ ds }"
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(request(tasks={"one": task}), settings, now=NOW)
    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        (f"{DAG}/tasks/one/bash_command", "the Jinja template can't be read: unexpected '}'")
    ]


def test_five_hundred_tasks(settings):
    """500 tasks are checked well within a second, import of the operators aside (150 ms on a quiet machine)."""
    import time

    tasks = {f"t{n}": bash(f"echo {{{{ ds }}}} {n}", dependencies=[f"t{n - 1}"] if n else []) for n in range(500)}
    document = request(tasks=tasks)
    check_workflow(document, settings, now=NOW)
    start = time.process_time()
    check_workflow(document, settings, now=NOW)
    assert time.process_time() - start < 0.6


def test_an_object_that_cannot_be_serialized(settings):
    """An object that Airflow can't store is refused, though it could be made."""
    schedule = {"__type__": "airflow.timetables.trigger.CronTriggerTimetable", "cron": "0 1 * * 3", "timezone": None}
    ((pointer, (reason,)),) = faults(request(schedule=schedule, tasks={"one": bash()}), settings).items()
    assert pointer == ""
    assert reason.startswith("Failed to serialize DAG 'nightly': DAG timezone should be a pendulum.tz.Timezone")


def test_a_dag_id_that_is_no_text(settings):
    """What a sensor waits for must be a text: Airflow can't serialize the DAG otherwise."""
    task = {"operator": "airflow.sensors.external_task.ExternalTaskSensor", "external_dag_id": []}
    (reason,) = faults(request(tasks={"one": task}), settings)[""]
    assert reason.startswith("Failed to serialize DAG")
