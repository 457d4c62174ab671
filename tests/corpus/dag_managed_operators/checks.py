"""What sensors and operators ask of a result."""

from __future__ import annotations


def has_rows(cell):
    return cell is not None and cell > 0


def is_broken(cell):
    return cell == -1


def is_healthy(response):
    return response.ok


def only_body(response):
    return response.json()["body"]
