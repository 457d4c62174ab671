"""`openmetadata-airflow-apis doctor`: what is wrong with this installation, before a user finds out.

It looks at what the process that runs it sees: run it on each machine, as the user and with the environment of the
webserver (or scheduler) there. It changes nothing.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from openmetadata_airflow_apis import __version__
from openmetadata_airflow_apis.cli import specification_check
from openmetadata_airflow_apis.errors import ConfigurationError, Unavailable
from openmetadata_airflow_apis.settings import SECTION, Settings, dags_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

PROBLEM, NOTE = "problem", "note"
OUR_BACKEND = "openmetadata_airflow_apis.security.auth_backend"
_PLUGIN = "OpenMetadataAirflowApisPlugin"
_WELL_KNOWN_KEYS = {"temporary_key", "secret_key", "changeme", "airflow", "cannot_be_determined"}
# Airflow's own generated keys are 24 characters of base64: 128 random bits.
_SHORTEST_KEY = 20


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (a problem) or that an operator should know (a note), and what to do about it."""

    level: str
    subject: str
    detail: str
    cure: str

    def __str__(self) -> str:
        return f"{self.level:7}  {self.subject}: {self.detail}; {self.cure}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `doctor` takes."""
    parser.add_argument("--quiet", action="store_true", help="print problems alone, not the notes")


def run(arguments: argparse.Namespace) -> int:
    """Print one line a finding, with the cure; return 1 where there is a problem, 0 where there is none."""
    found = list(findings())
    for finding in found:
        if finding.level == PROBLEM or not arguments.quiet:
            print(finding)
    problems = sum(finding.level == PROBLEM for finding in found)
    print(f"openmetadata-airflow-apis {__version__}: {problems} problem(s), {len(found) - problems} note(s)")
    return 1 if problems else 0


def findings() -> Iterator[Finding]:
    """Yield everything there is to say, the section first and the running processes last."""
    yield from check_section()
    try:
        settings = Settings.load()
    except ConfigurationError as error:
        yield Finding(PROBLEM, "section", str(error), "correct it in airflow.cfg or the environment")
    else:
        yield from check_folders(settings)
        yield from check_ignored_files(settings)
    for fault in specification_check.faults():
        yield Finding(PROBLEM, "specification", fault, "reinstall openmetadata-airflow-apis")
    yield from check_plugin()
    yield from check_secret_key()
    yield from check_base_url()
    yield from check_auth_backends()
    yield from check_webserver_config()
    yield from check_database()


def check_section() -> Iterator[Finding]:
    """Look for options that do not exist."""
    from airflow.configuration import conf

    known = {option.name for option in fields(Settings)}
    prefix = f"AIRFLOW__{SECTION.upper()}__"
    given = {name[len(prefix) :].lower() for name in os.environ if name.startswith(prefix)}
    for name in sorted(given | set(conf.getsection(SECTION) or {})):
        if name not in known:
            yield Finding(
                PROBLEM, "section", f"[{SECTION}] {name} is not an option", f"known are: {', '.join(sorted(known))}"
            )


def check_folders(settings: Settings) -> Iterator[Finding]:
    """Look whether the folders and the template are there, writable for this user and for nobody else."""
    yield from _check_folder(dags_folder(), "dags folder", made_when_needed=False)
    yield from _check_folder(settings.dag_generated_configs, "dag_generated_configs", made_when_needed=True)
    yield from _check_folder(
        settings.dag_managed_operators, "dag_managed_operators", made_when_needed=True, written_here=False
    )
    try:
        settings.runner_template().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield Finding(
            PROBLEM, "dag_runner_template", f"cannot be read ({error})", "correct the option, or leave it out"
        )


