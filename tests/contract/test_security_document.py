"""docs/security.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.security import login_limits, operation_permissions, revocation
from openmetadata_airflow_apis.stores import idempotency_keys, version_rows

DOCUMENT = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("operation_id", operation_permissions.PERMISSIONS)
def test_permission_table_has_every_operation(operation_id: str) -> None:
    """Every operation that needs a permission has its row in the table."""
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("|") and re.search(f"`{operation_id}`", line)]
    assert any("can " in row for row in rows)


OURS = [revocation.TABLE, login_limits.TABLE, own_tables.SCHEMA, version_rows.TABLE, idempotency_keys.TABLE]


@pytest.mark.parametrize("table", OURS, ids=str)
def test_statements_that_make_our_tables(table) -> None:
    """The document's statements make the tables that the code uses."""
    from sqlalchemy import create_engine, inspect

    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for statement in re.search(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)[1].split(";")[:-1]:
            connection.exec_driver_sql(statement)
    made = inspect(engine)
    assert [(column["name"], column["nullable"]) for column in made.get_columns(table.name)] == [
        (column.name, column.nullable or (column.primary_key and len(table.primary_key) == 1))
        for column in table.columns
    ]
    assert made.get_pk_constraint(table.name)["constrained_columns"] == [column.name for column in table.primary_key]
    assert [index["name"] for index in made.get_indexes(table.name)] == [index.name for index in table.indexes]
