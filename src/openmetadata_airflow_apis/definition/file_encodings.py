"""The text of a file's bytes; what is no text has its place in the file."""

from __future__ import annotations

import json

from openmetadata_airflow_apis.errors import Fault, InvalidDefinition


def decoded(content: str | bytes) -> str:
    """Return the text of a content in UTF-8, or in UTF-16 or UTF-32 as JSON and YAML tell them apart.

    Raises InvalidDefinition with the line and column of the first byte that is none of a text.
    """
    if isinstance(content, str):
        return content
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as error:
        lines = error.object[: error.start].decode(error.encoding, "replace").split("\n")
        encoding, byte = error.encoding.upper(), error.object[error.start]
        detail = f"is not in {encoding}: the byte 0x{byte:02x} here is no character; save it as UTF-8"
        raise InvalidDefinition([Fault("", detail, len(lines), len(lines[-1]) + 1)]) from None
