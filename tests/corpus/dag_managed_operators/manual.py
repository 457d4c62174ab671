"""Documentation of DAGs."""

from __future__ import annotations


def describe(team="data", tables=()):
    return f"# What {team} loads\n\n" + "\n".join(f"- {table}" for table in tables)
