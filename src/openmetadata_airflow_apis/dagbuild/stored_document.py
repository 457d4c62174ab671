"""The stored document: what a deploy leaves on disk as <dag_id>.json, and how it is read back.

One JSON object: `format`, `dag_id`, `deployed_by`, `deployed_at`, `sha256` (over the canonical definition),
`definition` (what the DAG is built from) and `source` (the workflow as it was sent); before the definition
`bundle_name`, if the DAG belongs to a bundle, and at the end `comment`, if the deploy had one. What stands before the
definition is its head, which can be read by itself.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.deployment_mark import deployment_mark
from openmetadata_airflow_apis.dagbuild.stored_content import FORMAT, read_content, revision_of
from openmetadata_airflow_apis.errors import DamagedDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.dagbuild.stored_content import StoredContent
    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.definition.json_limits import SentObject

__all__ = ["MARKER", "StoredDocument", "compressed", "decode", "encode", "revision_of"]

# The first line of every rendered DAG file: the proof that the file is ours to replace and to remove.
MARKER = "# Deployed by openmetadata-airflow-apis; do not edit: the next deploy, or a delete, replaces this file."


@dataclass(frozen=True)
class StoredDocument:
    """A deployed workflow as it is stored.

    definition: the canonical definition. source: the workflow as sent. deployed_at: an aware datetime.
    revision: the sha256 of the canonical definition, in hexadecimal. comment: what the deploy said about itself.
    bundle_name: the bundle that the DAG belongs to.
    """

    dag_id: str
    definition: Definition
    source: SentObject
    deployed_by: str
    deployed_at: datetime
    revision: str = field(default="")
    comment: str | None = None
    bundle_name: str | None = None

    def __post_init__(self) -> None:
        if not self.revision:
            object.__setattr__(self, "revision", revision_of(self.definition))

    @property
    def mark(self) -> str:
        """The mark by which Airflow's rows show that they are of this deployment."""
        return deployment_mark(self.revision, self.deployed_at.isoformat())


def encode(document: StoredDocument) -> bytes:
    """Return the bytes of <dag_id>.json, indented so that people can read and compare them."""
    content: StoredContent = {
        "format": FORMAT,
        "dag_id": document.dag_id,
        "deployed_by": document.deployed_by,
        "deployed_at": document.deployed_at.isoformat(),
        "sha256": document.revision,
        **({} if document.bundle_name is None else {"bundle_name": document.bundle_name}),  # type: ignore[typeddict-item]
        "definition": document.definition,
        "source": document.source,
    }
    if document.comment is not None:
        content["comment"] = document.comment
    return json.dumps(content, indent=1, allow_nan=False).encode("ascii") + b"\n"


def compressed(document: StoredDocument) -> bytes:
    """Return the same bytes as the database store keeps them in the DAG's row; shards.decompressed reads these."""
    return zlib.compress(encode(document))


def decode(data: bytes, path: str) -> StoredDocument:
    """Return the document that encode wrote.

    Raises DamagedDocument, naming `path` in one line, for anything else: as read_content does, and if a key
    is missing that only deploys read.
    """
    content = read_content(data, path)
    try:
        deployed_at = datetime.fromisoformat(content["deployed_at"])
        document = StoredDocument(
            dag_id=content["dag_id"],
            definition=content["definition"],
            source=content["source"],
            deployed_by=content["deployed_by"],
            deployed_at=deployed_at,
            revision=content["sha256"],
            comment=content.get("comment"),
            bundle_name=content.get("bundle_name"),
        )
    except KeyError as error:
        raise DamagedDocument(path, f"was changed by hand: its key {error} is missing") from None
    except (TypeError, ValueError) as error:
        raise DamagedDocument(path, f"was changed by hand: its key 'deployed_at': {error}") from None
    for key, is_right, right in _checks(document, content["deployed_at"]):
        if not is_right:
            raise DamagedDocument(path, f"was changed by hand: its key '{key}' is not {right}")
    return document


def _checks(document: StoredDocument, deployed_at: str) -> Iterator[tuple[str, bool, str]]:
    """Yield the key, whether its value is right, and what it must be, for all that is checked before it is used.

    The sha256 vouches only for the definition.
    """
    definition = document.definition
    tasks = definition.get("tasks") if isinstance(definition, dict) else None
    yield "dag_id", isinstance(document.dag_id, str), "text"
    yield "deployed_by", isinstance(document.deployed_by, str), "text"
    yield "source", isinstance(document.source, dict), "an object"
    yield "comment", document.comment is None or isinstance(document.comment, str), "text"
    yield "bundle_name", document.bundle_name is None or isinstance(document.bundle_name, str), "text"
    is_written = document.deployed_at.tzinfo is not None and document.deployed_at.isoformat() == deployed_at
    yield "deployed_at", is_written, "a time as a deploy writes it, with its offset from UTC"
    yield "definition", isinstance(definition, dict) and isinstance(definition.get("dag"), dict), "a definition"
    yield (
        "definition",
        isinstance(tasks, list) and all(isinstance(task, dict) and "task_id" in task for task in tasks),
        "a definition",
    )
