"""What hosted CI and scripts/matrix do: actions pinned by hash, few permissions, environments that tox has."""

from __future__ import annotations

import configparser
import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
MATRIX_TABLE = re.compile(r"(?s)<!-- Made by scripts/matrix.*?<!-- The end")
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
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]
    named = [one["environment"] for one in jobs["pythons-and-airflows"]["strategy"]["matrix"]["include"]]
    assert [name for name in named if name not in environments()] == []


def test_the_environments_of_the_table_are_those_of_tox() -> None:
    """What scripts/matrix runs is in tox.ini, and the table in docs/architecture.md has no other rows."""
    rows = re.findall(
        r"^\| (\w+) \|", MATRIX_TABLE.search((ROOT / "docs/architecture.md").read_text())[0], re.MULTILINE
    )
    assert [name for name in rows if name != "environment" and name not in matrix().ENVIRONMENTS] == []
    assert [name for name in matrix().ENVIRONMENTS if name not in environments()] == []


def test_a_result_replaces_the_row_of_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row stands in the order of the environments, in the place of the one that was there; all else stays."""
    script = matrix()
    document = tmp_path / "document.md"
    monkeypatch.setattr(script, "DOCUMENT", document)
    document.write_text(f"before\n\n{script.BEGIN}{script.END}\nafter\n")
    cells = ("3.11.7", "SQLite", "core", "5,886", "0", "9", "0123456789", "2026-11-28")
    for name, airflow in (("py312", "2.11.2"), ("airflow27", "2.7.2"), ("airflow27", "2.7.3")):
        script.write((name, airflow, *cells))
    rest = " | ".join(cells)
    assert document.read_text() == (
        f"before\n\n{script.BEGIN}\n"
        "| environment | Airflow | Python | database | tests | passed | failed | left out | commit | on |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        f"| airflow27 | 2.7.3 | {rest} |\n"
        f"| py312 | 2.11.2 | {rest} |\n"
        f"\n{script.END}\nafter\n"
    )


def environments() -> set[str]:
    """Return the names of tox' environments."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    names = set()
    for section in tox.sections():
        before, choices, after = re.fullmatch(r"([^{]*)(?:\{(.*)\})?(.*)", section.removeprefix("testenv:")).groups()
        names |= {f"{before}{choice}{after}" for choice in (choices or "").split(",")}
    return names


def matrix() -> ModuleType:
    """Return scripts/matrix as a module."""
    loader = SourceFileLoader("matrix_script", str(ROOT / "scripts/matrix"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
