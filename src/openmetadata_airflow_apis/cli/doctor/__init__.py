"""`openmetadata-airflow-apis doctor`: what is wrong with this installation, before a user finds out.

It looks at what the process that runs it sees: run it on each machine, as the user and with the environment of the
webserver (or scheduler) there. It changes nothing. One module a check; `registry` has them all, in their order.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from openmetadata_airflow_apis import __version__
from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding
from openmetadata_airflow_apis.cli.doctor.installation import Installation
from openmetadata_airflow_apis.cli.doctor.registry import CHECKS, findings

if TYPE_CHECKING:
    import argparse

__all__ = ["CHECKS", "NOTE", "PROBLEM", "Finding", "Installation", "add_arguments", "findings", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `doctor` takes."""
    parser.add_argument("--quiet", action="store_true", help="print problems alone, not the notes")


def run(arguments: argparse.Namespace) -> int:
    """Print one line a finding, with the cure; return 1 where there is a problem, 0 where there is none."""
    logging.disable()  # Airflow logs to where the findings are printed, and tells most of them in its own way
    try:
        found = list(findings(Installation()))
    finally:
        logging.disable(logging.NOTSET)
    for finding in found:
        if finding.level == PROBLEM or not arguments.quiet:
            print(finding)
    problems = sum(finding.level == PROBLEM for finding in found)
    print(f"openmetadata-airflow-apis {__version__}: {problems} problem(s), {len(found) - problems} note(s)")
    return 1 if problems else 0
