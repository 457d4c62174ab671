"""The demo shows what docs/calling.md says, and the examples are what they are said to be."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def demo_calls() -> list[str]:
    """Return the commands that scripts/demo shows and runs, without the shell's quoting of them."""
    found = re.findall(r"^ask '(.*?)'$", (CHECKOUT / "scripts/demo").read_text(), re.DOTALL | re.MULTILINE)
    return [call.replace("'\\''", "'") for call in found]


@pytest.mark.parametrize("call", demo_calls(), ids=lambda call: re.search(r"api=(\w+)|/(login)", call)[0])
def test_demo_sends_the_calls_of_the_documentation(call: str):
    """Each call of the demo stands in docs/calling.md, word for word but for the name of the run."""
    words = " ".join(call.replace("demo_1", "readme_1").replace("\\\n", " ").split())
    assert words in " ".join((CHECKOUT / "docs" / "calling.md").read_text().replace("\\\n", " ").split())


def test_demo_shows_the_way_from_login_to_the_run():
    """The demo logs in, deploys, triggers, and reads the run and one of its tasks."""
    operations = [re.search(r"api=(\w+)|/(login)", call) for call in demo_calls()]
    assert [found[1] or found[2] for found in operations] == [
        "login",
        "deploy_dag",
        "trigger_dag",
        "dag_state",
        "task_instance_detail",
    ]


def test_demo_makes_passwords_that_no_command_takes_for_an_option():
    """The demo's random words are letters and digits alone: airflow users create refused one with "-" first."""
    definition = re.search(r"^random\(\) .*$", (CHECKOUT / "scripts/demo").read_text(), re.MULTILINE)
    script = f"{definition[0]}\nfor word in $(seq 20); do random; done"
    words = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert len(set(words)) == 20
    assert [word for word in words if not re.fullmatch(r"[0-9a-f]{36}", word)] == []


def test_request_of_the_older_documentation_is_unchanged():
    """examples/test_ingestion_x_35.json is the older plugin's documented request, byte for byte."""
    content = (CHECKOUT / "examples/test_ingestion_x_35.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "81b929a450a176719909e25a0b1cc2ac2f305166e644642cf5d63ea35882cdd1"
