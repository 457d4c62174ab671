"""The command line itself: its verbs, and how it ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

from openmetadata_airflow_apis import __version__
from openmetadata_airflow_apis.cli import VERBS, main


def test_each_verb_is_listed(capsys):
    """--help names every verb with what it is for."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert all(f"{verb} {summary}" in printed for verb, summary in VERBS.items())


def test_the_version_is_printed(capsys):
    """--version is the package's."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["mend"], ["validate"]])
def test_wrong_usage_ends_with_two(arguments):
    """No verb, an unknown one, or a verb without what it needs."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    """`openmetadata-airflow-apis validate FILE | head` prints no stack trace."""
    bad = tmp_path / "bad.json"
    bad.write_text('{"workflow": {"name": "x", "dag_config": {"z": {"tasks": {}}}}}')
    program = "import sys; from openmetadata_airflow_apis.cli import main; sys.exit(main())"
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -c '{program}' validate {bad} | true"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
