#!/usr/bin/env python3
"""Writes the key reference in docs/definition.md from the schema in openapi/openapi.yaml.

scripts/definition_reference.py           rewrite it
scripts/definition_reference.py --check   exit 1 if it is out of date
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from openmetadata_airflow_apis.definition.workflow_schema import properties, schemas

PAGE = Path(__file__).resolve().parent.parent / "docs" / "definition.md"
BEGIN = "<!-- The rest is made by scripts/definition_reference.py from openapi/openapi.yaml: edit it there. -->"

TITLES = {
    "Workflow": "The workflow: `workflow`",
    "WorkflowDag": "The DAG: `workflow.dag_config.NAME`",
    "WorkflowDefaultArgs": "Arguments for every task: `default_args`",
    "WorkflowTask": "A task: `tasks.TASK_ID`",
    "WorkflowTaskGroup": "A task group: `task_groups.GROUP_NAME`",
    "FlatWorkflow": "The flat body of the 0.1 releases",
    "FlatWorkflowTask": "A task of the flat body: `tasks[…]`",
}
TYPES = {"array": "list", "boolean": "true/false", "integer": "whole number", "object": "map", "string": "text"}


def reference() -> str:
    """Return the reference, in Markdown."""
    parts = [BEGIN, "", "## Reference", ""]
    default_args = set(properties("WorkflowDefaultArgs"))
    for name, title in TITLES.items():
        parts += [f"### {title}", "", " ".join(schemas()[name]["description"].split()), ""]
        keys = dict(properties(name))
        if name == "WorkflowTask":
            parts += ["It takes every key of `default_args` as well, for itself alone.", ""]
            keys = {key: of_key for key, of_key in keys.items() if key not in default_args}
        parts += [
            "| key | type | unit | default | Airflow's name | example | what it says |",
            "|---|---|---|---|---|---|---|",
        ]
        required = schemas()[name].get("required", [])
        parts += [_row(key, of_key, required=key in required) for key, of_key in keys.items()]
        parts.append("")
    return "\n".join(parts)


def _row(key: str, of_key: dict[str, Any], *, required: bool) -> str:
    types = of_key.get("x-types") or [of_key["type"]]
    type_text = " or ".join(TYPES.get(name, name) for name in types) + (" or null" if of_key.get("nullable") else "")
    if "enum" in of_key:
        type_text = " or ".join(f"`{value}`" for value in of_key["enum"])
    airflow = of_key.get("x-airflow-name", key)
    cells = [
        f"`{key}`",
        type_text,
        of_key.get("x-unit", ""),
        "required" if required else _default(of_key),
        f"`{airflow}`" if airflow.replace("_", "").isalnum() else airflow,
        f"`{json.dumps(of_key['example'], ensure_ascii=False)}`" if "example" in of_key else "see below",
        " ".join(of_key["description"].split()),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(of_key: dict[str, Any]) -> str:
    if "x-default" not in of_key:
        return ""
    default = of_key["x-default"]
    return default if isinstance(default, str) else f"`{json.dumps(default)}`"


def page(text: str) -> str:
    """Return the page with its reference as it should be."""
    return text.partition(BEGIN)[0] + reference()


def main() -> int | str:
    """Rewrite the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text)
    if check:
        return f"{PAGE} is out of date; run scripts/definition_reference.py" if text != wanted else 0
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
