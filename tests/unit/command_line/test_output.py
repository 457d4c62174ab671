"""What a command prints where its streams are closed, full, or in an encoding that lacks the characters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "import sys; from managed_dags_cli.main import run; sys.exit(run(sys.argv[1:]))"
WORKFLOW = """\
nightly:
  start_date: 2024-01-01
  schedule: null
  description: grüße — ✓ 🙂
  tasks:
    load: {operator: airflow.operators.bash.BashOperator, bash_command: "true", nom: ✓}
"""


def run(*words: str, redirection: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own, with a shell's redirection."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


@pytest.fixture
def workflow(tmp_path: Path) -> str:
    """A file with characters that few encodings have, in its name too."""
    file = tmp_path / "✓.yaml"
    file.write_text(WORKFLOW, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("output", ["table", "json", "github"])
def test_an_output_that_is_full(workflow: str, output: str):
    """On a full disk the end is 1, and one line says so."""
    arguments = ["validate", workflow, "-o", output] if output != "github" else ["call", "--list"]
    done = run(*arguments, redirection=">/dev/full")
    assert (done.returncode, done.stderr.decode()) == (
        1,
        "the output cannot be written: No space left on device\n",
    )


def test_messages_that_go_nowhere(tmp_path: Path, workflow: str):
    """What can't be said changes nothing in the end of a command, nor in its answer."""
    (tmp_path / "empty.yaml").touch()
    done = run("validate", workflow, str(tmp_path / "empty.yaml"), "-o", "json", redirection="2>/dev/full")
    assert (done.returncode, [item["result"] for item in json.loads(done.stdout)]) == (1, ["valid", "invalid"])


def test_wrong_usage_that_goes_nowhere():
    """Wrong usage ends with 2 where nobody can be told what is wrong."""
    assert run("nosuch", redirection="2>/dev/full").returncode == 2


@pytest.mark.parametrize(
    ("words", "redirection", "code", "told"),
    [
        (["contexts"], "<&- >&- 2>&-", 0, ""),
        (["call", "--list"], ">&-", 0, ""),
        (["validate", "-"], "<&-", 1, "<stdin>: is empty\n"),
        (["delete", "x", "--token", "x", "--url", "http://127.0.0.1:1"], "<&-", 2, "say --yes"),
        (["trigger", "x", "--conf", "-"], "<&-", 2, "'--conf': is no JSON"),
    ],
)
def test_streams_that_are_closed(words: list[str], redirection: str, code: int, told: str):
    """A closed stream, as some schedulers start their jobs with, is an empty one; nobody sees a traceback."""
    done = run(*words, redirection=redirection)
    assert (done.returncode, told in done.stderr.decode(), b"Traceback" in done.stderr) == (code, True, False)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-8"])
def test_an_encoding_without_the_characters(workflow: str, encoding: str):
    """Where standard output lacks a character its escape stands there; JSON and YAML stay what they are."""
    done = run("validate", workflow, PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert ("✓.yaml" if encoding == "utf-8" else "\\u2713.yaml") in done.stdout.decode(encoding)
    done = run("validate", workflow, "-o", "json", PYTHONIOENCODING=encoding)
    assert [item["file"] for item in json.loads(done.stdout)] == [workflow]
    assert (b"\\u2713" in done.stdout) == (encoding != "utf-8")
    import yaml

    done = run("validate", workflow, "-o", "yaml", PYTHONIOENCODING=encoding)
    assert [item["file"] for item in yaml.safe_load(done.stdout)] == [workflow]
