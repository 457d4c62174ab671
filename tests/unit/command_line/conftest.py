"""The client's package from the checkout: only its wheel, which other tests build, is ever installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Behind what is installed, so that the plugin that is tested is the one of the wheel.
sys.path.append(str(Path(__file__).parents[3] / "src"))


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder of the test's own, and no variable of the developer's."""
    for name in [name for name in os.environ if name.startswith("MANAGED_DAGS_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "configuration"
    monkeypatch.setenv("MANAGED_DAGS_CONFIG", str(folder))
    return folder
