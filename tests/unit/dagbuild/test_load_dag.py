"""The rendered file: what the DAG processor and the workers make of a deployed definition."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from openmetadata_airflow_apis.checks.findings import Findings
from openmetadata_airflow_apis.checks.installed_imports import Imports
from openmetadata_airflow_apis.checks.older_operators_and_arguments import PresentOperators, use_present_operators
from openmetadata_airflow_apis.dagbuild.deployment_mark import mark_dag
from openmetadata_airflow_apis.dagbuild.stand_ins import stand_in_dag
from openmetadata_airflow_apis.dagbuild.stored_document import decode
from openmetadata_airflow_apis.definition import read_workflow
from openmetadata_airflow_apis.deploy.validation import needs_parse
from support.deployed import write_deployed
from support.workflows import EXAMPLES, SHIPPED, bash, request, write_callables

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)


def definition(document: dict) -> dict:
    reading = read_workflow(document, now=NOW)
    assert reading.faults == ()
    use_present_operators(reading.definition, PresentOperators(Imports()), Findings(reading))
    return reading.definition


@pytest.fixture
def managed(tmp_path, monkeypatch):
    """dag_managed_operators with the test workflows' callable files."""
    folder = write_callables(tmp_path / "managed")
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS", str(folder))
    return folder


def bag_of(folder):
    from airflow.models.dagbag import DagBag

    return DagBag(str(folder / "dags"), include_examples=False)


@pytest.mark.parametrize("name", [*EXAMPLES, *SHIPPED])
def test_the_webserver_and_the_dag_processor_make_the_same_dag(tmp_path, managed, name: str):
    """What a deploy writes into Airflow's database is what the first parse would write: same content, same hash."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import SerializedDAG

    canonical = definition({**EXAMPLES, **SHIPPED}[name])
    path = write_deployed(canonical, tmp_path)
    bag = bag_of(tmp_path)
    assert bag.import_errors == {}
    parsed = bag.dags[canonical["dag_id"]]
    stood_in = stand_in_dag(canonical, fileloc=str(path), folder=managed)
    record = tmp_path / "configs" / f"{canonical['dag_id']}.json"
    mark_dag(stood_in, decode(record.read_bytes(), str(record)).mark)
    assert SerializedDAG.to_dict(stood_in) == SerializedDAG.to_dict(parsed)
    assert SerializedDagModel(stood_in).dag_hash == SerializedDagModel(parsed).dag_hash
    assert parsed.fileloc == str(path)
    SerializedDAG.from_dict(SerializedDAG.to_dict(parsed))


def test_the_hash_does_not_depend_on_the_process(tmp_path, managed):
    """Two processes with different hash seeds make the same dag_hash."""
    path = write_deployed(definition(EXAMPLES["groups"]), tmp_path)
    program = (
        "import sys\n"
        "from airflow.models.dagbag import DagBag\n"
        "from airflow.models.serialized_dag import SerializedDagModel\n"
        "bag = DagBag(sys.argv[1], include_examples=False)\n"
        "print('HASH', SerializedDagModel(bag.dags['nightly']).dag_hash)\n"
    )
    hashes = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.add(next(line for line in done.stdout.splitlines() if line.startswith("HASH")))
    assert len(hashes) == 1


def test_what_is_left_to_the_dag_processor():
    """A definition with TaskFlow decorators, or whose documentation a function returns, needs the DAG processor."""
    assert [name for name, document in EXAMPLES.items() if needs_parse(definition(document))] == ["taskflow"]
    described = {"doc_md_python_callable_name": "describe", "doc_md_python_callable_file": "manual.py"}
    assert needs_parse(definition(request(tasks={"one": bash()}, **described)))


def test_the_rendered_file_holds_constants_alone(tmp_path):
    """The file imports, calls load_dag with two texts, and is found by Airflow's safe mode."""
    from airflow.utils.file import might_contain_dag

    path = write_deployed(definition(request("it-s_me", tasks={"one": bash()})), tmp_path)
    *imports, assignment = ast.parse(path.read_text()).body
    assert all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in imports)
    config = str(tmp_path / "configs" / "it-s_me.json")
    assert ast.unparse(assignment) == f"dag = load_dag('it-s_me', {config!r})"
    assert might_contain_dag(str(path), safe_mode=True)


def test_the_dag_processor_imports_operators_before_it_forks(tmp_path):
    """The DAG processor imports common operators, and what every DagBag needs, once: not in each of its children."""
    from airflow.utils.file import iter_airflow_imports

    path = write_deployed(definition(request(tasks={"one": bash()})), tmp_path)
    assert list(iter_airflow_imports(str(path))) == [
        "airflow.models.dag",
        "airflow.operators.bash",
        "airflow.operators.python",
        "airflow.operators.subdag",
    ]


def test_one_bad_document_fails_its_own_dag_alone(tmp_path, managed):
    """A document that was edited by hand fails with one clear line that names its file; other DAGs load."""
    for name in ("good", "edited", "missing", "moved"):
        write_deployed(definition(request(name, tasks={"one": bash()})), tmp_path)
    configs = tmp_path / "configs"
    edited = json.loads((configs / "edited.json").read_text())
    edited["definition"]["tasks"][0]["arguments"]["bash_command"] = "false"
    (configs / "edited.json").write_text(json.dumps(edited))
    (configs / "missing.json").unlink()
    (configs / "moved.json").write_bytes((configs / "good.json").read_bytes())
    bag = bag_of(tmp_path)
    assert list(bag.dags) == ["good"]
    last_lines = {
        Path(path).name: error.strip().splitlines()[-1].partition(": ")[2] for path, error in bag.import_errors.items()
    }
    assert last_lines == {
        "edited.py": f"{configs}/edited.json: the definition was changed in the file after it was deployed "
        "(its sha256 differs); move the file away and deploy the workflow again, or put back what was deployed",
        "missing.py": f"{configs}/missing.json: the definition's file is missing; deploy the workflow again, or "
        "delete the DAG",
        "moved.py": f"{configs}/moved.json: it holds the DAG 'good', not 'moved'; "
        "move the file away and deploy the workflow again, or put back what was deployed",
    }


def test_a_failing_task_is_named(tmp_path, managed):
    """A callable that is gone since the deploy fails with the task's place and the file's name."""
    write_deployed(definition(EXAMPLES["plain"]), tmp_path)
    (managed / "checks.py").write_text("")
    bag = bag_of(tmp_path)
    (error,) = bag.import_errors.values()
    assert f"task `check`: the file 'checks.py' in {managed} has no function 'check'" in error
