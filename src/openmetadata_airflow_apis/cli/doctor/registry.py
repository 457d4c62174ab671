"""The checks of doctor, in the order in which their findings are printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.cli.doctor import (
    auth_backends_check,
    base_url_check,
    database_check,
    deploy_permission_check,
    folders_check,
    heartbeats_check,
    ignored_files_check,
    login_limit_check,
    option_values_check,
    own_tables_check,
    password_login_check,
    plugin_check,
    runner_template_check,
    secret_key_check,
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
    """One thing that doctor looks at.

    look: yields what it finds. cure: what to do where the look itself fails. needs: the names of checks before it;
    where one of them has found a problem, this one has nothing to look at and is left out.
    """

    name: str
    look: Callable[[Installation], Iterator[Finding]]
    cure: str
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("options", unknown_options_check.look, "see `airflow config list`"),
    Check("option values", option_values_check.look, "see `airflow config list`"),
    Check("folders", folders_check.look, "give them to the webserver's user", needs=("option values",)),
    Check(
        "dag_runner_template",
        runner_template_check.look,
        "leave the option out: the package has a template",
        needs=("option values",),
    ),
    Check(
        "ignored files",
        ignored_files_check.look,
        "correct the .airflowignore files",
        needs=("option values", "folders"),
    ),
    Check("specification", specification_check.look, "reinstall openmetadata-airflow-apis"),
    Check("plugin", plugin_check.look, "see the traceback of `airflow plugins`"),
    Check("secret key", secret_key_check.look, "see `airflow config get-value webserver secret_key`"),
    Check("base_url", base_url_check.look, "see `airflow config get-value webserver base_url`"),
    Check("auth_backends", auth_backends_check.look, "see `airflow config get-value api auth_backends`"),
    Check("webserver_config.py", webserver_config_check.look, "correct the file"),
    Check("login limit", login_limit_check.look, "see webserver_config.py", needs=("webserver_config.py",)),
    Check("token settings", token_settings_check.look, "see webserver_config.py", needs=("webserver_config.py",)),
    Check("password login", password_login_check.look, "see webserver_config.py", needs=("webserver_config.py",)),
    Check("database", database_check.look, "start it, then `airflow db migrate`"),
    Check("permission", deploy_permission_check.look, "run `airflow db migrate`", needs=("database",)),
    Check("own tables", own_tables_check.look, "run `airflow db migrate`", needs=("database",)),
    Check("heartbeats", heartbeats_check.look, "run `airflow db migrate`", needs=("database",)),
)


def findings(installation: Installation, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """Yield everything there is to say, the options first and the running processes last."""
    troubled: set[str] = set()
    for check in checks:
        if troubled.isdisjoint(check.needs):
            for finding in _look(check, installation):
                if finding.level == PROBLEM:
                    troubled.add(check.name)
                yield finding


def _look(check: Check, installation: Installation) -> Iterator[Finding]:
    try:
        yield from check.look(installation)
    except Exception as error:  # noqa: BLE001 - an installation can be broken in ways that no check thought of
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        yield Finding(PROBLEM, check.name, f"cannot be looked at ({reason})", check.cure)
