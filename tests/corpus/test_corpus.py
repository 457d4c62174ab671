"""The corpus: files in the manner of what people have, each beside what Airflow should make of it.

    files/NAME.yaml, .json      dag-factory's YAML of both its eras, and requests
    files/NAME_expected.py      the DAGs that it means, as an Airflow author writes them
    files/NAME_faults.json      or what is wrong with it: line, place and fault as `validate` prints them
    dag_managed_operators/      the callables, templates and documents that the files name
    dags/                       templates beside the DAGs

A first line `# Airflow 2.9` says which Airflow first can do what is in the file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_file
from openmetadata_airflow_apis.definition import Workflow, read_file
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.deployed import write_deployed
from support.described_dags import described, differences
from support.versions import AIRFLOW

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parent
READ = sorted(path.stem[: -len("_expected")] for path in (CORPUS / "files").glob("*_expected.py"))
REFUSED = sorted(path.stem[: -len("_faults")] for path in (CORPUS / "files").glob("*_faults.json"))
NOW = datetime(2026, 11, 22, 10, 30, tzinfo=timezone.utc)  # what relative dates are counted from


def file_of(name: str) -> Path:
    """Return the file of that name, as it was sent."""
    return next(path for path in (CORPUS / "files" / f"{name}{end}" for end in (".yaml", ".json")) if path.exists())


def needed_airflow(name: str) -> tuple[int, ...]:
    """Return the first Airflow that can do what is in a file; every supported one where the file doesn't say so."""
    match = re.match(r"# Airflow ([0-9.]+)", file_of(name).read_text())
    return tuple(map(int, match[1].split("."))) if match else (2, 7)


UNDERSTOOD = [name for name in READ if needed_airflow(name) <= AIRFLOW]
OF_LATER_AIRFLOW = [name for name in READ if name not in UNDERSTOOD]


@pytest.fixture(scope="module")
def installation(tmp_path_factory, database) -> Iterator[Path]:
    """Folders with the corpus's callables and templates, and the Variable that it names."""
    home = tmp_path_factory.mktemp("corpus")
    for folder in ("dag_managed_operators", "dags"):
        shutil.copytree(CORPUS / folder, home / folder)
    with pytest.MonkeyPatch.context() as patch:
        managed = home / "dag_managed_operators"
        patch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS", str(managed))
        patch.setenv("AIRFLOW_VAR_GREETING", "good morning")
        patch.syspath_prepend(managed)  # expected files import the callables as any module
        # Airflow makes no task of a virtualenv where the program isn't there; none of these is run.
        virtualenv = home / "bin" / "virtualenv"
        virtualenv.parent.mkdir()
        virtualenv.touch(0o700)
        patch.setenv("PATH", str(virtualenv.parent), prepend=os.pathsep)
        yield home


def read(name: str) -> tuple[list[Workflow], list[str]]:
    """Return the workflows of a file, and its faults as `validate` prints them."""
    try:
        results = list(check_file(read_file(file_of(name)), Settings.load(), now=NOW))
    except InvalidDefinition as error:
        results = [error.faults]
    faults = [fault for result in results if isinstance(result, (list, tuple)) for fault in result]
    return [result for result in results if isinstance(result, Workflow)], [
        f"{fault.line or '-'}: {fault}" for fault in faults
    ]


def dags_in(path: Path) -> dict[str, dict[str, Any]]:
    """Return the DAGs that Airflow's own DagBag finds in a file, described."""
    from airflow.models.dagbag import DagBag

    bag = DagBag(str(path), include_examples=False, safe_mode=False)
    assert bag.import_errors == {}
    for dag in bag.dags.values():  # a deployed DAG says which deployment it is, which no author writes
        dag.edge_info.pop("#deployed", None)
        vars(dag).pop("_definition_version", None)
    return {dag_id: described(dag) for dag_id, dag in bag.dags.items()}


@pytest.mark.parametrize("name", UNDERSTOOD)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # many of these files are older than the Airflow they meet
def test_a_file_makes_the_dag_that_its_author_meant(installation, name: str):
    """A file makes the DAGs that an Airflow author writes for it, to the last argument."""
    workflows, faults = read(name)
    assert faults == []
    found: dict[str, Any] = {}
    for workflow in workflows:
        found.update(dags_in(write_deployed(workflow.definition, installation)))
    expected = shutil.copy(CORPUS / "files" / f"{name}_expected.py", installation / "dags")
    assert differences(dags_in(Path(expected)), found) == []


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_file_is_refused_with_what_to_do(installation, name: str):
    """A file that can't be taken is refused with each fault once, at its place, with the cure."""
    _, faults = read(name)
    assert faults == json.loads((CORPUS / "files" / f"{name}_faults.json").read_text())


if OF_LATER_AIRFLOW:

    @pytest.mark.parametrize("name", OF_LATER_AIRFLOW)
    def test_an_older_airflow_refuses_what_it_cannot_do(installation, name: str):
        """What only a later Airflow can do is refused at the deploy, and no DAG is made of half a file."""
        workflows, faults = read(name)
        assert workflows == []
        assert faults
