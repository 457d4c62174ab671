"""What hosted CI does: actions pinned by hash, few permissions, and only environments of tox that there are."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_trusts_nobody_more_than_it_must(path: Path) -> None:
    """Every action is pinned by its commit; a job has a time limit, and no permission that it does not name."""
    workflow = yaml.safe_load(path.read_text())
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []
    assert workflow["permissions"] == {}
    assert all("permissions" in job and "timeout-minutes" in job for job in workflow["jobs"].values())
    assert "${{" not in "".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])


def test_the_environments_of_the_matrix_are_those_of_tox() -> None:
    """The matrix names environments that tox.ini has."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    matrix = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["pythons-and-airflows"]
    named = [one["environment"] for one in matrix["strategy"]["matrix"]["include"]]
    there = {name.removeprefix("testenv:") for name in tox.sections()}
    assert [name for name in named if re.sub(r"^py3(10|11|12)$", "py3{10,11,12}", name) not in there] == []
