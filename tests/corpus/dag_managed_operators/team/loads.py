from __future__ import annotations


def load_customers(day: str = "today"):
    print(day)
