"""AIRFLOW_HOMEs of the tests' own, and their databases: migrated once, then copied.

Migrating a database and giving it users takes half a minute. It is done once for each version of Airflow
and kept in pytest's cache (`pytest --cache-clear` forgets it). What is kept is bare Airflow: this project's
plugin isn't loaded while it is made, so that a change here needs no new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.mysql import Server
    from support.postgres import Cluster

USERS = {
    # user name: (role, password); every password differs from the user name
    "admin": ("Admin", "admin-secret"),
    "op": ("Op", "op-secret"),
    "user": ("User", "user-secret"),
    "viewer": ("Viewer", "viewer-secret"),
}

_MAKE_DATABASE = """
import json, sys
from airflow import plugins_manager
from airflow.utils import db
plugins_manager.load_entrypoint_plugins = lambda: None
db.initdb()
from airflow.www.app import cached_app
manager = cached_app().appbuilder.sm
for name, (role, password) in json.loads(sys.argv[1]).items():
    assert manager.add_user(name, name, "Test", name + "@example.org", manager.find_role(role), password)
"""


def environment(home: Path, database_url: str | None = None) -> dict[str, str]:
    """Return the Airflow settings that every test process shares, rooted in home."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url or f"sqlite:///{home}/airflow.db",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__WEBSERVER__SECRET_KEY": "a-secret-key-of-the-tests-alone-0123456789",
        "AIRFLOW__WEBSERVER__RELOAD_ON_PLUGIN_CHANGE": "False",
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        # Airflow warns wherever the old unit (seconds) is in force.
        "AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY": "True",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # Executors start `airflow` from PATH.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def make_home() -> Path:
    """Return a new AIRFLOW_HOME below the system's temporary folder, empty but for dags/."""
    home = Path(tempfile.mkdtemp(prefix="omaa-tests-"))
    (home / "dags").mkdir()
    (home / "airflow.cfg").touch()  # Airflow < 2.8 would write one with a secret key of its own
    return home


def create_sqlite_database(home: Path, cache: Path) -> None:
    """Give home a migrated SQLite database with USERS in it."""
    shutil.copy(_kept(cache, "sqlite", _make_sqlite), home / "airflow.db")


def create_postgres_database(cluster: Cluster, name: str, cache: Path) -> None:
    """Give a running cluster a migrated database with USERS in it, which can be a template of others."""
    cluster.load_template(name, _kept(cache, "postgres", _make_postgres).read_bytes())


def start_mysql(server: Server, cache: Path) -> None:
    """Start a server whose database `airflow` is migrated, has USERS in it, and can be copied."""
    server.start(_kept(cache, server.kind, partial(_make_mysql, server.kind)).read_bytes())


def _kept(cache: Path, kind: str, make: Callable[[Path], None]) -> Path:
    """Return the kept file of that kind; where it is missing, the first of pytest's workers makes it."""
    path = cache / f"{kind}-{_fingerprint()}"
    with (cache / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            beside = path.with_suffix(".new")
            make(beside)
            beside.rename(path)
    return path


def _fingerprint() -> str:
    """Return a name for everything that a kept database depends on."""
    parts = [repr(USERS), _MAKE_DATABASE]
    for name in ("apache-airflow", "apache-airflow-providers-fab", "Flask-AppBuilder"):
        # None for the provider with Airflow < 2.9, which has FAB's manager inside
        parts += [f"{name}=={found.version}" for found in importlib.metadata.distributions(name=name)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _make_sqlite(path: Path) -> None:
    home = make_home()
    try:
        _make_database(environment(home))
        shutil.copy(home / "airflow.db", path)
    finally:
        shutil.rmtree(home)


def _make_postgres(path: Path) -> None:
    from support.postgres import Cluster

    home = make_home()
    try:
        with Cluster() as cluster:
            _make_database(environment(home, cluster.create_database("airflow")))
            path.write_bytes(cluster.dump("airflow"))
    finally:
        shutil.rmtree(home)


def _make_mysql(kind: str, path: Path) -> None:
    from support.mysql import Server

    home = make_home()
    try:
        with Server(kind) as server:
            _make_database(environment(home, server.create_database("airflow")))
            path.write_bytes(server.archive())
    finally:
        shutil.rmtree(home)


def _make_database(settings: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MAKE_DATABASE, json.dumps(USERS)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Making Airflow's database failed:\n{done.stdout}\n{done.stderr}")
