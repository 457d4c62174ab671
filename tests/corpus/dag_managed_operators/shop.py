"""What the corpus's tasks call."""

from __future__ import annotations


def extract():
    return ["orders", "customers"]


def load(table="orders", rows=100, **context):
    """Load a table."""
    print(table, rows)


def print_day(ds, **context):
    print(ds)


def numbers():
    return [1, 2, 3]


def add(x, y=0):
    """Add two numbers."""
    return x + y


def total(values):
    return sum(values)


def pick():
    return {"first": "one", "second": "two"}


def show(value, label="value"):
    print(label, value)


def use(*args, **kwargs):
    print(args, kwargs)


def choose(**context):
    return "weekday"


def is_working_day():
    return True


def poke():
    return True


def command():
    return "echo from a function"