def check_ignored_files(settings: Settings) -> Iterator[Finding]:
    """Look whether an .airflowignore hides deployed files from the DAG processor, which would drop their DAGs."""
    from airflow.utils.file import find_path_from_directory

    from openmetadata_airflow_apis.stores.file_store import FileStore

    try:
        store = FileStore(settings)
        deployed = [Path(store.fileloc(dag_id)) for dag_id in store.dag_ids()]
    except (ConfigurationError, Unavailable):
        return  # check_folders says so
    seen = {Path(path).resolve() for path in find_path_from_directory(dags_folder(), ".airflowignore")}
    for path in sorted(deployed):
        if path.exists() and path.resolve() not in seen:
            yield Finding(
                PROBLEM,
                "dags folder",
                f"{path} is hidden from the DAG processor by an .airflowignore",
                "narrow its patterns",
            )


def _check_folder(path: Path, name: str, *, made_when_needed: bool, written_here: bool = True) -> Iterator[Finding]:
    if not path.is_dir():
        if path.exists():
            yield Finding(PROBLEM, name, f"{path} is not a folder", "name a folder")
        elif not made_when_needed:
            yield Finding(PROBLEM, name, f"{path} does not exist", "create it")
        elif not os.access(_nearest_existing(path), os.W_OK | os.X_OK):
            yield Finding(
                PROBLEM, name, f"{path} does not exist and cannot be made by this user", "create it for the webserver"
            )
        else:
            yield Finding(NOTE, name, f"{path} does not exist yet", "it is made by the first deploy")
        return
    needed = os.R_OK | os.X_OK | (os.W_OK if written_here else 0)
    if not os.access(path, needed):
        verb = "written to" if written_here else "read"
        yield Finding(PROBLEM, name, f"{path} cannot be {verb} by this user", "give it to the webserver's user")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IWOTH:
        yield Finding(
            PROBLEM,
            name,
            f"{path} has mode {mode:04o}: every user of this machine can put code there",
            f"chmod o-w {path}",
        )


def _nearest_existing(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.exists())


def check_plugin() -> Iterator[Finding]:
    """Look whether Airflow loads the plugin, once, in this version."""
    from airflow import plugins_manager

    plugins_manager.ensure_plugins_loaded()
    for source, error in plugins_manager.import_errors.items():
        if "openmetadata_airflow_apis" in f"{source}{error}":
            yield Finding(
                PROBLEM, "plugin", f"{source} fails to load: {error}", "see the traceback of `airflow plugins`"
            )
    ours = [plugin for plugin in plugins_manager.plugins or [] if type(plugin).__name__ == _PLUGIN]
    if not ours:
        yield Finding(
            PROBLEM,
            "plugin",
            "Airflow does not load it",
            "install openmetadata-airflow-apis into the Python that runs Airflow, with pip",
        )
    for plugin in ours:
        source = str(plugin.source)
        if __version__ not in source and __version__ not in str(plugin.name):
            yield Finding(PROBLEM, "plugin", f"Airflow loads {source}, this is {__version__}", "uninstall one of them")
    if len(ours) > 1:
        sources = ", ".join(str(plugin.source) for plugin in ours)
        yield Finding(PROBLEM, "plugin", f"it is loaded {len(ours)} times ({sources})", "take the copy out of plugins/")


def check_secret_key() -> Iterator[Finding]:
    """Look at [webserver] secret_key, which tokens and sessions of all webservers hang on."""
    from airflow.configuration import conf

    key = conf.get("webserver", "secret_key", fallback="")
    subject = "[webserver] secret_key"
    cure = "set one long random text on every machine: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    if key.lower() in _WELL_KNOWN_KEYS:
        yield Finding(PROBLEM, subject, "is a key that everybody knows", cure)
    elif len(key) < _SHORTEST_KEY:
        yield Finding(PROBLEM, subject, f"has {len(key)} characters, which can be guessed", cure)
    sources = _sources_of_secret_key()
    if not sources:
        yield Finding(
            PROBLEM, subject, "is not set: each webserver process makes its own and refuses the others' tokens", cure
        )
    elif len(set(sources.values())) > 1:
        # A note: the airflow.cfg that Airflow generates has a key of its own, which the environment rightly overrides.
        yield Finding(
            NOTE,
            subject,
            f"differs between {' and '.join(sources)}: a process without that environment signs differently",
            "keep one of them",
        )


