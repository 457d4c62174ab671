"""The stored document: <dag_id>.json."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from openmetadata_airflow_apis.dagbuild.stored_document import MARKER, StoredDocument, decode, encode, revision_of
from openmetadata_airflow_apis.errors import DamagedDocument
from openmetadata_airflow_apis.resources import dag_runner_template_path

DEFINITION = {"dag_id": "nightly", "dag": {"schedule": None}, "task_groups": [], "tasks": []}
DOCUMENT = StoredDocument(
    dag_id="nightly",
    definition=DEFINITION,
    source={"name": "nightly", "note": "überall"},
    deployed_by="ann",
    deployed_at=datetime(2026, 11, 22, 12, 0, 0, 123, tzinfo=timezone.utc),
)


def damaged(data: bytes) -> str:
    with pytest.raises(DamagedDocument) as caught:
        decode(data, "/configs/nightly.json")
    return str(caught.value)


KEYS = ("dag_id", "deployed_by", "deployed_at", "sha256", "definition", "source")


def changed(**content: object) -> bytes:
    return json.dumps({**json.loads(encode(DOCUMENT)), **content}, indent=1).encode()


def changed_without(key: str) -> bytes:
    return json.dumps({name: value for name, value in json.loads(encode(DOCUMENT)).items() if name != key}).encode()


def test_what_was_written_is_read_back():
    """A stored document is read back as it was written."""
    assert decode(encode(DOCUMENT), "/configs/nightly.json") == DOCUMENT


def test_it_is_one_json_object():
    """The file is a JSON object that people and other programs can read."""
    assert json.loads(encode(DOCUMENT)) == {
        "format": 1,
        "dag_id": "nightly",
        "deployed_by": "ann",
        "deployed_at": "2026-11-22T12:00:00.000123+00:00",
        "sha256": revision_of(DEFINITION),
        "definition": DEFINITION,
        "source": {"name": "nightly", "note": "überall"},
    }


def test_the_revision_depends_on_the_definition_alone():
    """The sha256 is of the definition, the order of its keys included, whoever deploys it and when."""
    assert revision_of(DEFINITION) == "2a9dfd611ccee543da7002f6bc3ca2c699c49afff53cd7717920b2315d9f75dc"
    assert revision_of(dict(reversed(DEFINITION.items()))) != revision_of(DEFINITION)


def test_an_edited_definition_is_refused():
    """A definition that was edited in the file is refused in one line that names the file and the cure."""
    edited = {**DEFINITION, "dag": {"schedule": "@daily"}}
    assert damaged(changed(definition=edited)) == (
        "/configs/nightly.json: the definition was changed in the file after it was deployed (its sha256 differs); "
        "move the file away and deploy the workflow again, or put back what was deployed"
    )


def test_reformatting_the_file_is_no_edit():
    """White space does not count: what counts is the definition."""
    assert decode(changed(), "/configs/nightly.json") == DOCUMENT


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty; "),
        (b" \n", "is empty; "),
        (encode(DOCUMENT)[:-30], "is not JSON any more: it is torn, or was changed by hand (Expecting property name"),
        (b"\xff\xfe", "is not JSON ("),
        (b"[" * 100_000, "is not JSON (nested too deeply); "),
        (changed(definition=json.loads("[" * 900 + "]" * 900)), "the definition was changed in the file"),
        (b"[]", "is not a stored definition, and was not written by a deploy; "),
        (changed(format=True), "is not a stored definition, and was not written by a deploy; "),
        (
            changed(format=2),
            "was written by a newer version of openmetadata-airflow-apis (its format is 2, known is 1); ",
        ),
        (changed(deployed_at="yesterday"), "was changed by hand: its key 'deployed_at': Invalid isoformat string: "),
        (changed(deployed_at="2026-01-01T00:00:00"), "was changed by hand: its key 'deployed_at' is not a time as a "),
        (changed(deployed_at="2026-01-01T00:00:00+0000"), "was changed by hand: its key 'deployed_at'"),
        (changed(deployed_at=None), "was changed by hand: its key 'deployed_at': fromisoformat: argument must be str"),
        (changed(dag_id=["nightly"]), "was changed by hand: its key 'dag_id' is not text; "),
        (changed(deployed_by=7), "was changed by hand: its key 'deployed_by' is not text; "),
        (changed(source="nightly"), "was changed by hand: its key 'source' is not an object; "),
        (changed(sha256=None), "the definition was changed in the file"),
        (
            changed(definition=[], sha256=revision_of([])),
            "was changed by hand: its key 'definition' is not a definition",
        ),
        (
            changed(definition={"dag": {}, "tasks": [1]}, sha256=revision_of({"dag": {}, "tasks": [1]})),
            "was changed by ",
        ),
        (b'{"format": 1}', "was changed by hand: its key 'dag_id' is missing; "),
        *((changed_without(key), f"was changed by hand: its key '{key}' is missing; ") for key in KEYS),
    ],
)
def test_a_torn_file_is_refused(data: bytes, reason: str):
    """Whatever is not a whole stored document is refused in one line that names the file."""
    message = damaged(data)
    assert message.startswith(f"/configs/nightly.json: {reason}")
    assert "\n" not in message


def test_the_template_begins_with_the_marker():
    """The first line of a rendered DAG file is the marker by which it is known to be ours."""
    assert dag_runner_template_path().read_text().splitlines()[0] == MARKER
