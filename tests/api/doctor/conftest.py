"""Installations for doctor to look at."""

from __future__ import annotations

import pytest

from support.doctor import OPTION


@pytest.fixture
def healthy(monkeypatch):
    """A scheduler that runs, which these tests have not."""
    health = {"scheduler": {"status": "healthy"}}
    monkeypatch.setattr("airflow.api.common.airflow_health.get_airflow_health", lambda: health)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The three folders, all well."""
    for name in ("dags", "configs", "operators"):
        (tmp_path / name).mkdir(mode=0o750)
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(tmp_path / "dags"))
    monkeypatch.setenv(f"{OPTION}DAG_GENERATED_CONFIGS", str(tmp_path / "configs"))
    monkeypatch.setenv(f"{OPTION}DAG_MANAGED_OPERATORS", str(tmp_path / "operators"))
    return tmp_path
