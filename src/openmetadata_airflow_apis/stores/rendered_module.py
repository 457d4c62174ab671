"""The Python file of a deployed DAG: rendered, marked, and sealed so that changes by hand are noticed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.stored_document import MARKER
from openmetadata_airflow_apis.stores import runner_template

if TYPE_CHECKING:
    from pathlib import Path


def render(template: Path, dag_id: str, record: Path) -> bytes:
    """Return the content of <dag_id>.py, which depends only on these three.

    Its first line is the marker of dagbuild.stored_document, its last one a seal: the sha256 of the lines before it.
    Raises ConfigurationError, with the cure, if an operator's template does not render a DAG file.
    """
    text = runner_template.rendered(template, dag_id, record)
    if not text.startswith(MARKER):
        text = f"{MARKER}\n{text}"
    if not text.endswith("\n"):
        text += "\n"
    return _sealed(text.encode(), dag_id)


def is_sealed(content: bytes, dag_id: str) -> bool:
    """Say whether a file was rendered for this dag_id, from any template, and not changed since."""
    above, newline, last_line = content.removesuffix(b"\n").rpartition(b"\n")
    return _sealed(above + newline, dag_id) == content if last_line else False


def sealed_dag_id(content: bytes) -> str | None:
    """Return the dag_id that a file was rendered for; None if it was changed since, or is another file."""
    seal = content.rstrip(b"\n").rpartition(b"\n")[2]
    dag_id = seal.removeprefix(b"# ").partition(b":")[0].decode(errors="replace")
    return dag_id if is_sealed(content, dag_id) else None


def _sealed(above: bytes, dag_id: str) -> bytes:
    return above + f"# {dag_id}: sha256 of the lines above {hashlib.sha256(above).hexdigest()}\n".encode()
