"""`openmetadata-airflow-apis doctor`: finds what is wrong with this installation, before a user does.

It checks what its own process can see: run it on each machine, as the user and with the environment of the webserver
(or scheduler) there. It changes nothing. Each check is a module.

    registry.py      all checks, in the order in which their findings are printed
    finding.py       what a check yields: a problem or a note, with its cure
    installation.py  airflow.cfg and webserver_config.py, read once for all checks

Airflow:

    airflow_check.py           can it be imported?
    database_check.py          does its database answer, with this Airflow's tables?
    heartbeats_check.py        does a scheduler run, and a DAG processor?
    base_url_check.py          [webserver] base_url
    secret_key_check.py        [webserver] secret_key
    auth_manager_check.py      [core] auth_manager
    auth_backends_check.py     [api] auth_backends, and our tokens for Airflow's own API
    webserver_config_check.py  can webserver_config.py be executed?
    password_login_check.py    is there a password login, and is what it needs installed?
    login_limit_check.py       are tries to guess passwords limited?
    token_settings_check.py    are the tokens' keys long enough, and do tokens expire?

The plugin:

    plugin_check.py             does Airflow load it, once, in this version?
    specification_check.py      is the installed openapi.yaml complete and valid?
    sections_check.py           options in a section of another name
    unknown_options_check.py    options that do not exist
    option_values_check.py      values that can't be used
    allowed_packages_check.py   packages of allowed_operators and allowed_callables
    deploy_permission_check.py  does the permission to deploy exist, and does Admin have it?
    own_tables_check.py         are our tables there, and of this release?

What is deployed, and its files:

    folders_check.py               are the three folders there, usable, and writable by nobody else?
    ignored_files_check.py         does an .airflowignore hide deployed files?
    runner_template_check.py       does the operator's own dag_runner_template render valid DAG files?
    deployed_definitions_check.py  is what is deployed ours, and unchanged since?
    callable_files_check.py        are callable files readable, and writable by nobody else?
    deployed_callables_check.py    does this machine have every file that a deployed definition names?
    loader_files_check.py          does this node have the loader files of the database store?
    nodes_check.py                 do all nodes find what is deployed, with the same callable files?
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
    """Declare the arguments of the verb."""
    parser.add_argument("--quiet", action="store_true", help="print problems alone, not the notes")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each finding, with its cure; return 1 if there is a problem, else 0."""
    logging.disable()  # Airflow's log would mix with the findings, and repeat most of them in other words
    try:
        all_findings = list(findings(Installation()))
    finally:
        logging.disable(logging.NOTSET)
    for finding in all_findings:
        if finding.level == PROBLEM or not arguments.quiet:
            print(finding)
    problems = sum(finding.level == PROBLEM for finding in all_findings)
    print(f"openmetadata-airflow-apis {__version__}: {problems} problem(s), {len(all_findings) - problems} note(s)")
    return 1 if problems else 0
