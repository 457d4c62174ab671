"""The table of older releases' operators fits what it was made of: tests/data/operator_paths_sources.json."""

from __future__ import annotations

import importlib
import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from openmetadata_airflow_apis.definition.moved_operators import TABLE, gone, meanings_of, package_of

CHECKOUT = Path(__file__).parents[2]
SOURCES = json.loads((CHECKOUT / "tests" / "data" / "operator_paths_sources.json").read_text(encoding="utf-8"))
SHIPPED = json.loads(TABLE.read_text(encoding="utf-8"))
# Each class of today, by its path: the package that it is in, and its version.
PRESENT = {path: tuple(name.split("==")) for name, paths in SOURCES["present"].items() for path in paths}
OLDER = SOURCES["older"]


def test_the_table_is_of_many_packages_and_releases():
    """The sources are all of Airflow: 1.10.15, 2.0 to 2.11, and their provider packages."""
    assert (SHIPPED["made_by"], SOURCES["made_by"]) == ("scripts/update_operator_paths",) * 2
    assert len(SOURCES["present"]) > 75
    assert len(PRESENT) > 1200
    assert len(OLDER) > 800
    assert "airflow.operators.postgres_operator.PostgresOperator" in OLDER


def test_the_page_says_what_the_table_says(monkeypatch):
    """docs/operator-paths.md is the table of the package."""
    monkeypatch.syspath_prepend(str(CHECKOUT / "scripts"))
    page = importlib.import_module("operator_paths.page").page(SHIPPED)
    assert (CHECKOUT / "docs" / "operator-paths.md").read_text(encoding="utf-8") == page


def test_every_older_path_is_in_the_table_once():
    """Each path that an older release had, and that isn't a class's place today, has moved, been replaced or gone."""
    kinds = [SHIPPED["moved"], SHIPPED["replaced"], SHIPPED["removed"]]
    assert sorted(path for kind in kinds for path in kind) == sorted(OLDER)
    assert set(OLDER).isdisjoint(PRESENT)


@pytest.mark.parametrize("kind", ["moved", "replaced", "removed"])
def test_what_is_said_of_an_older_path_is_about_classes_of_today(kind: str):
    """Each older path leads to a class of today, or says since which version of which package there is none."""
    packages = {*SHIPPED["packages"].values(), "apache-airflow"}
    for path in SHIPPED[kind]:
        last = meanings_of(path)[-1] if meanings_of(path)[-1].in_place_of else meanings_of(path)[0]
        left = gone(path)
        if left is None or last.in_place_of:
            assert last.path in PRESENT, path
        if left is not None:
            assert left.package in packages, path
            assert re.fullmatch(r"\d+\.\d+\.\d+", left.since), path
        if left is not None and not last.in_place_of:
            assert left.path in SHIPPED["removed"]
            named = re.findall(r"airflow\.providers\.[\w.]*\.[A-Z]\w+", left.advice)
            assert [name for name in named if name not in PRESENT] == [], path


def test_arguments_are_made_of_something():
    """Each argument of a class that took another's place is a parameter, keys of parameters, or a fixed value."""
    for path, entry in SHIPPED["replaced"].items():
        assert entry["arguments"], path
        for source in entry["arguments"].values():
            assert len({"parameter", "keys", "value"} & set(source)) == 1, path
    assert set(SHIPPED["arguments"]) <= set(PRESENT)


def test_sql_operators_that_are_gone_are_queries():
    """Every SQL operator that has left its package means SQLExecuteQueryOperator, with the connection it had."""
    query = "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator"
    connections = {
        path.rpartition(".")[2]: entry["arguments"]["conn_id"]["parameter"]
        for path, entry in SHIPPED["replaced"].items()
        if entry["path"] == query
    }
    assert connections == {
        "DrillOperator": "drill_conn_id",
        "JdbcOperator": "jdbc_conn_id",
        "MsSqlOperator": "mssql_conn_id",
        "MySqlOperator": "mysql_conn_id",
        "OracleOperator": "oracle_conn_id",
        "PostgresOperator": "postgres_conn_id",
        "RedshiftSQLOperator": "redshift_conn_id",
        "SnowflakeOperator": "snowflake_conn_id",
        "SqliteOperator": "sqlite_conn_id",
        "TrinoOperator": "trino_conn_id",
        "VerticaOperator": "vertica_conn_id",
    }
    older = [path for path in OLDER if path.rpartition(".")[2] in connections]
    assert {meanings_of(path)[-1].path for path in older} == {query}


def test_every_class_is_found_in_its_package():
    """The package of each class below airflow.providers is told by its path."""
    for path, (package, _) in PRESENT.items():
        assert package_of(path) == (None if package == "apache-airflow" else package), path


def test_the_standard_package_has_its_classes_in_airflow_2():
    """Each operator of Airflow 3's package `standard` that Airflow 2 has too leads there."""
    assert len(SHIPPED["standard"]) > 20
    for path, here in SHIPPED["standard"].items():
        assert (PRESENT[path][0], PRESENT[here][0]) == ("apache-airflow-providers-standard", "apache-airflow")
        assert path.rpartition(".")[2] == here.rpartition(".")[2]


def test_classes_of_today_are_what_is_installed():
    """What the table says of the classes of today is true of the packages that are installed here."""
    installed = {name: version for name, version in SOURCES_VERSIONS.items() if _version(name) == version}
    paths = [path for path, (package, _) in PRESENT.items() if package in installed]
    missing = [path for path in paths if not hasattr(importlib.import_module(path.rpartition(".")[0]), _name(path))]
    assert missing == []
    assert ("apache-airflow" in installed) == (_version("apache-airflow") == "2.11.2")
    assert len(paths) >= (30 if "apache-airflow" in installed else 0)


SOURCES_VERSIONS = dict(PRESENT.values())


def _name(path: str) -> str:
    return path.rpartition(".")[2]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
