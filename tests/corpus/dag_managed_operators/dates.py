"""Logical dates, macros and filters."""

from __future__ import annotations

from datetime import timedelta


def day_before(logical_date):
    return logical_date - timedelta(days=1)


def add_days(ds, days):
    return f"{ds} + {days}"


def shout(text):
    return text.upper()
