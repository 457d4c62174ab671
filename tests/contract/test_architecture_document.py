"""docs/architecture.md says what the code does: its rooms, and where it depends on what is Airflow 2's own."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]
PACKAGE = "openmetadata_airflow_apis"
SOURCE = CHECKOUT / "src" / PACKAGE
DOCUMENT = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
MODULES = {str(path.relative_to(SOURCE)): path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))}
ROOMS = sorted({name.split("/")[0].removesuffix(".py") for name in MODULES} - {"__init__"})

# What a DAG file's author imports, too; the rest of airflow.models is the database.
_AUTHORS = r"(baseoperator\.|mappedoperator\.|param\.|variable\.|dag\.(DAG|create_timetable)$|dagbag\.DagBag$)"

# A row of the document's table → which imports make a module belong there, and which words in its text.
AIRFLOW_2 = {
    "the rows and columns of its database": (
        rf"airflow\.models\b(?!\.{_AUTHORS})|airflow\.jobs\b|{PACKAGE}\.runs\.(run_rows|task_instance_rows)\b",
        None,
    ),
    "the classes that DAGs are made of": (
        rf"airflow\.models\.{_AUTHORS}|airflow\.(operators|decorators|timetables|datasets|serialization|utils\.task_group)\b",
        None,
    ),
    "its web application": (r"airflow\.(www|api_connexion)\b", None),
    "its users and permissions": (
        r"airflow\.(auth|security|providers\.fab|www\.extensions\.init_auth_manager)\b|flask_appbuilder\b",
        r"\bab_[a-z]+|\bappbuilder\b",
    ),
}


def imports(source: str) -> Iterator[str]:
    """Yield the dotted names that a module imports when it runs: what it imports for its hints alone is left out."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting += ast.iter_child_nodes(node)


def table_row(first_cell: str) -> str:
    """Return the row of the document whose first cell starts so."""
    return next((line for line in DOCUMENT.splitlines() if line.startswith(f"| {first_cell}")), "")


@pytest.mark.parametrize("thing", AIRFLOW_2)
def test_the_modules_that_touch_what_is_airflow_2s_own_are_listed(thing: str):
    """The table "Where a second implementation would stand" has each module that depends on Airflow 2, and no other.

    A module that is new in the list is one more place to write anew for Airflow 3: use one that is there, if you can.
    """
    imported, written = AIRFLOW_2[thing]
    touching = {
        name
        for name, source in MODULES.items()
        if any(re.match(imported, found) for found in imports(source)) or (written and re.search(written, source))
    }
    assert set(re.findall(r"`([\w/]+\.py)`", table_row(thing))) == touching


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_in_the_picture_and_in_a_layer(room: str):
    """Each folder and module of the package's top is drawn in the document and has its place in the layers."""
    picture = DOCUMENT.split("```mermaid")[1].split("```")[0]
    name = f"{room}/" if (SOURCE / room).is_dir() else f"{room}.py"
    assert re.search(rf"[\"\s]{re.escape(name)}", picture)
    layers = re.search(r"^layers = \[(.*?)^\]", (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"), re.S | re.M)[
        1
    ]
    assert re.search(rf"\b{PACKAGE}\.{room}\b", layers)


def test_each_function_of_airflow_versions_says_when_it_can_go():
    """A function says "Airflow < 2.9", say: it can go when 2.9 is the oldest Airflow that is supported."""
    silent = [
        f"{name}: {node.name}"
        for name, source in MODULES.items()
        if name.startswith("airflow_versions/")
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and not re.search(r"Airflow < \d+(\.\d+){0,2}\b", "\n".join(source.splitlines()[node.lineno : node.end_lineno]))
    ]
    assert silent == []


def test_the_files_that_the_document_names_exist():
    """A file or folder that the document names is there, in the checkout or in the package."""
    named = set(re.findall(r"`([a-z_]+/(?:[\w.-]+/)*(?:\w+\.[a-z0-9]+)?)`", DOCUMENT))
    assert "runs/skip_or_succeed.py" in named
    assert {name for name in named if not ((CHECKOUT / name).exists() or (SOURCE / name).exists())} == set()


def test_the_tests_that_tox_names_exist():
    """A path of tests in tox.ini is there: pytest would find nothing, and say so only to whoever runs that one."""
    named = set(re.findall(r"\btests/[\w./]+", (CHECKOUT / "tox.ini").read_text(encoding="utf-8")))
    assert "tests/unit" in named
    assert {name for name in named if not (CHECKOUT / name).exists()} == set()
