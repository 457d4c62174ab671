"""Real Airflow processes for one test module: scheduler, webserver and, where asked for, DAG processor.

    with LiveAirflow(home, cluster.create_database("mine", "airflow")) as airflow:
        airflow.start("scheduler", "webserver")            # returns when /health and the heartbeats are good
        airflow.write_dag("sleepy.py", "from airflow import DAG ...")   # returns when it is in the database
        client = airflow.client("viewer")
        answer = client.old_door("dag_state", dag_id="sleepy", run_id="r1")      # a requests.Response
        answer = client.get("/rest_api/api/dags/sleepy")
        with airflow.session() as session:                 # SQLAlchemy, with Airflow's models
            session.query(TaskInstance)...
        airflow.wait_for(lambda: airflow.run_state("sleepy", "r1") == "success", "the run's success")
        airflow.stop("scheduler")                          # as a deploy of Airflow would; kill() as a crash

Whatever goes wrong, the exception carries the ends of the processes' logs. close(), which ends the `with`,
ends every process that has this AIRFLOW_HOME, the tasks' own included, and removes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import requests
import sqlalchemy

from support import airflow_home, stores
from support.client import Client
from support.running_airflow import RunningAirflow
from support.versions import AIRFLOW, TAKES_PARSING_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Self

    from support.postgres import Cluster

# How long a process may take to be ready: it shares two cores with the others.
_START_SECONDS = 120
_STOP_SECONDS = 20
# The webserver reads task logs from the same disk; a server for them would only need a port.
_OPTIONS = {"scheduler": ["--skip-serve-logs"]}
_JOB_TYPES = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}

# FAB's manager, and its basic authentication, moved into a provider.
_BASIC_AUTH = (
    "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
    if AIRFLOW >= (2, 9)
    else "airflow.api.auth.backend.basic_auth"
)

# Airflow's defaults save a large installation's database; a test would rather have its answer soon.
# dag_dir_list_interval stays at its 300 s: a deployed DAG must not depend on the next listing.
FAST_SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "8",
    "AIRFLOW__API__AUTH_BACKENDS": f"{_BASIC_AUTH},airflow.api.auth.backend.session",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    # Tasks beat every second by the first of these. The other is how late a beat may be before Airflow ends the task:
    # 0 leaves that to the five minutes of a lost task, since a busy machine misses a beat.
    "AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "0",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__PARSING_PROCESSES": "1",
    "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "60",
    "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
    "AIRFLOW__WEBSERVER__WORKERS": "2",  # of which one may wait
    "AIRFLOW__WEBSERVER__WORKER_REFRESH_INTERVAL": "0",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
}
if not TAKES_PARSING_REQUESTS:  # There it must: how an import is judged is found at the next listing and no earlier.
    FAST_SETTINGS["AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL"] = "5"
    FAST_SETTINGS["AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL"] = "5"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class LiveAirflow(RunningAirflow):
    """An Airflow installation that runs; its URL is `url`, its home `home`, its settings `environment`."""

    def __init__(
        self,
        home: Path,
        database_url: str | None = None,
        *,
        executor: str = "LocalExecutor",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Take an AIRFLOW_HOME with a migrated database: SQLite in home, or the one of the URL.

        SQLite wants executor="SequentialExecutor". Settings are AIRFLOW__… variables for all processes.
        """
        self.home = home
        stores.install_loaders(home / "dags")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW__", "COV_"))},
            **airflow_home.environment(home, database_url),
            **stores.environment(),
            **FAST_SETTINGS,
            "AIRFLOW__CORE__EXECUTOR": executor,
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": self.url.rpartition(":")[2],
            "AIRFLOW__WEBSERVER__BASE_URL": self.url,
            "PYTHONUNBUFFERED": "1",
            **(settings or {}),
        }
        self.engine = sqlalchemy.create_engine(self.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Return it as it is: start() says which processes are wanted."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def start(self, *services: str) -> None:
        """Start `airflow SERVICE` for each, together; return when all of them are ready."""
        started = datetime.now(timezone.utc)
        for service in services:
            if service in self._processes:
                raise ValueError(f"{service} is running")
            with self.log_path(service).open("ab") as log:
                self._processes[service] = subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-m", "airflow", service, *self._options(service)],
                    env=self.environment,
                    cwd=self.home,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        for service in services:
            if service == "webserver":
                self.wait_for(self._healthy, "the webserver's /health", seconds=_START_SECONDS)
            else:
                job_type = _JOB_TYPES[service]
                self.wait_for(
                    lambda job_type=job_type: self._heartbeats(job_type, started),
                    f"the {service}'s first heartbeat",
                    seconds=_START_SECONDS,
                )

    def _options(self, service: str) -> list[str]:
        if service == "webserver":  # there may be two of one home
            return ["--pid", str(self.home / f"webserver-{urlsplit(self.url).port}.pid")]
        return _OPTIONS.get(service, [])

    def stop(self, service: str) -> None:
        """End a service as `systemctl stop` would, and whatever it leaves behind after 20 s."""
        process = self._processes.pop(service)
        family = _family(process)
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        _kill(family)
        process.wait()

    def kill(self, service: str) -> None:
        """End a service as a crash of its machine would: it and its children, tasks too, at once."""
        process = self._processes.pop(service)
        _kill(_family(process))
        process.wait()

    def family(self, service: str) -> list[psutil.Process]:
        """Return a service's process and all its children, such as the webserver's gunicorn and its workers."""
        return _family(self._processes[service])

    def close(self) -> None:
        """End every process that has this AIRFLOW_HOME, and remove it."""
        self.engine.dispose()
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        # Tasks have sessions of their own, and outlive their scheduler.
        _kill([process for process in psutil.process_iter() if _home_of(process) == str(self.home)])
        for process in self._processes.values():
            process.wait()
        self._processes.clear()
        shutil.rmtree(self.home, ignore_errors=True)

    def client(self, user: str | None = "admin") -> Client:
        """Return a client of the webserver, logged in with a token as one of USERS, or as nobody."""
        client = Client(self.url)
        if user is not None:
            client.login(user, airflow_home.USERS[user][1])
        return client

    def write_dag(self, name: str, source: str) -> None:
        """Put a DAG file of somebody else's into the dags folder; return when it has been parsed."""
        path = self.home / "dags" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        written = datetime.now(timezone.utc)
        self.request_parse(path)
        self.wait_for(lambda: self._parsed(path, written), f"the parsing of {name}")

    def command(self, *arguments: str) -> str:
        """Run `airflow ARGUMENTS`; return what it printed."""
        return self._run("-m", "airflow", *arguments)

    def python(self, source: str, *arguments: str) -> str:
        """Run Python source in this Airflow's environment (about 4 s); return what it printed."""
        return self._run("-c", source, *arguments)

    def log_path(self, service: str) -> Path:
        """Return the file with the service's output."""
        return self.home / f"{service}.log"

    def log_tails(self, characters: int = 4000) -> str:
        """Return the ends of the services' logs and of the newest task logs, each under its name."""
        task_logs = sorted(self.home.glob("logs/dag_id=*/**/*.log"), key=lambda path: path.stat().st_mtime)
        logs = [*sorted(self.home.glob("*.log")), *task_logs[-3:]]
        return "\n".join(
            f"----- {path.relative_to(self.home)}\n{path.read_text(errors='replace')[-characters:]}" for path in logs
        )

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _healthy(self) -> bool:
        try:
            health = requests.get(f"{self.url}/health", timeout=10)
        except requests.ConnectionError:
            # Airflow waits two minutes for a gunicorn that has given up long since.
            if "Worker failed to boot" in self.log_path("webserver").read_text(errors="replace"):
                raise AssertionError(f"The webserver can't start\n{self.log_tails()}") from None
            return False
        return health.ok and health.json()["metadatabase"]["status"] == "healthy"


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _home_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("AIRFLOW_HOME")
    except psutil.Error:
        return None


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=_STOP_SECONDS)


@contextlib.contextmanager
def busy_airflow(cluster: Cluster, database: str) -> Iterator[LiveAirflow]:
    """A scheduler, and a webserver with two workers, on a database of their own."""
    url = cluster.create_database(database, "airflow")
    with LiveAirflow(airflow_home.make_home(), url, settings={"AIRFLOW__WEBSERVER__WORKERS": "2"}) as airflow:
        airflow.start("scheduler", "webserver")
        yield airflow
    cluster.drop_database(database)


@contextlib.contextmanager
def two_webservers(cluster: Cluster, database: str, **settings: str) -> Iterator[list[LiveAirflow]]:
    """Two webservers of one installation, two workers each: the same folders, the same database of their own.

    settings: of our section in airflow.cfg.
    """
    options = {f"AIRFLOW__OPENMETADATA_AIRFLOW_APIS__{name.upper()}": value for name, value in settings.items()}
    url = cluster.create_database(database, "airflow")
    home = airflow_home.make_home()
    with LiveAirflow(home, url, settings=options) as first, LiveAirflow(home, url, settings=options) as second:
        first.start("webserver")
        second.start("webserver")
        yield [first, second]
    cluster.drop_database(database)
