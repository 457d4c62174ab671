"""The machines of the large installation leave nothing behind, however the process that made them ends."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAKE_A_MACHINE = """
import json, os, signal
from pathlib import Path
from support.machines import Network

with Network() as network:
    machine = network.add("alone", disk=network.folder / "disk", shared={})
    machine.start(["sleep", "86399"], env=os.environ, log=network.folder / "log")
    while not (asleep := machine.processes("sleep 86399")):
        pass
    names = [os.readlink(f"/proc/{asleep[0].pid}/ns/{kind}") for kind in ("net", "mnt", "pid", "uts")]
    print(json.dumps([names, network._here, str(network.folder)]), flush=True)
    ENDING
"""
ENDINGS = {
    "in good order": "pass",
    "an exception": "raise RuntimeError",
    "Ctrl-C": "signal.raise_signal(signal.SIGINT)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
}


def namespaces() -> set[str]:
    """Return the namespaces that any process of this machine is in."""
    names = set()
    for path in Path("/proc").glob("[0-9]*/ns/*"):
        with contextlib.suppress(OSError):  # one that has ended meanwhile, or the sandbox's that this runs in
            names.add(str(path.readlink()))
    return names


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_nothing_is_left(ending: str) -> None:
    """Of a machine no process, namespace, disk or network device is there a moment after its maker has ended."""
    maker = subprocess.run(
        [sys.executable, "-c", MAKE_A_MACHINE.replace("ENDING", ending)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
        capture_output=True,
        text=True,
    )
    assert maker.stdout, maker.stderr
    names, device, folder = json.loads(maker.stdout)

    def left() -> list[str]:
        there = namespaces()
        mounts = Path("/proc/self/mounts").read_text()
        return [
            *(name for name in names if name in there),
            *([device] if Path("/sys/class/net", device).exists() else []),
            *([folder] if folder in mounts else []),
        ]

    deadline = time.monotonic() + 60
    while left():
        assert time.monotonic() < deadline, left()
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)  # who was killed can not