def _sources_of_secret_key() -> dict[str, str]:
    """Return the keys that are set, by where."""
    from configparser import ConfigParser, Error
    from pathlib import Path

    from airflow.configuration import AIRFLOW_CONFIG

    names = (
        "AIRFLOW__WEBSERVER__SECRET_KEY",
        "AIRFLOW__WEBSERVER__SECRET_KEY_CMD",
        "AIRFLOW__WEBSERVER__SECRET_KEY_SECRET",
    )
    sources = {f"${name}": os.environ[name] for name in names if os.environ.get(name)}
    file = ConfigParser(interpolation=None, strict=False)
    try:
        file.read(Path(AIRFLOW_CONFIG), encoding="utf-8")
    except Error:
        return sources
    for option in ("secret_key", "secret_key_cmd", "secret_key_secret"):
        if value := file.get("webserver", option, fallback=""):
            sources[f"{option} in {AIRFLOW_CONFIG}"] = value
    return sources


def check_base_url() -> Iterator[Finding]:
    """Look at [webserver] base_url, below whose path the API is found."""
    from airflow.configuration import conf

    url = conf.get("webserver", "base_url", fallback="")
    parts = urlsplit(url)
    subject = "[webserver] base_url"
    if parts.scheme not in ("http", "https") or not parts.netloc:
        yield Finding(
            PROBLEM, subject, f"is '{url}', no URL", "give the URL that users type, such as https://host/airflow"
        )
    elif parts.path.endswith("/"):
        yield Finding(PROBLEM, subject, f"is '{url}', with a slash at its end", "take the slash away")
    elif parts.path:
        yield Finding(NOTE, subject, f"has the path {parts.path}", f"the API is at {url}/rest_api/api")


def check_auth_backends() -> Iterator[Finding]:
    """Look whether Airflow's own API takes our tokens."""
    from airflow.configuration import conf

    names = [name.strip() for name in conf.get("api", "auth_backends", fallback="").split(",") if name.strip()]
    subject = "[api] auth_backends"
    if OUR_BACKEND not in names:
        yield Finding(NOTE, subject, "Airflow's own API does not take tokens made here", f"list {OUR_BACKEND} first")
    elif names[0] != OUR_BACKEND:
        yield Finding(
            PROBLEM,
            subject,
            f"{names[0]} comes first, so that a cookie counts before a token",
            f"list {OUR_BACKEND} first",
        )


def check_webserver_config() -> Iterator[Finding]:
    """Look at webserver_config.py: the login, its limit, the tokens' keys and lifetimes."""
    from airflow.configuration import conf
    from flask import Flask

    path = conf.get("webserver", "config_file", fallback="")
    app = Flask("doctor")
    try:
        with app.app_context():
            app.config.from_pyfile(path, silent=True)
    except Exception as error:  # noqa: BLE001 - the file is Python of the operator's own, and may fail in any way
        yield Finding(PROBLEM, path, f"fails: {error!r}", "correct the file")
        return
    config = app.config
    workers = conf.getint("webserver", "workers", fallback=1)
    if config.get("AUTH_RATE_LIMITED", True) is False:
        yield Finding(PROBLEM, "login limit", "AUTH_RATE_LIMITED is off: passwords can be guessed", "turn it on")
    elif workers > 1 and str(config.get("RATELIMIT_STORAGE_URI") or "memory://").startswith("memory:"):
        yield Finding(
            NOTE,
            "login limit",
            f"each of the {workers} webserver processes counts by itself, so that it is {workers} times as wide",
            f"set RATELIMIT_STORAGE_URI in {path}, to a Redis for example",
        )
    for name in ("JWT_SECRET_KEY", "JWT_PREVIOUS_SECRET_KEY"):
        if config.get(name) and len(config[name]) < 32:
            yield Finding(PROBLEM, name, f"has {len(config[name])} characters", "take at least 32 random ones")
    for name in ("JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES"):
        if config.get(name, True) is False:
            yield Finding(PROBLEM, name, "is False: tokens that never end are not issued", "set a timedelta")
    yield from _check_auth_type(config.get("AUTH_TYPE", 1))


