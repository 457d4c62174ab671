"""A definition that a deploy replaces while its DAG is being parsed."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from airflow.models.dagbag import DagBag

from openmetadata_airflow_apis.dagbuild.late_file_rows import DefinitionReplaced
from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument, encode
from openmetadata_airflow_apis.definition import read_workflow
from support.deployed import write_deployed
from support.workflows import python, request

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
# What a callable file does in its first execution: a deploy replaces what is at hand by the files in `next`.
REPLACING = """
import pathlib, shutil
here = pathlib.Path({here!r})
with (here / "executed").open("a") as log:
    log.write(f"{name} ")
if (here / "next").exists():
    (here / "next").rename(here / "replaced")
    shutil.copytree(here / "replaced", here, dirs_exist_ok=True)
{more}

def check():
    pass
"""


def definition(file: str, **dag: object) -> dict:
    """Return the canonical definition of a DAG of one task, whose callable is `check` of a file."""
    return read_workflow(request(tasks={"one": python("check", file)}, **dag), now=NOW).definition


@pytest.fixture
def managed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """dag_managed_operators."""
    folder = tmp_path / "managed"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS", str(folder))
    return folder


@pytest.fixture
def deployed(tmp_path: Path, managed: Path) -> Path:
    """The .py of a deployed DAG whose callable file replaces its definition when it is executed; returns the .py."""
    source = REPLACING.format(here=str(tmp_path), name="old", more="")
    (managed / "slow.py").write_text(source)
    (tmp_path / "next" / "configs").mkdir(parents=True)
    (tmp_path / "next" / "managed").mkdir()
    write_next(tmp_path, definition("slow.py", description="new"))
    return write_deployed(definition("slow.py", description="old"), tmp_path)


def write_next(folder: Path, canonical: dict) -> StoredDocument:
    """Store the definition that replaces the first one."""
    document = StoredDocument("nightly", canonical, {}, "bob", NOW + timedelta(hours=1))
    (folder / "next" / "configs" / "nightly.json").write_bytes(encode(document))
    return document


def executed(folder: Path) -> list[str]:
    """Return which callable files were executed, in this order."""
    return (folder / "executed").read_text().split()


def test_a_parse_that_a_deploy_overtakes_is_of_the_new_definition(deployed: Path, tmp_path: Path):
    """A definition that is replaced while callables are imported is built anew; a file is not executed twice."""
    bag = DagBag(str(deployed), include_examples=False)

    assert bag.import_errors == {}
    assert bag.dags["nightly"].description == "new"
    document = write_next_mark(tmp_path)
    assert bag.dags["nightly"].get_edge_info("#deployed", "#") == {"label": document}
    assert executed(tmp_path) == ["old"]


def write_next_mark(folder: Path) -> str:
    """Return the mark of the second deployment."""
    (folder / "next" / "configs").mkdir(parents=True)
    return write_next(folder, definition("slow.py", description="new")).mark


def test_a_callable_file_that_is_replaced_too_is_executed_anew(deployed: Path, tmp_path: Path):
    """A new definition is built with the callable files as they are then."""
    new = REPLACING.format(here=str(tmp_path), name="new", more="raise RuntimeError('new and broken')")
    (tmp_path / "next" / "managed" / "slow.py").write_text(new)

    bag = DagBag(str(deployed), include_examples=False)

    assert "RuntimeError: new and broken" in bag.import_errors[str(deployed)]
    assert executed(tmp_path) == ["old", "new"]


def test_an_error_of_what_was_replaced_is_no_error_of_the_new(deployed: Path, tmp_path: Path, managed: Path):
    """Where the old definition's callable fails, and a deploy has replaced it meanwhile, the new one decides."""
    failing = REPLACING.format(here=str(tmp_path), name="old", more="raise RuntimeError('old and broken')")
    (managed / "slow.py").write_text(failing)
    (tmp_path / "next" / "managed" / "sound.py").write_text("def check():\n    pass\n")
    write_next(tmp_path, definition("sound.py", description="new"))

    bag = DagBag(str(deployed), include_examples=False)

    assert bag.import_errors == {}
    assert bag.dags["nightly"].description == "new"


def test_a_parse_that_comes_too_late_writes_nothing(deployed: Path, tmp_path: Path, session):
    """A sync that begins to write a DAG whose definition was replaced since is refused, whoever else asks is not."""
    from airflow.models.dag import DAG

    dag = DagBag(str(deployed), include_examples=False).dags["nightly"]
    assert dag.owner == "ann"
    DAG.bulk_write_to_db([dag], session=session)
    (tmp_path / "configs" / "nightly.json").write_bytes(
        encode(StoredDocument("nightly", definition("slow.py"), {}, "eve", NOW + timedelta(hours=2)))
    )

    for late in (dag, copy.deepcopy(dag)):
        with pytest.raises(DefinitionReplaced, match="the definition of the DAG 'nightly' was replaced while it was"):
            DAG.bulk_write_to_db([late], session=session)
    assert dag.owner == "ann"


def test_a_deployed_dag_has_a_class_that_can_be_unpickled(deployed: Path):
    """The class of a deployed DAG is found again by its name, as Airflow's own is."""
    kind = type(DagBag(str(deployed), include_examples=False).dags["nightly"])
    assert pickle.loads(pickle.dumps(kind)) is kind  # noqa: S301 - made here


def test_a_dag_that_the_first_release_candidate_pickled_can_be_unpickled(deployed: Path):
    """A pickle that names the class of a deployed DAG where 1.0.0rc1 had it gets the class of today."""
    kind = type(DagBag(str(deployed), include_examples=False).dags["nightly"])
    old = b"copenmetadata_airflow_apis.dagbuild.deployment_mark\nDeployedDag\n."
    assert pickle.loads(old) is kind  # noqa: S301 - made here
