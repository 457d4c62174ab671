"""Catalogues a SQLite database: which tables and columns it has, and what is in them.

Each function is one task of examples/nightly_catalogue.json; what it returns is handed to the next one.
Relative paths are below AIRFLOW_HOME.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def make_sample_database(database: str) -> str:
    """Make a small shop's database where there is none yet, so that the example has something to catalogue."""
    path = _path(database)
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SHOP)
    return str(path)


def extract_tables(database: str) -> list[dict[str, Any]]:
    """Return the database's tables with their columns, in the order of their names."""
    with closing(_connect(database)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            )
        ]
        tables = []
        for name in names:
            columns = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", [name])
            tables.append(
                {
                    "name": name,
                    "columns": [
                        {"name": column, "type": kind, "primary_key": bool(key)} for column, kind, key in columns
                    ],
                }
            )
    print(f"Found {len(tables)} tables in {database}: {', '.join(names)}")
    return tables


def profile_columns(database: str, tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tables with their number of rows and, for each column, nulls, distinct values and range."""
    with closing(_connect(database)) as connection:
        for table in tables:
            source = _quoted(table["name"])
            (table["rows"],) = connection.execute(f"SELECT count(*) FROM {source}").fetchone()  # noqa: S608 - quoted
            for column in table["columns"]:
                name = _quoted(column["name"])
                values, column["distinct"], column["min"], column["max"] = connection.execute(
                    f"SELECT count({name}), count(DISTINCT {name}), min({name}), max({name}) FROM {source}"  # noqa: S608 - quoted
                ).fetchone()
                column["nulls"] = table["rows"] - values
            print(f"Profiled {table['name']}: {table['rows']} rows, {len(table['columns'])} columns")
    return tables


def write_catalogue(database: str, tables: list[dict[str, Any]], catalogue: str, day: str) -> str:
    """Write the catalogue as JSON, all of it or nothing, and return the file's path."""
    path = _path(catalogue)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"database": database, "day": day, "tables": tables}, indent=2) + "\n")
    beside.replace(path)
    print(f"Wrote {path}")
    return str(path)


def _path(relative: str) -> Path:
    from airflow.configuration import AIRFLOW_HOME

    return Path(AIRFLOW_HOME, relative)


def _connect(database: str) -> sqlite3.Connection:
    # Read-only: a catalogue changes nothing, and a wrong path is an error instead of an empty database.
    return sqlite3.connect(f"{_path(database).as_uri()}?mode=ro", uri=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_SHOP = """
CREATE TABLE IF NOT EXISTS customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, joined DATE);
CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price NUMERIC NOT NULL);
CREATE TABLE IF NOT EXISTS purchase (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer,
    product_id INTEGER NOT NULL REFERENCES product,
    bought TIMESTAMP NOT NULL,
    amount INTEGER NOT NULL
);
INSERT OR IGNORE INTO customer VALUES
    (1, 'Ada', 'London', '2023-02-11'), (2, 'Blaise', 'Paris', '2023-06-19'), (3, 'Grace', NULL, '2024-01-09');
INSERT OR IGNORE INTO product VALUES (1, 'Abacus', 19.5), (2, 'Slide rule', 42), (3, 'Punch card', 0.02);
INSERT OR IGNORE INTO purchase VALUES
    (1, 1, 2, '2024-03-01T10:00:00', 1), (2, 2, 1, '2024-03-02T11:30:00', 3),
    (3, 3, 3, '2024-03-04T09:15:00', 5000), (4, 1, 3, '2024-03-04T16:45:00', 250);
"""
