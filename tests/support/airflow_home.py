"""An AIRFLOW_HOME of the tests' own, with a database that is made once and copied for each pytest worker."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

USERS = {
    # user name: (role, password); every password differs from the user name
    "admin": ("Admin", "admin-secret"),
    "op": ("Op", "op-secret"),
    "user": ("User", "user-secret"),
    "viewer": ("Viewer", "viewer-secret"),
}


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
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def make_home() -> Path:
    """Return a new, empty AIRFLOW_HOME below the system's temporary folder."""
    home = Path(tempfile.mkdtemp(prefix="omaa-tests-"))
    (home / "dags").mkdir()
    return home


def prepare_database(home: Path) -> None:
    """Give home a migrated SQLite database with USERS in it, copied from one made on first use.

    Migrating takes most of a minute, so that one copy serves every worker of a pytest run.
    """
    template = Path(tempfile.gettempdir()) / f"omaa-tests-template-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    template.mkdir(exist_ok=True)
    with (template / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (template / "airflow.db").exists():
            building = template / "building"
            shutil.rmtree(building, ignore_errors=True)
            (building / "dags").mkdir(parents=True)
            env = {**os.environ, **environment(building)}
            airflow(env, "db", "migrate")
            _create_users(env)
            (building / "airflow.db").rename(template / "airflow.db")
    shutil.copy(template / "airflow.db", home / "airflow.db")


def airflow(env: dict[str, str], *arguments: str) -> str:
    """Run an airflow command; return what it printed, raise with its output if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"airflow {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _create_users(env: dict[str, str]) -> None:
    script = (
        "from airflow.www.app import cached_app\n"
        "from support.airflow_home import USERS\n"
        "manager = cached_app().appbuilder.sm\n"
        "for name, (role, password) in USERS.items():\n"
        "    assert manager.add_user(name, name, 'Test', name + '@example.org', manager.find_role(role), password)\n"
    )
    tests = str(Path(__file__).resolve().parent.parent)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], env={**env, "PYTHONPATH": tests}, check=True, capture_output=True
    )
