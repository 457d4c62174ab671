"""Ctrl-C in a command that waits: a real signal, to a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from support.canned_answers import NEVER, json_answer, serving

if TYPE_CHECKING:
    from pathlib import Path

# A process that is started in the background ignores the signal; one in a terminal does not.
PROGRAM = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from managed_dags_cli.main import run
sys.exit(run(sys.argv[1:]))
"""
RUN = {"dag_id": "x", "run_id": "r", "state": "running", "task_instances": []}
DEPLOYED = {"dag_id": "first", "state": "parsed", "created": True, "changed": True, "dry_run": False}
PLANNED = {"created": [{"dag_id": "x"}], "changed": [], "unchanged": [], "deleted": [], "dry_run": True}
WATCH = "the run 'r' goes on on the server; `managed-dags state x r --follow` watches it"
LOOK = "what was asked for may be done: `managed-dags state x r` shows it"


@pytest.mark.parametrize(
    ("words", "before", "goes_on"),
    [
        (["trigger", "x", "--wait"], [RUN], WATCH),
        (["run-tasks", "x", "a", "--wait"], [RUN], WATCH),
        (["restart", "x", "r", "--wait"], [RUN], WATCH),
        (["state", "x", "r", "--follow"], [], WATCH),
        (["logs", "x", "r", "a", "--follow"], [], "the task goes on, if it had not ended"),
        (["kill", "x", "r", "--wait"], [], LOOK),
        (["skip", "x", "r", "a", "--wait"], [], LOOK),
        (["succeed", "x", "r", "a", "--wait"], [], LOOK),
        (
            ["deploy", "FOLDER/first.json", "FOLDER/x.json", "--wait"],
            [DEPLOYED],
            "x may be deployed: `managed-dags get x` shows it; before it were: first",
        ),
        (
            ["apply", "FOLDER", "--name", "team", "--yes", "--wait"],
            [PLANNED],
            "the bundle team may be applied, or some of it: `managed-dags apply … --dry-run` shows what is left",
        ),
        (
            ["restore", "x", "1", "--yes", "--wait"],
            [{"dag_id": "x"}, {"dag_id": "x", "changes": {}}],
            "version 1 of x may be deployed: `managed-dags get x` shows it",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) and value and isinstance(value[0], str) else "",
)
def test_a_command_that_waits_is_stopped(words: list[str], before: list[dict], goes_on: str, tmp_path: Path):
    """The end is 130 and one line, which says what goes on on the server, or may have been done there."""
    for name in ("first", "x"):
        request = {"workflow": {"name": name, "dag_config": {name: {"tasks": {}}}}}
        (tmp_path / f"{name}.json").write_text(json.dumps(request))
    with serving(*map(json_answer, before), NEVER) as (url, seen):
        arguments = [word.replace("FOLDER", str(tmp_path)) for word in words]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments, "--url", url, "--token", "x"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while len(seen) <= len(before) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1].splitlines()
    assert (process.returncode, told[-1:]) == (130, [f"stopped; {goes_on}"]), told
    assert "Traceback" not in "".join(told)
