"""Paths that were right on one machine: what to write instead."""

from __future__ import annotations

import pytest

from openmetadata_airflow_apis.definition.managed_paths import fault_of_path, name_of_copy

ABSOLUTE = "is an absolute path"
VARIABLE = "has a variable of the environment in it, and none is read"
OUTSIDE = "leaves dag_managed_operators"


@pytest.mark.parametrize(
    ("path", "reason", "name"),
    [
        ("/usr/local/airflow/dags/x.py", ABSOLUTE, "x.py"),
        ("$AIRFLOW_HOME/dags/x.py", VARIABLE, "x.py"),
        ("${DAGS}/team/x.py", VARIABLE, "x.py"),
        ("{{ dags }}/$x.py", VARIABLE, "_x.py"),
        ("~/dags/x.py", ABSOLUTE, "x.py"),
        ("C:\\dags\\x.py", ABSOLUTE, "x.py"),
        ("\\\\share\\x.py", ABSOLUTE, "x.py"),
        ("../x.py", OUTSIDE, "x.py"),
        ("team/../../x.py", OUTSIDE, "x.py"),
        ("/dags/my-callables.v2.py", ABSOLUTE, "my_callables_v2.py"),
        ("/dags/2nd.py", ABSOLUTE, "file_2nd.py"),
        ("/dags/class.py", ABSOLUTE, "file_class.py"),
        ("/dags/.py", ABSOLUTE, "callables.py"),
        ("/docs/shop.md", ABSOLUTE, "shop.md"),
        ("/dags/sql", ABSOLUTE, "sql"),
        ("/dags/sql/", ABSOLUTE, "sql"),
        ("/", ABSOLUTE, "files"),
        ("..", OUTSIDE, "files"),
    ],
)
def test_a_path_that_leads_elsewhere(path: str, reason: str, name: str) -> None:
    """The fault says why it is none below dag_managed_operators, and the name that a copy there has."""
    assert fault_of_path(path) == f"'{path}' {reason}: copy {path} into dag_managed_operators and write {name}"
    assert fault_of_path(name_of_copy(path)) is None


@pytest.mark.parametrize("path", ["x.py", "team/x.py", "docs/shop.md", "sql"])
def test_a_path_below_the_folder(path: str) -> None:
    """A relative path is none at fault."""
    assert fault_of_path(path) is None
