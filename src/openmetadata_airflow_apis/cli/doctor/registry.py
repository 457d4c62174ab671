"""The checks of doctor, in the order in which their findings are printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.cli.doctor import (
    airflow_check,
    allowed_packages_check,
    auth_backends_check,
    auth_manager_check,
    base_url_check,
    callable_files_check,
    database_check,
    deploy_permission_check,
    deployed_callables_check,
    deployed_definitions_check,
    folders_check,
    heartbeats_check,
    ignored_files_check,
    loader_files_check,
    login_limit_check,
    nodes_check,
    option_values_check,
    own_tables_check,
    password_login_check,
    plugin_check,
    runner_template_check,
    secret_key_check,
    sections_check,
    specification_check,
    token_settings_check,
    unknown_options_check,
    webserver_config_check,
)
from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


@dataclass(frozen=True)
class Check:
    """One check of doctor.

    look: yields its findings. cure: what to do if `look` itself fails. needs: the names of earlier checks; if one of
    them found a problem or was left out, this check is left out too.
    """

    name: str
    look: Callable[[Installation], Iterator[Finding]]
    cure: str
    needs: tuple[str, ...] = ("Airflow",)


_SEE_OPTIONS = "see `airflow config list`"
_TO_WEBSERVER = "give it to the webserver's user"
_CORRECT_FILE = "correct webserver_config.py"
_MIGRATE = "run `airflow db migrate`"

CHECKS = (
    Check("Airflow", airflow_check.look, "see the traceback of `airflow version`", needs=()),
    Check("sections", sections_check.look, _SEE_OPTIONS),
    Check("options", unknown_options_check.look, _SEE_OPTIONS),
    Check("option values", option_values_check.look, _SEE_OPTIONS),
    Check("folders", folders_check.look, _TO_WEBSERVER, needs=("option values",)),
    Check("dag_runner_template", runner_template_check.look, "leave the option out", needs=("option values",)),
    Check("allowed packages", allowed_packages_check.look, _SEE_OPTIONS, needs=("option values",)),
    Check("callable files", callable_files_check.look, _TO_WEBSERVER, needs=("option values",)),
    Check("deployed definitions", deployed_definitions_check.look, _TO_WEBSERVER, needs=("dag_runner_template",)),
    Check("deployed callables", deployed_callables_check.look, _TO_WEBSERVER, needs=("dag_runner_template",)),
    Check("ignored files", ignored_files_check.look, "correct the .airflowignore files", needs=("folders",)),
    Check("loader files", loader_files_check.look, _TO_WEBSERVER, needs=("option values",)),
    Check("specification", specification_check.look, "reinstall openmetadata-airflow-apis", needs=()),
    Check("plugin", plugin_check.look, "see the traceback of `airflow plugins`"),
    Check("[webserver] secret_key", secret_key_check.look, "correct it, or its _cmd or _secret"),
    Check("[webserver] base_url", base_url_check.look, "correct it"),
    Check("[api] auth_backends", auth_backends_check.look, "correct them"),
    Check("[core] auth_manager", auth_manager_check.look, "correct it"),
    Check("webserver_config.py", webserver_config_check.look, _CORRECT_FILE),
    Check("login limit", login_limit_check.look, _CORRECT_FILE, needs=("webserver_config.py",)),
    Check("token settings", token_settings_check.look, _CORRECT_FILE, needs=("webserver_config.py",)),
    Check(
        "password login", password_login_check.look, _CORRECT_FILE, needs=("webserver_config.py", "[core] auth_manager")
    ),
    Check("database", database_check.look, "start it, then `airflow db migrate`"),
    Check("permission", deploy_permission_check.look, _MIGRATE, needs=("database",)),
    Check("own tables", own_tables_check.look, _MIGRATE, needs=("database",)),
    Check("nodes", nodes_check.look, _MIGRATE, needs=("own tables", "option values")),
    Check("heartbeats", heartbeats_check.look, _SEE_OPTIONS, needs=("database",)),
)


def findings(installation: Installation, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """Yield the findings of the checks, in their order; leave out a check whose `needs` are not met."""
    failed_checks: set[str] = set()
    for check in checks:
        if not failed_checks.isdisjoint(check.needs):
            failed_checks.add(check.name)
            continue
        for finding in _look(check, installation):
            if finding.level == PROBLEM:
                failed_checks.add(check.name)
            yield finding


def _look(check: Check, installation: Installation) -> Iterator[Finding]:
    try:
        yield from check.look(installation)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an installation can be broken in ways that no check expects
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        yield Finding(PROBLEM, check.name, f"cannot be looked at ({reason})", check.cure)
