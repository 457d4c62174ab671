"""The Python file that a deployed DAG becomes: rendered, checked, and sealed so that it can be recognised."""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import jinja2

from openmetadata_airflow_apis.dagbuild.stored_document import MARKER
from openmetadata_airflow_apis.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # nosec B701 # noqa: S701 - it renders Python, and only literals that come from ascii()
    keep_trailing_newline=True,
)


@lru_cache(maxsize=4)
def _compiled(source: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(source)


def render(template: Path, dag_id: str, record: Path) -> bytes:
    """Return the content of <dag_id>.py, which depends on these three alone.

    Its first line is dagbuild.stored_document.MARKER, its last one a seal: the sha256 of the lines before it.
    Raises ConfigurationError where an operator's template is missing or does not become Python.
    """
    try:
        text = _compiled(template.read_text("utf-8")).render(
            dag_id=ascii(dag_id), workflow_config_file=ascii(str(record))
        )
        ast.parse(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"dag_runner_template {template} cannot be read: {error}") from None
    except (jinja2.TemplateError, SyntaxError, ValueError) as error:
        raise ConfigurationError(f"dag_runner_template {template} does not render to Python: {error}") from None
    if not text.startswith(MARKER):
        text = f"{MARKER}\n{text}"
    if not text.endswith("\n"):
        text += "\n"
    return _sealed(text.encode(), dag_id)


def is_sealed(content: bytes, dag_id: str) -> bool:
    """Say whether a file was rendered for this dag_id, by whatever template, and not changed since."""
    above, newline, last = content.removesuffix(b"\n").rpartition(b"\n")
    return _sealed(above + newline, dag_id) == content if last else False


def _sealed(above: bytes, dag_id: str) -> bytes:
    return above + f"# {dag_id}: sha256 of the lines above {hashlib.sha256(above).hexdigest()}\n".encode()
