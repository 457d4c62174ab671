"""Handler of the tag monitoring: health."""

from __future__ import annotations

from typing import Any

from openmetadata_airflow_apis import deploy
from openmetadata_airflow_apis.api import json_answers
from openmetadata_airflow_apis.api.current_settings import settings


def health() -> dict[str, Any]:
    """Answer the state of each part."""
    return json_answers.to_json(deploy.health(settings()))