def _check_auth_type(auth_type: object) -> Iterator[Finding]:
    from importlib.util import find_spec

    from airflow.configuration import conf

    manager = conf.get("core", "auth_manager", fallback="")
    if manager and "fab" not in manager.lower():
        yield Finding(
            NOTE, "auth manager", f"{manager} has no password login", "callers use its session; login answers 501"
        )
    elif auth_type == 2 and find_spec("ldap") is None:
        yield Finding(PROBLEM, "AUTH_TYPE", "is LDAP and python-ldap is not installed", "pip install python-ldap")
    elif auth_type not in (1, 2):
        yield Finding(
            NOTE, "AUTH_TYPE", "is neither database nor LDAP: there is no password login", "callers use the session"
        )


def check_database() -> Iterator[Finding]:
    """Look at what the webserver makes in Airflow's database, and at the heartbeats of the other processes."""
    from airflow.utils.session import create_session
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            roles = _roles_with_our_permission(session)
        table_is_there = _revocation_table_is_there()
    except SQLAlchemyError as error:
        reason = str(error).partition("\n")[0]
        yield Finding(PROBLEM, "database", f"cannot be asked ({reason})", "start it, then `airflow db migrate`")
        return
    if not roles:
        yield Finding(PROBLEM, "permission", "'can create on Managed DAGs' is missing", "restart the webserver")
    elif "Admin" not in roles:
        yield Finding(PROBLEM, "permission", "the Admin role has no 'can create on Managed DAGs'", "airflow sync-perm")
    if not table_is_there:
        yield Finding(
            PROBLEM,
            "database",
            "the table of revoked tokens is missing, so that every token is refused",
            "restart the webserver; its log says why it cannot make the table",
        )
    yield from _check_heartbeats()


def _roles_with_our_permission(session: Session) -> set[str]:
    """Return the roles that may deploy, with an empty name for the permission itself; empty where it is missing."""
    from sqlalchemy import text

    question = text(
        "SELECT role.name FROM ab_permission_view pair"
        " JOIN ab_permission action ON action.id = pair.permission_id AND action.name = 'can_create'"
        " JOIN ab_view_menu resource ON resource.id = pair.view_menu_id AND resource.name = 'Managed DAGs'"
        " LEFT JOIN ab_permission_view_role grants ON grants.permission_view_id = pair.id"
        " LEFT JOIN ab_role role ON role.id = grants.role_id"
    )
    return {name or "" for (name,) in session.execute(question)}


def _revocation_table_is_there() -> bool:
    from openmetadata_airflow_apis.security import revocation

    return revocation.is_table_there()


def _check_heartbeats() -> Iterator[Finding]:
    from airflow.api.common.airflow_health import get_airflow_health
    from airflow.configuration import conf

    health = get_airflow_health()
    if health["scheduler"]["status"] != "healthy":
        yield Finding(PROBLEM, "scheduler", _last_heartbeat(health, "scheduler"), "start `airflow scheduler`")
    standalone = conf.getboolean("scheduler", "standalone_dag_processor", fallback=False)
    if standalone and health["dag_processor"]["status"] != "healthy":
        yield Finding(
            PROBLEM,
            "DAG processor",
            f"{_last_heartbeat(health, 'dag_processor')}, and nothing that is deployed is parsed",
            "start `airflow dag-processor`",
        )


def _last_heartbeat(health: dict[str, dict[str, str | None]], process: str) -> str:
    last = health[process].get(f"latest_{process}_heartbeat")
    return f"its last heartbeat was at {last}" if last else "it never ran with this database"
