"""Each package's docstring is a map of it: its modules by name, each with a line that says what is decided there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PLUGIN = SOURCE / "openmetadata_airflow_apis"
PACKAGES = sorted(path.parent for path in SOURCE.rglob("__init__.py"))

_LINE = re.compile(r"^ *(\w+(?:\.py|/)) {2,}\S", re.MULTILINE)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.relative_to(SOURCE)))
def test_each_module_is_in_its_packages_map(package: Path):
    """The map names each module and each folder within, once, and nothing that isn't there."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8")), clean=False) or ""
    modules = [path.name for path in package.glob("*.py") if not path.name.startswith("__")]
    folders = [f"{path.name}/" for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert sorted(_LINE.findall(docstring)) == sorted([*modules, *folders])


def test_each_script_of_the_page_is_in_the_consoles_map():
    """The console's docstring names each of the page's scripts, and none that isn't there."""
    docstring = ast.get_docstring(ast.parse((PLUGIN / "console/__init__.py").read_text("utf-8"))) or ""
    scripts = {path.name for path in (PLUGIN / "console/static").glob("*.js")}
    assert set(re.findall(r"\b\w+\.js\b", docstring)) == scripts


def test_one_word_finds_a_module():
    """No two modules of the plugin have the same name: a module is found without its folder."""
    names = Counter(path.name for path in PLUGIN.rglob("*.py") if not path.name.startswith("__"))
    assert [name for name, number in names.items() if number > 1] == []
