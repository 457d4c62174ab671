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


def changed(**content: object) -> bytes:
    return json.dumps({**json.loads(encode(DOCUMENT)), **content}).encode()


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
        "take the file away or put back what was deployed, then deploy again"
    )


def test_reformatting_the_file_is_no_edit():
    """White space does not count: what counts is the definition."""
    assert decode(changed(), "/configs/nightly.json") == DOCUMENT


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not JSON (Expecting value: line 1 column 1 (char 0))"),
        (encode(DOCUMENT)[:-30], "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "is not a stored definition of format 1 but of None"),
        (changed(format=2), "is not a stored definition of format 1 but of 2"),
        (changed(deployed_at="yesterday"), "is incomplete (ValueError: "),
        (changed(deployed_at=None), "is incomplete (TypeError: "),
        (b'{"format": 1}', "is incomplete (KeyError: 'dag_id')"),
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
