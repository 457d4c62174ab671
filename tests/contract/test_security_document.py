"""docs/security.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openmetadata_airflow_apis.security import permissions, revocation

DOCUMENT = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("operation_id", permissions.PERMISSIONS)
def test_permission_table_has_every_operation(operation_id: str) -> None:
    """Every operation that needs a permission has its row in the table."""
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("|") and re.search(f"`{operation_id}`", line)]
    assert any("can " in row for row in rows)


def test_table_of_revoked_tokens() -> None:
    """The document's statement makes the table that the code uses."""
    from sqlalchemy import create_engine, inspect

    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for statement in re.search(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)[1].split(";")[:-1]:
            connection.exec_driver_sql(statement)
    made = inspect(engine)
    assert [column["name"] for column in made.get_columns(revocation.TABLE_NAME)] == ["identifier", "expires_at"]
    assert made.get_pk_constraint(revocation.TABLE_NAME)["constrained_columns"] == ["identifier"]
    assert [index["name"] for index in made.get_indexes(revocation.TABLE_NAME)] == [
        index.name for index in revocation._TABLE.indexes
    ]
