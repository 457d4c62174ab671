"""The commands of docs/calling.md, pasted in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

# A reader sees a failure; the test must as well. --fail-with-body keeps the reason.
PREAMBLE = """
set -euo pipefail
curl() { command curl --fail-with-body --show-error "$@"; }
"""


def documented_script() -> str:
    """Return the shell blocks of the page, up to those about Swagger UI and clients, as one script."""
    text = (CHECKOUT / "docs" / "calling.md").read_text(encoding="utf-8")
    section = text[: text.index("## Swagger UI")]
    return "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))


def test_every_curl_of_the_page_works_when_pasted_in_order(airflow_live, tmp_path):
    """From the login to the delete, against a running Airflow: no call fails, and the DAG is gone at the end."""
    shutil.copytree(CHECKOUT / "examples", tmp_path / "examples")
    shutil.copytree(
        CHECKOUT / "examples" / "dag_managed_operators", airflow_live.home / "dag_managed_operators", dirs_exist_ok=True
    )
    script = documented_script().replace("http://127.0.0.1:8080", airflow_live.url)
    script = script.replace("PASSWORD=admin\n", "PASSWORD=admin-secret\n")
    done = subprocess.run(
        ["bash", "-c", PREAMBLE + script],
        cwd=tmp_path,
        env={**os.environ, "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{airflow_live.log_tails()}"
    assert '{"message": "Workflow [nightly_catalogue] has been created", "status": "success"}' in done.stdout
    assert '"state": "success"' in done.stdout
    assert done.stdout.count('"has_ended": true') == 2
    assert '"message": "DAG [nightly_catalogue] deleted"' in done.stdout
    assert not list((airflow_live.home / "dags").glob("nightly_catalogue*"))
