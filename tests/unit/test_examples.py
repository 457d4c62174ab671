"""The examples' callables do what their documentation says, outside Airflow too."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CALLABLES = Path(__file__).parents[2] / "examples/dag_managed_operators"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", CALLABLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def catalogue(home: Path) -> ModuleType:
    return load("sqlite_catalogue")


def installed(monkeypatch: pytest.MonkeyPatch, module: str, **names: Any) -> None:
    """Make module, and the packages above it, importable with these names."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        path = ".".join(parts[:length])
        monkeypatch.setitem(sys.modules, path, ModuleType(path))
        sys.modules[path].__path__ = []
    for name, value in names.items():
        setattr(sys.modules[module], name, value)


class Workflow:
    """Stands for OpenMetadata's workflow: remembers what was asked of it, in order."""

    calls: list[Any]
    failure: Exception | None = None

    @classmethod
    def create(cls, config: dict[str, Any]) -> Workflow:
        cls.calls = [config]
        return cls()

    def execute(self) -> None:
        self.calls.append("execute")

    def raise_from_status(self) -> None:
        self.calls.append("raise_from_status")
        if self.failure:
            raise self.failure

    def print_status(self) -> None:
        self.calls.append("print_status")

    def stop(self) -> None:
        self.calls.append("stop")


def test_ingestion_without_the_package_says_what_to_install():
    """Without openmetadata-ingestion the task fails with the command that installs it."""
    with pytest.raises(RuntimeError, match=r'pip install "openmetadata-ingestion\[mysql\]==') as caught:
        load("metadata_ingestion").metadata_ingestion_workflow({})
    assert str(caught.value).startswith("openmetadata-ingestion is not installed on this worker.")


@pytest.mark.parametrize(
    ("module", "name"),
    [("metadata.workflow.metadata", "MetadataWorkflow"), ("metadata.ingestion.api.workflow", "Workflow")],
)
def test_ingestion_runs_the_workflow_of_either_release(monkeypatch, module: str, name: str):
    """The workflow is created from the configuration, executed, judged, reported and stopped."""
    installed(monkeypatch, module, **{name: Workflow})
    load("metadata_ingestion").metadata_ingestion_workflow({"source": {"type": "metadata"}})
    assert Workflow.calls == [
        {"source": {"type": "metadata"}},
        "execute",
        "raise_from_status",
        "print_status",
        "stop",
    ]


def test_ingestion_that_failed_fails_the_task(monkeypatch):
    """A failure that the workflow reports is the task's, and the workflow is stopped all the same."""
    installed(monkeypatch, "metadata.workflow.metadata", MetadataWorkflow=Workflow)
    monkeypatch.setattr(Workflow, "failure", ValueError("3 tables failed"))
    with pytest.raises(ValueError, match="3 tables failed"):
        load("metadata_ingestion").metadata_ingestion_workflow({})
    assert Workflow.calls[-1] == "stop"


def test_catalogue_profiles_nulls_values_and_odd_names(catalogue: ModuleType, home: Path):
    """Tables and columns of any name are profiled: rows, nulls, distinct values, smallest and largest."""
    with closing(sqlite3.connect(home / "odd.db")) as connection, connection:
        connection.execute('CREATE TABLE "a ""b" ("x y" INTEGER PRIMARY KEY, t TEXT)')
        connection.executemany('INSERT INTO "a ""b" VALUES (?, ?)', [(1, "z"), (2, None), (3, "z")])
    tables = catalogue.profile_columns("odd.db", catalogue.extract_tables("odd.db"))
    assert tables == [
        {
            "name": 'a "b',
            "columns": [
                {"name": "x y", "type": "INTEGER", "primary_key": True, "distinct": 3, "min": 1, "max": 3, "nulls": 0},
                {"name": "t", "type": "TEXT", "primary_key": False, "distinct": 1, "min": "z", "max": "z", "nulls": 1},
            ],
            "rows": 3,
        }
    ]  # fmt: skip


def test_catalogue_is_written_below_airflow_home(catalogue: ModuleType, home: Path):
    """The catalogue is one JSON file, and writing it again replaces it."""
    for day in ("2024-01-01", "2024-01-02"):
        path = catalogue.write_catalogue("shop.db", [], "out/catalogue.json", day)
    assert path == str(home / "out/catalogue.json")
    assert json.loads(Path(path).read_text()) == {"database": "shop.db", "day": "2024-01-02", "tables": []}


def test_sample_database_is_made_once(catalogue: ModuleType, home: Path):
    """Making the sample again changes nothing, and what somebody added stays."""
    path = catalogue.make_sample_database("sample/shop.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE product SET price = 20 WHERE id = 1")
    catalogue.make_sample_database("sample/shop.db")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, price FROM product").fetchall() == [(1, 20), (2, 42), (3, 0.02)]


def test_missing_database_is_an_error(catalogue: ModuleType):
    """Cataloguing a database that is not there fails, and makes none."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        catalogue.extract_tables("nowhere.db")
