"""How numbers, times and long texts are written in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def counted(number: float, noun: str) -> str:
    """Return a number with its noun, in the plural unless the number is 1."""
    digits = f"{number:.15g}"  # a whole number as it is, 0.1 as 0.1
    return f"{digits} {noun if number == 1 else f'{noun}s'}"


def age(seconds: float) -> str:
    """Return a duration in its largest unit that it has two of at least: days, hours, minutes, or else seconds."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return counted(seconds // length, unit)
    return counted(int(seconds), "second")


def moment(date: datetime) -> str:
    """Return a moment to the second."""
    return f"{date:%Y-%m-%d %H:%M:%S} UTC"


def last_heard(heartbeat: datetime | None) -> str:
    """Return a clause that says when some processes were last heard of."""
    return f"the last heartbeat came at {moment(heartbeat)}" if heartbeat else "there never was a heartbeat"


def shortened(text: str, characters: int) -> str:
    """Return a text, cut to at most so many characters."""
    return text if len(text) <= characters else text[: characters - 1] + "…"
