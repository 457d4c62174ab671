"""What the wheel is made of: the package, the plugin's reader of definitions, and the operations as JSON."""

from __future__ import annotations

import json
import runpy
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "managed_dags_cli"
# The plugin's code that the client has a copy of: what knows no Airflow and no HTTP.
COPY = f"{PACKAGE}/_plugin/openmetadata_airflow_apis"
COPIED = ("__init__.py", "errors.py", "resources.py", "definition")


class ClientBuild(BuildHookInterface):  # type: ignore[type-arg]
    """Takes the files from the checkout around this folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say which file goes where; an editable installation has the checkout itself."""
        if self.target_name != "wheel":
            raise ValueError("the client is built from a checkout, as a wheel: hatchling build --target wheel")
        if version == "editable":
            return
        checkout = Path(self.root).parent
        specification = checkout / "openapi" / "openapi.yaml"
        files = build_data["force_include"]
        files[str(checkout / "src" / PACKAGE)] = PACKAGE
        for name in COPIED:
            files[str(checkout / "src" / "openmetadata_airflow_apis" / name)] = f"{COPY}/{name}"
        files[str(specification)] = f"{COPY}/openapi/openapi.yaml"
        files[str(checkout / "LICENSE")] = f"{PACKAGE}/LICENSE"
        files[self._operations(checkout, specification)] = f"{PACKAGE}/operations.json"

    def _operations(self, checkout: Path, specification: Path) -> str:
        """Write what of the specification a call needs, which is read in a tenth of the time."""
        described = runpy.run_path(str(checkout / "src" / PACKAGE / "described_operations.py"))["described_operations"]
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "operations.json"
        path.write_text(json.dumps(described(yaml.safe_load(specification.read_text(encoding="utf-8")))))
        return str(path)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove what was written."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
