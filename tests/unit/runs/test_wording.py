"""How numbers are written in sentences."""

from __future__ import annotations

import pytest

from openmetadata_airflow_apis.runs.wording import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 slots"),
        (1, "1 slot"),
        (1.0, "1 slot"),
        (0.1, "0.1 slots"),
        (2.5, "2.5 slots"),
        (1234567, "1234567 slots"),
    ],
)
def test_a_number_has_its_noun(number: float, words: str) -> None:
    """A number is written with all of its digits, and with its noun in the plural unless it is 1."""
    assert counted(number, "slot") == words
