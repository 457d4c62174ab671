"""What scripts/run_pytest makes of a test that fails by chance, and of one that fails always."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/run_pytest"
BY_CHANCE = """
from pathlib import Path

def test_by_chance():
    seen = Path(__file__).with_name("seen")
    assert seen.exists() or seen.touch()

def test_good():
    assert True
"""
ALWAYS = f"{BY_CHANCE}\ndef test_bad():\n    assert False\n"
GOOD = "def test_good():\n    assert True\n"
UNSTABLE = "UNSTABLE: each test above failed, and passed by itself."


@pytest.mark.parametrize(
    ("tests", "ci", "code", "said"),
    [
        (GOOD, "true", 0, ["1 passed"]),
        (BY_CHANCE, "true", 0, ["1 failed, 1 passed", "1 passed", UNSTABLE]),
        (BY_CHANCE, "", 1, ["1 failed, 1 passed"]),
        (ALWAYS, "true", 1, ["2 failed, 1 passed", "1 failed, 1 passed"]),
        ("import no_such_module\n", "true", 2, ["1 error in"]),
        ("", "true", 5, ["no tests ran"]),
    ],
)
def test_what_failed_is_run_once_more_on_ci(tmp_path: Path, tests: str, ci: str, code: int, said: list[str]) -> None:
    """On CI a test that passes by itself is named unstable; one that fails again, or anywhere else, fails the run."""
    (tmp_path / "test_it.py").write_text(tests)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [sys.executable, SCRIPT, "-q", "-p", "xdist", "-c", os.devnull, "--rootdir", tmp_path, tmp_path],
        env={**environment, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    lines = [line for line in ended.stdout.splitlines() if any(words in line for words in said)]
    assert ended.returncode == code, ended.stdout
    assert len(lines) == len(said), ended.stdout
    assert (UNSTABLE in ended.stdout) == (UNSTABLE in said)
