"""Node packages and a live Airflow for the generated clients."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.conftest import airflow_live, cluster  # noqa: F401 - pytest finds a fixture by its name
from support.generated_clients import run

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = [Path(__file__).with_name(name) for name in ("package.json", "package-lock.json")]


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Callable[..., str]:
    """Run a command of one of package.json's packages: node("tsc", "--version", cwd=folder)."""
    name = hashlib.sha256(b"".join(path.read_bytes() for path in PACKAGES)).hexdigest()[:16]
    folder = pytestconfig.cache.mkdir("node-packages") / name
    if not (folder / "node_modules" / ".bin").exists():
        folder.mkdir(exist_ok=True)
        for path in PACKAGES:
            shutil.copy(path, folder)
        run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)

    def call(command: str, *arguments: object, cwd: Path) -> str:
        modules = cwd / "node_modules"
        if not modules.exists():
            modules.symlink_to(folder / "node_modules")
        return run([folder / "node_modules" / ".bin" / command, *arguments], cwd=cwd)

    return call
