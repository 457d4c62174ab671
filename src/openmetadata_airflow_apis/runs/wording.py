"""How numbers, times and long texts are written in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def counted(number: float, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not one."""
    return f"{number:g} {noun if number == 1 else f'{noun}s'}"


def age(seconds: float) -> str:
    """Return a time in its largest whole unit."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return counted(seconds // length, unit)
    return counted(int(seconds), "second")


def moment(date: datetime) -> str:
    """Return a moment to the second."""
    return f"{date:%Y-%m-%d %H:%M:%S} UTC"


def last_heard(heartbeat: datetime | None) -> str:
    """Say when the last of some processes was heard of."""
    return f"the last heartbeat came at {moment(heartbeat)}" if heartbeat else "there never was a heartbeat"


def shortened(text: str, characters: int) -> str:
    """Return a text, cut where it has more characters than so many."""
    return text if len(text) <= characters else text[: characters - 1] + "…"
