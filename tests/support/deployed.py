"""Writes a definition to disk as a deploy does, without a deploy: the stored document and the rendered file."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from jinja2 import Template

from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument, encode
from openmetadata_airflow_apis.resources import dag_runner_template_path

if TYPE_CHECKING:
    from pathlib import Path


def write_deployed(definition: dict[str, Any], folder: Path) -> Path:
    """Write <dag_id>.json and <dag_id>.py below a folder; return the path of the .py."""
    dag_id = definition["dag_id"]
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    (folder / "dags").mkdir(exist_ok=True)
    config = folder / "configs" / f"{dag_id}.json"
    now = datetime(2026, 11, 22, tzinfo=timezone.utc)
    config.write_bytes(encode(StoredDocument(dag_id, definition, {}, "ann", now)))
    template = Template(dag_runner_template_path().read_text(), keep_trailing_newline=True)
    path = folder / "dags" / f"{dag_id}.py"
    path.write_text(template.render(dag_id=repr(dag_id), workflow_config_file=repr(str(config))))
    return path
