"""Reads a stored document as far as a DAG file needs it, with no more imports than that takes."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from openmetadata_airflow_apis.errors import DamagedDocument

if TYPE_CHECKING:
    from typing import TypedDict

    from openmetadata_airflow_apis.definition.canonical import Definition

    class StoredContent(TypedDict):
        """The JSON object of a stored document. deployed_at: ISO 8601. source: the workflow as it was sent."""

        format: int
        dag_id: str
        deployed_by: str
        deployed_at: str
        sha256: str
        definition: Definition
        source: dict[str, Any]


FORMAT = 1

_CANONICAL = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def revision_of(definition: Definition) -> str:
    """Return the sha256 of a canonical definition, in hexadecimal; the order of keys counts."""
    return sha256(_CANONICAL.encode(definition).encode("ascii")).hexdigest()


def read_content(data: bytes, path: str) -> StoredContent:
    """Return the JSON object of a stored document; its dag_id, definition and sha256 are there.

    Raises DamagedDocument, naming `path` in one line, for bytes that are no JSON, those keys missing, another
    format version, or a definition that is not the one that was deployed.
    """
    try:
        content = json.loads(data)
    except ValueError as error:
        raise DamagedDocument(path, f"is not JSON ({error})") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise DamagedDocument(path, f"is not a stored definition of format {FORMAT} but of {found!r}")
    try:
        _, expected, found = content["dag_id"], content["sha256"], revision_of(content["definition"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedDocument(path, f"is incomplete ({type(error).__name__}: {error})") from None
    if found != expected:
        raise DamagedDocument(path, "the definition was changed in the file after it was deployed (its sha256 differs)")
    return cast("StoredContent", content)
