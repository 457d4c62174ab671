"""A template of an operator's own makes DAG files that have their DAG, or is refused with the cure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from openmetadata_airflow_apis.errors import ConfigurationError
from openmetadata_airflow_apis.resources import dag_runner_template_path
from openmetadata_airflow_apis.stores import runner_template

RECORDS = Path("/srv/it's/configs")
IMPORT = "from openmetadata_airflow_apis.dagbuild import load_dag\n"
ID, FILE = "{{ dag_id }}", "{{ workflow_config_file }}"
ID_AS_RENDERED, FILE_AS_RENDERED = "'example_dag'", '"/srv/it\'s/configs/example_dag.json"'

# The older plugin's documentation has this one copied to {AIRFLOW_HOME}/dag_templates/dag_runner.j2.
OLDER_PLUGIN = """from openmetadata_managed_apis.workflows import workflow_factory

workflow = workflow_factory.WorkflowFactory("{{ workflow_config_file }}")
workflow.register_dag(globals())
"""

TAKEN = [
    f"{IMPORT}dag = load_dag({ID}, {FILE})",
    f"\ufeff{IMPORT}dag = load_dag({ID}, {FILE})\r\n",
    f"{IMPORT}DAG_ID = {ID}\nFILE = {FILE}\ndag = load_dag(DAG_ID, FILE)\n",
    f"{IMPORT}dag = load_dag(workflow_config_file={FILE}, dag_id={ID})\n",
    f"{IMPORT}from pathlib import Path\ndag = load_dag({ID}, str(Path({FILE})))\n",
    f"{IMPORT}def tuned(dag):\n    return dag\ndag = tuned(load_dag({ID}, {FILE}))\n",
    f"{IMPORT}globals()['dag'] = load_dag({ID}, {FILE})\n",
    f"from openmetadata_airflow_apis.dagbuild import load_dag as it\ndag = it({ID}, {FILE})\n",
    f"import openmetadata_airflow_apis.dagbuild\ndag = openmetadata_airflow_apis.dagbuild.load_dag({ID}, {FILE})\n",
    f"import openmetadata_airflow_apis.dagbuild as build\ndag = build.load_dag({ID}, {FILE})\n",
    f"from openmetadata_airflow_apis import dagbuild\ndag = dagbuild.load_dag({ID}, {FILE})",
]

# What Python says of a file with one quotation mark too many.
UNTERMINATED = (
    "unterminated string literal (detected at line 3)"
    if sys.version_info >= (3, 10)
    else "EOL while scanning string literal"
)
NO_CALL = "does not call load_dag of openmetadata_airflow_apis.dagbuild, which makes the DAG"
OTHERWISE = (
    f"in place of load_dag({ID_AS_RENDERED}, {FILE_AS_RENDERED}): "
    f"write load_dag({ID}, {FILE}), without quotes, which the values have already"
)
REFUSED = [
    ("", NO_CALL),
    (f"from company import load_dag\ndag = load_dag({ID}, {FILE})", NO_CALL),
    (f'{IMPORT}dag = load_dag("{ID}", {FILE})', f"""calls load_dag("'example_dag'", {FILE_AS_RENDERED}) {OTHERWISE}"""),
    (f"{IMPORT}dag = load_dag('other', {FILE})", f"calls load_dag('other', {FILE_AS_RENDERED}) {OTHERWISE}"),
    (f"{IMPORT}dag = load_dag()", f"calls load_dag() {OTHERWISE}"),
    (
        f"{IMPORT}load_dag({ID}, {FILE})",
        f"calls load_dag and drops the DAG: write dag = load_dag({ID_AS_RENDERED}, {FILE_AS_RENDERED})",
    ),
    ("{{ dag_id", "does not render to Python: unexpected end of template, expected 'end of print statement'."),
    ("dag = {{ dagid }}", "does not render to Python: 'dagid' is undefined"),
    ("dag = {{ 1 / 0 }}", "does not render to Python: division by zero"),
    ("dag = = 1", "does not render to Python: line 1 of what it makes: invalid syntax"),
    ("a\0b", "does not render to Python: source code string cannot contain null bytes"),
]


def refusal(template: Path, reason: str) -> str:
    """The whole sentence, with the cure."""
    return (
        f"[openmetadata_airflow_apis] dag_runner_template {template} {reason}; "
        f"leave the option out, which uses {dag_runner_template_path()}, or start from a copy of that one"
    )


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return tmp_path / "dag_runner.j2"


@pytest.mark.parametrize("text", TAKEN)
def test_a_template_that_gets_its_dag_from_load_dag_is_taken(template: Path, text: str):
    """Around load_dag a template may do what it likes: other names, other imports, calls around it."""
    template.write_text(text)
    assert runner_template.check(template, RECORDS) is None


def test_the_shipped_template_is_taken():
    """The package's own template makes DAG files."""
    assert runner_template.check(dag_runner_template_path(), RECORDS) is None


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_a_template_that_makes_no_dag_file_is_refused_with_the_cure(template: Path, text: str, reason: str):
    """What a template makes must be Python that gets this DAG from load_dag; the refusal says what it does instead."""
    template.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        runner_template.check(template, RECORDS)
    assert str(refused.value) == refusal(template, reason)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (Path("/srv/configs"), NO_CALL),
        (
            RECORDS,
            f"does not render to Python: line 3 of what it makes: {UNTERMINATED}",
        ),
    ],
)
def test_the_older_plugins_template_is_refused_by_name(template: Path, records: Path, reason: str):
    """The file that the older plugin's documentation has copied there is known, whatever else is wrong with it."""
    template.write_text(OLDER_PLUGIN)
    with pytest.raises(ConfigurationError) as refused:
        runner_template.check(template, records)
    assert str(refused.value) == refusal(template, f"is the older plugin's: it {reason}")


def test_a_template_that_cannot_be_read_is_refused(template: Path):
    """A template that is missing, a folder, a pipe or no UTF-8 is refused with the reason, and nothing hangs."""
    refusals = []
    for make in (lambda: None, template.mkdir, lambda: os.mkfifo(template), lambda: template.write_bytes(b"\xff")):
        make()
        with pytest.raises(ConfigurationError) as refused:
            runner_template.check(template, RECORDS)
        refusals.append(refused.value.reason.partition(f"{template} ")[2])
        if template.is_dir():
            template.rmdir()
        template.unlink(missing_ok=True)
    assert refusals == [
        "cannot be read: No such file or directory",
        "cannot be read: it is not a file",
        "cannot be read: it is not a file",
        "cannot be read: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    ]
