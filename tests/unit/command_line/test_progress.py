"""Progress, where somebody looks: it never stands beside what is told."""

from __future__ import annotations

import os
import pty
import re
import sys

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
        shown = os.read(terminal, 10_000).decode()
    finally:
        os.close(terminal)
    assert re.search("planning crew.*\x1b\\[2K.*crew: nothing was deployed", shown, re.DOTALL)
    assert "planning" not in shown.partition("nothing was deployed")[2]
