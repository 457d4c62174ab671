"""The client's wheel, in an environment without Airflow, against a live webserver and scheduler."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from support import airflow_home
from support.light_environment import CHECKOUT, make_light_environment

if TYPE_CHECKING:
    from pathlib import Path

# A reader sees a failure; the test must as well.
PREAMBLE = "set -eu\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`managed-dags`, installed without Airflow."""
    return make_light_environment(tmp_path_factory.mktemp("light"))


@pytest.fixture
def shell(program: Path, airflow_live, tmp_path: Path):
    """Run a script of sh with `managed-dags` on its PATH, and return how it ended."""
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    environment = {
        **clean,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "MANAGED_DAGS_CONFIG": str(tmp_path / "configuration"),
        "AIRFLOW": airflow_live.url,
        "PASSWORD": airflow_home.USERS["admin"][1],
        "no_proxy": "*",
    }

    def run(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", PREAMBLE + script],
            cwd=tmp_path,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    return run


def test_every_example_of_the_documentation_works(shell, airflow_live, tmp_path: Path):
    """The commands of docs/command-line.md, in their order, do what the page says."""
    shutil.copytree(CHECKOUT / "examples" / "workflows", tmp_path / "workflows")
    page = (CHECKOUT / "docs" / "command-line.md").read_text(encoding="utf-8")
    script = "".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    done = shell(script)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{airflow_live.log_tails()}"
    printed = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "nightly_report changed 2 parsed <stdin>",
        "nightly_load evening success",
        '+ report.arguments.bash_command: "echo sent"',
        "nightly_report 4 parsed yes",
    ):
        assert any(words.startswith(line) for words in printed), f"{line}\n{done.stdout}\n{done.stderr}"
    assert not list((airflow_live.home / "dags").glob("*.py"))


def shell_blocks(page: Path) -> list[str]:
    """Return the shell blocks of a page, without the lines that set the server and its password."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [re.sub(r"^(AIRFLOW|PASSWORD)=.*\n", "", block, flags=re.MULTILINE) for block in blocks]


def test_the_first_deploy_of_the_readme_works(shell, airflow_live, tmp_path: Path):
    """The README's first deploy signs in, deploys, runs the workflow to its end, and deletes it."""
    shutil.copytree(CHECKOUT / "examples", tmp_path / "examples")
    (script,) = [block for block in shell_blocks(CHECKOUT / "README.md") if "managed-dags login" in block]
    done = shell(script)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{airflow_live.log_tails()}"
    assert "success" in done.stdout
    assert shell("managed-dags list -o name").stdout == ""


def test_every_command_of_the_tutorial_works(shell, airflow_live, tmp_path: Path):
    """The commands of docs/tutorial.md, in their order, end as the page says, and print what it shows."""
    page = CHECKOUT / "docs" / "tutorial.md"
    script = "".join(shell_blocks(page)).replace("/tmp/tutorial", str(tmp_path / "tutorial"))  # noqa: S108, it is the page's
    done = shell(f"exec 2>&1\n{script}")
    assert done.returncode == 0, f"{done.stdout}\n{airflow_live.log_tails()}"
    for block in re.findall(r"^```text\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        assert set(block.splitlines()) <= set(done.stdout.splitlines()), done.stdout
    words = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert any("No such file or directory" in line for line in words), done.stdout
    assert sum(line.startswith("exit code 1") for line in words) == 2, done.stdout
    assert any(line == "orders, run monday: success" for line in words), done.stdout
    assert any(line == "orders, run tuesday: success" for line in words), done.stdout
    assert shell("managed-dags list -o name").returncode == 3  # signed out


def test_a_login_renews_itself(shell, tmp_path: Path):
    """An access token that has ended is renewed by the refresh token, and the new one is stored."""
    assert shell('printf "%s\\n" "$PASSWORD" | managed-dags login "$AIRFLOW" -u admin --password-stdin').returncode == 0
    stored = tmp_path / "configuration" / "logins.json"
    logins = json.loads(stored.read_text())
    (login,) = logins["logins"].values()
    ended = login["access_token"] = login["access_token"][:-8] + "AAAAAAAA"
    stored.write_text(json.dumps(logins))
    done = shell("managed-dags list")
    assert done.returncode == 0, done.stderr
    (login,) = json.loads(stored.read_text())["logins"].values()
    assert login["access_token"] != ended
    login["refresh_token"] = login["access_token"] = ended
    stored.write_text(json.dumps({**logins, "logins": {"here": login}, "current": "here"}))
    done = shell("managed-dags list")
    assert done.returncode == 3
    assert "managed-dags login " in done.stderr


def test_the_environment_signs_in(shell):
    """User and password of the environment are enough for a CI job; wrong ones end with 3."""
    signed_in = 'MANAGED_DAGS_URL="$AIRFLOW" MANAGED_DAGS_USERNAME=viewer managed-dags list -o name'
    assert shell(signed_in, MANAGED_DAGS_PASSWORD=airflow_home.USERS["viewer"][1]).returncode == 0
    done = shell(signed_in, MANAGED_DAGS_PASSWORD="wrong")
    assert done.returncode == 3
    assert "refuses the login of 'viewer'" in done.stderr


def test_a_folder_of_twenty_is_checked_applied_changed_pruned_and_rolled_back(shell, tmp_path: Path):
    """folder.sh, with the exit code of each command asserted; three of its workflows are broken at first."""
    script = CHECKOUT / "tests" / "integration" / "folder.sh"
    done = shell(
        f'MANAGED_DAGS_URL="$AIRFLOW" MANAGED_DAGS_USERNAME=admin MANAGED_DAGS_PASSWORD="$PASSWORD" sh {script} folder'
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
