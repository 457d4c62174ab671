"""Every way to damage a stored file, at every operation: a 409 with a cure that cures, and no other DAG is hurt."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from support.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.file_store("each is a way to damage a file")

# What get_dag answers and list_dags does not.
OF_ONE = ("definition", "fileloc", "task_ids", "params")
FOLDERS = ("dags", "dag_generated_configs")
RECORD, MODULE = "dag_generated_configs/{}.json", "dags/{}.py"
OLDER_RECORD = b'{"nightly": {"schedule_interval": "@daily", "tasks": {"a": {"operator": "x"}}}}'
OLDER_MODULE = b'from some_plugin import workflow_factory\n\nworkflow_factory.WorkflowFactory("/c/nightly.json")\n'


@dataclass(frozen=True)
class Damage:
    """A way to damage the files of a deployed DAG: what is done to which of them, and what is said of it."""

    file: str
    do: Callable[[Path], Any]
    words: str

    def path(self, home: Path) -> Path:
        """Return the file's path."""
        return home / self.file.format("nightly")


def replace(old: bytes, new: bytes) -> Callable[[Path], None]:
    """Replace bytes that are in the file, once."""

    def do(path: Path) -> None:
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new, 1))

    return do


def keys(**changes: Any) -> Callable[[Path], None]:
    """Give keys of the record other values, ... for none."""

    def do(path: Path) -> None:
        content = {**json.loads(path.read_bytes()), **changes}
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not ...}, indent=1))

    return do


