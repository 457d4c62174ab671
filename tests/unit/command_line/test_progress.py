"""Progress, where somebody looks: it never stands beside what is told."""

from __future__ import annotations

import os
import pty
import re
import sys
from contextlib import suppress

from managed_dags_cli import output


def test_what_is_told_takes_the_place_of_the_progress(monkeypatch):
    """On a terminal the line of the progress is erased before something is told, and does not come back."""
    terminal, end = pty.openpty()
    try:
        with os.fdopen(end, "w") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            with output.progress("planning crew") as changed:
                output.say("crew: nothing was deployed")
                changed("planning more")
        shown = _read_to_the_end(terminal)
    finally:
        os.close(terminal)
    assert re.search("planning crew.*\x1b\\[2K.*crew: nothing was deployed", shown, re.DOTALL)
    assert "planning" not in shown.partition("nothing was deployed")[2]


def _read_to_the_end(terminal: int) -> str:
    """Return all that was written to a terminal whose other end is closed; one read may give a part of it."""
    parts = []
    with suppress(OSError):  # what Linux answers at the end, where others answer nothing
        while part := os.read(terminal, 10_000):
            parts.append(part)
    return b"".join(parts).decode()