def in_its_place(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    """Put something else than a file in the file's place."""

    def do(path: Path) -> None:
        path.rename(path.with_name(path.name + ".before"))
        make(path)

    return do


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()  # noqa: PTH109 - a socket's path may have 107 characters
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def grow(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(100 * 1024 * 1024)


SHA = "the definition was changed in the file after it was deployed (its sha256 differs)"
HAND = "was changed by hand: its key "
DAMAGES = {
    "record truncated": Damage(
        RECORD, lambda path: os.truncate(path, 200), "is not JSON any more: it is torn, or was "
    ),
    "record empty": Damage(RECORD, lambda path: os.truncate(path, 0), "is empty"),
    "record blank": Damage(RECORD, lambda path: path.write_bytes(b"\n" * 9), "is empty"),
    "record of zeros": Damage(RECORD, lambda path: path.write_bytes(b"\0" * 500), "is not JSON ("),
    "record not UTF-8": Damage(RECORD, lambda path: path.write_bytes(b"\xff\xfe{\xff"), "is not JSON ("),
    "record nested": Damage(RECORD, lambda path: path.write_bytes(b"[" * 200_000), "is not JSON (nested too deeply)"),
    "record huge": Damage(RECORD, grow, "is larger than anything that is deployed (104857600 bytes)"),
    "record of nothing": Damage(
        RECORD, lambda path: path.write_bytes(b"{}"), "is not a stored definition, and was not "
    ),
    "record a list": Damage(RECORD, lambda path: path.write_bytes(b"[]"), "is not a stored definition, and was not "),
    "record null": Damage(RECORD, lambda path: path.write_bytes(b"null"), "is not a stored definition, and was not "),
    "record of text": Damage(
        RECORD, lambda path: path.write_bytes(b'"format"'), "is not a stored definition, and was "
    ),
    "record of a later format": Damage(
        RECORD, keys(format=2), "was written by a newer version of openmetadata-airflow"
    ),
    "record of format 0": Damage(RECORD, keys(format=0), "is not a stored definition, and was not written by a deploy"),
    "record of format true": Damage(RECORD, keys(format=True), "is not a stored definition, and was not written by"),
    "definition edited": Damage(RECORD, replace(b'"bash_command": "true"', b'"bash_command": "rm -r /"'), SHA),
    "definition gone": Damage(RECORD, keys(definition=...), f"{HAND}'definition' is missing"),
    "definition a list": Damage(RECORD, keys(definition=[]), SHA),
    "definition null": Damage(RECORD, keys(definition=None), SHA),
    "definition not a number": Damage(
        RECORD, keys(definition={"dag": float("nan")}), "was changed by hand: Out of range"
    ),
    "sha256 gone": Damage(RECORD, keys(sha256=...), f"{HAND}'sha256' is missing"),
    "sha256 null": Damage(RECORD, keys(sha256=None), SHA),
    "sha256 of another": Damage(RECORD, keys(sha256="0" * 64), SHA),
    "dag_id gone": Damage(RECORD, keys(dag_id=...), f"{HAND}'dag_id' is missing"),
    "dag_id a list": Damage(RECORD, keys(dag_id=["nightly"]), f"{HAND}'dag_id' is not text"),
    "dag_id of another": Damage(RECORD, keys(dag_id="weekly"), "holds the DAG `weekly`"),
    "source gone": Damage(RECORD, keys(source=...), f"{HAND}'source' is missing"),
    "source text": Damage(RECORD, keys(source="nightly"), f"{HAND}'source' is not an object"),
    "deployed_by gone": Damage(RECORD, keys(deployed_by=...), f"{HAND}'deployed_by' is missing"),
    "deployed_by a number": Damage(RECORD, keys(deployed_by=7), f"{HAND}'deployed_by' is not text"),
    "deployed_at gone": Damage(RECORD, keys(deployed_at=...), f"{HAND}'deployed_at' is missing"),
    "deployed_at a number": Damage(
        RECORD, keys(deployed_at=1), f"{HAND}'deployed_at': fromisoformat: argument must be"
    ),
    "deployed_at a word": Damage(
        RECORD, keys(deployed_at="now"), f"{HAND}'deployed_at': Invalid isoformat string: 'now'"
    ),
    "deployed_at without offset": Damage(
        RECORD, keys(deployed_at="2026-01-01T00:00:00"), f"{HAND}'deployed_at' is not a time as a deploy writes it"
    ),
    "record a folder": Damage(RECORD, in_its_place(os.mkdir), "is a folder, not a regular file"),
    "record a FIFO": Damage(RECORD, in_its_place(os.mkfifo), "is a FIFO, not a regular file"),
    "record a socket": Damage(RECORD, in_its_place(listening), "is a socket or a device, not a regular file"),
    "record a link": Damage(
        RECORD,
        in_its_place(lambda path: path.symlink_to(f"{path.name}.before")),
        "is a symbolic link, not a regular file",
    ),
    "record a dangling link": Damage(
        RECORD, in_its_place(lambda path: path.symlink_to("nowhere")), "is a symbolic link, not a regular file"
    ),
    "record of the older plugin": Damage(
        RECORD, lambda path: path.write_bytes(OLDER_RECORD), "is a file of the older plugin"
    ),
    "record gone": Damage(RECORD, lambda path: path.unlink(), "is missing, but "),
    "module edited": Damage(
        MODULE, replace(b"dag = load_dag", b"print()\ndag = load_dag"), "was changed by hand after it"
    ),
    "module truncated": Damage(
        MODULE, lambda path: os.truncate(path, 150), "was changed by hand after it was deployed"
    ),
    "module empty": Damage(MODULE, lambda path: os.truncate(path, 0), "was not written by a deploy"),
    "module of somebody": Damage(MODULE, lambda path: path.write_bytes(b"x = 1\n"), "was not written by a deploy"),
    "module of another DAG": Damage(
        MODULE,
        lambda path: shutil.copyfile(path.with_name("other.py"), path),
        "is a copy of the file of the DAG `other`",
    ),
    "module of the older plugin": Damage(
        MODULE, lambda path: path.write_bytes(OLDER_MODULE), "is a file of the older plugin"
    ),
    "module huge": Damage(MODULE, grow, "is larger than anything that is deployed (104857600 bytes)"),
    "module a folder": Damage(MODULE, in_its_place(os.mkdir), "is a folder, not a regular file"),
    "module a FIFO": Damage(MODULE, in_its_place(os.mkfifo), "is a FIFO, not a regular file"),
    "module a link": Damage(
        MODULE,
        in_its_place(lambda path: path.symlink_to(f"{path.name}.before")),
        "is a symbolic link, not a regular file",
    ),
}


def body(dag_id: str, **more: Any) -> dict[str, Any]:
    """Return the request that deploys a DAG of one task."""
    task = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"}
    definition = {"schedule": None, "default_args": {"start_date": "2024-01-01T00:00:00Z"}, "tasks": {"first": task}}
    return {"workflow": {"name": dag_id, "dag_config": {dag_id: definition}, **more}}


@pytest.fixture(scope="module")
def deployed(app, tokens, home: Path) -> Iterator[Path]:
    """The DAGs nightly and other, deployed, with a copy of both folders in `saved`."""
    header = {"Authorization": f"Bearer {tokens['admin']}"}
    client = app.test_client()
    for dag_id in ("nightly", "other"):
        assert client.post("/rest_api/api/dags", json=body(dag_id), headers=header).status_code == 201
    for folder in FOLDERS:
        shutil.copytree(home / folder, home / "saved" / folder)
    yield home
    for dag_id in ("nightly", "other"):
        assert client.delete(f"/rest_api/api/dags/{dag_id}", headers=header).status_code == 200
    shutil.rmtree(home / "saved")


@pytest.fixture
def saved(deployed: Path, typed_door, session) -> Iterator[Path]:
    """The AIRFLOW_HOME of the two DAGs, whose files and rows are as they were again after the test."""
    yield deployed
    session.query(parse_import_error()).delete()
    session.commit()
    shutil.rmtree(deployed / "away", ignore_errors=True)
    put_back(deployed)
    assert typed_door("POST", "/dags/refresh")[1]["failed"] == []


def put_back(home: Path) -> None:
    """Give both folders the content that they were deployed with."""
    for folder in FOLDERS:
        shutil.rmtree(home / folder)
        shutil.copytree(home / "saved" / folder, home / folder)


def cures(sentence: str) -> list[str]:
    """Return what a sentence says to do, one of several ways each."""
    return sentence.rpartition("; ")[2].split(", or ")


def follow(cure: str, sentence: str, home: Path, typed_door) -> None:
    """Do what a cure says, and nothing else."""
    if "put back what was deployed" in cure:
        put_back(home)
        return
    if "move" in cure:
        named = re.findall(r"(/\S+/nightly\.(?:json|py)):? ", sentence)
        moved = named[:2] if "both files" in cure else named[:1]
        (home / "away").mkdir()
        for path in moved:
            shutil.move(path, home / "away")
    if "refresh" in cure:
        assert typed_door("POST", "/dags/refresh")[1]["failed"] == []
    elif "delete the DAG" in cure:
        assert typed_door("DELETE", "/dags/nightly")[0] == 200
    elif "deploy the workflow" in cure:
        assert typed_door("POST", "/dags", json=body("nightly"))[0] in (200, 201)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_dag_is_a_conflict_and_hurts_no_other(name: str, saved: Path, typed_door, old_door):
    """A damaged DAG is 409 with one sentence wherever it is named, and listed as damaged; others are as they were."""
    damage = DAMAGES[name]
    before = typed_door("GET", "/dags/other")[1]
    damage.do(damage.path(saved))

    status, problem = typed_door("GET", "/dags/nightly")

    sentence = problem["detail"]
    assert (status, problem["title"]) == (409, "Conflict")
    assert damage.words in sentence
    assert str(damage.path(saved)) in sentence
    assert typed_door("GET", "/dags")[1] == {
        "dags": [{key: value for key, value in before.items() if key not in OF_ONE}],
        "damaged": [{"dag_id": "nightly", "state": "damaged", "reason": sentence}],
        "total_entries": 2,
    }
    refreshed = typed_door("POST", "/dags/refresh")
    assert (refreshed[0], refreshed[1]["refreshed"]) == (200, 1)
    assert refreshed[1]["failed"] == [{"dag_id": "nightly", "reason": sentence}]
    if name != "record gone":  # whose cure is to do one of these
        for force in (False, True):
            status, problem = typed_door("POST", "/dags", json=body("nightly", force=force))
            assert (status, problem["detail"]) == (409, sentence)
            assert old_door("deploy_dag", method="POST", json=body("nightly", force=force)) == (
                409,
                {"error": sentence},
            )
        status, problem = typed_door("DELETE", "/dags/nightly")
        assert (status, problem["detail"]) == (409, sentence)
    assert typed_door("GET", "/dags/other") == (200, before)
    assert typed_door("POST", "/dags/other/dagRuns", json={})[0] == 201


# The one that is left out is to install a version that there is not yet.
@pytest.mark.parametrize(
    ("name", "number"),
    [(name, number) for name in DAMAGES for number in (0, 1) if (name, number) != ("record of a later format", 0)],
)
def test_each_cure_of_a_damaged_dag_cures(name: str, number: int, saved: Path, typed_door):
    """Doing what the sentence says, whichever of its ways, leads to a DAG that is deployed, or is gone."""
    damage = DAMAGES[name]
    damage.do(damage.path(saved))
    sentence = typed_door("GET", "/dags/nightly")[1]["detail"]
    assert len(cures(sentence)) == 2

    follow(cures(sentence)[number], sentence, saved, typed_door)

    status, answer = typed_door("GET", "/dags/nightly")
    listed = typed_door("GET", "/dags")[1]
    assert listed["damaged"] == []
    if "delete" in cures(sentence)[number]:
        assert (status, listed["total_entries"]) == (404, 1)
    else:
        assert (status, answer["state"], listed["total_entries"]) == (200, "parsed", 2)
        assert typed_door("POST", "/dags", json=body("nightly", force=True))[0] == 200


@pytest.mark.parametrize("name", [name for name, damage in DAMAGES.items() if damage.file == RECORD])
def test_a_parse_of_a_damaged_record_ends_and_says_what_is_wrong(name: str, saved: Path, typed_door):
    """The DAG processor never waits for a damaged file, whatever it is; a run is refused while it is damaged."""
    damage = DAMAGES[name]
    damage.do(damage.path(saved))
    harmless = ("deployed_by", "deployed_at", "source")  # what the DAG is not built from

    error = parse(saved / MODULE.format("nightly"))

    status, problem = typed_door("POST", "/dags/nightly/dagRuns", json={})
    if name.startswith(harmless):
        assert (error, status) == (None, 201)
    else:
        assert str(damage.path(saved)) in error
        assert (status, problem["title"]) == (409, "Conflict")


@pytest.mark.parametrize("number", [0, 1])
def test_a_dag_that_has_lost_both_files_is_named_and_can_be_mended(number: int, saved: Path, typed_door, session):
    """A DAG whose files are both gone is 409 as long as Airflow shows it; it can be deployed anew, or deleted."""
    for file in (RECORD, MODULE):
        (saved / file.format("nightly")).unlink()

    status, problem = typed_door("GET", "/dags/nightly")

    sentence = problem["detail"]
    assert (status, sentence) == (
        409,
        f"{saved}/dags/nightly.py: is missing, and so is the definition; deploy the workflow again, or delete the DAG",
    )
    follow(cures(sentence)[number], sentence, saved, typed_door)
    assert typed_door("GET", "/dags/nightly")[0] == (200, 404)[number]
    known = session.query(DagModel).filter_by(dag_id="nightly").count()
    assert known == (1, 0)[number]


def test_what_airflow_keeps_of_a_dag_without_files_can_be_deleted(saved: Path, typed_door, session):
    """A DAG that Airflow has deactivated, since its files are gone, can be deleted with its rows."""
    for file in (RECORD, MODULE):
        (saved / file.format("nightly")).unlink()
    session.query(DagModel).filter_by(dag_id="nightly").update({"is_active": False})
    session.query(SerializedDagModel).filter_by(dag_id="nightly").delete()
    session.commit()

    assert typed_door("GET", "/dags/nightly")[0] == 404
    assert typed_door("DELETE", "/dags/nightly")[0] == 200

    assert session.query(DagModel).filter_by(dag_id="nightly").count() == 0


def test_both_files_of_the_older_plugin_are_named_at_once(home: Path, typed_door):
    """A deploy over the older plugin's two files says what both are; when both are moved away, it goes through."""
    record, module = home / RECORD.format("older"), home / MODULE.format("older")
    record.parent.mkdir(exist_ok=True)
    record.write_bytes(OLDER_RECORD)
    module.write_bytes(OLDER_MODULE)

    status, problem = typed_door("POST", "/dags", json=body("older", force=True))

    assert status == 409
    assert problem["detail"] == (
        f"The DAG `older` was not deployed through this API ({record} is a file of the older plugin, and {module} is "
        "a file of the older plugin) and is left as it is; move both files away and deploy the workflow here, or "
        "deploy under another name"
    )
    record.unlink()
    module.unlink()
    assert typed_door("POST", "/dags", json=body("older"))[0] == 201
    assert typed_door("DELETE", "/dags/older")[0] == 200


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: path.symlink_to("x"), lambda path: path.touch()])
@pytest.mark.parametrize("name", [".nightly.json.deleting", ".nightly.json.0123456789abcdef.tmp", ".nightly.lock"])
def test_whatever_is_left_beside_a_record_hurts_no_other(name: str, make, saved: Path, typed_door):
    """Something in the place of a temporary, a lock or a half-deleted file never takes the list or a refresh down."""
    path = saved / "dag_generated_configs" / name
    make(path)

    listed = typed_door("GET", "/dags")[1]
    status, refreshed = typed_door("POST", "/dags/refresh")

    assert listed["damaged"] == []
    assert {dag["dag_id"] for dag in listed["dags"]} >= {"other"}
    assert status == 200
    assert {failure["dag_id"] for failure in refreshed["failed"]} <= {"nightly"}
    assert all(str(path.parent) in failure["reason"] for failure in refreshed["failed"])
    assert typed_door("GET", "/dags/nightly")[0] == 200
    assert typed_door("POST", "/dags", json=body("other", force=True))[0] == 200
