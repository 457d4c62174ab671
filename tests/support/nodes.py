"""A large installation: CeleryExecutor, and every part of Airflow on a machine of its own (support.machines).

    with LargeInstallation(cache) as airflow:                # cache: conftest's database_cache
        airflow.start("scheduler", "webserver-1", "worker-1")   # of NODES; returns when all are ready
        client = airflow.client("webserver-1", "viewer")
        airflow.write_dag("sleepy.py", "from airflow import DAG ...")
        airflow.machines["worker-1"].unplug()                # a node that nobody reaches; plug_in() puts it back
        airflow.kill("worker-1")                             # as a loss of power would; stop() as systemctl would
        airflow.start("worker-1")
    with airflow.empty_folder("worker-1", "dag_managed_operators"): ...   # a node that lacks the files of a folder

With the file store the nodes share the folders that it needs on all of them, dags, dag_generated_configs and
dag_managed_operators; all else that is below AIRFLOW_HOME, the task logs for one, is on a disk of the node's own. With
TESTS_STORE=database they share nothing, write_file() gives each of them a copy, and there are two DAG processors.
PostgreSQL and Redis are on the node `data`. Each worker serves the queue `default`, and one of its own name.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import requests
import sqlalchemy

from support import airflow_home, stores
from support.client import Client
from support.live import FAST_SETTINGS
from support.machines import Machine, Network
from support.postgres import Cluster
from support.running_airflow import RunningAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

FOLDERS = ("dags", "dag_generated_configs", "dag_managed_operators")
# Below AIRFLOW_HOME, on each node's own disk: /tmp is this machine's, and all nodes have the same process ids.
_TEMPORARY = "tmp"
_PORT = 8080
# How long the parts may take to be ready, all of them together, on a machine that has two cores for them.
_START_SECONDS = 240
# Without it a process whose connection died unheard, while its node was cut off, waits for an answer for two hours.
_KEEPALIVE = "keepalives_idle=5&keepalives_interval=3&keepalives_count=3&tcp_user_timeout=15000"
_STOP_SECONDS = 30

NODES = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "webserver-1": ["webserver"],
    "webserver-2": ["webserver"],
    "worker-1": ["celery", "worker", "--queues", "default,worker-1"],
    "worker-2": ["celery", "worker", "--queues", "default,worker-2"],
}
if stores.STORE == "database":
    NODES["dag-processor-2"] = ["dag-processor"]
_JOB_TYPES = {
    "scheduler": "SchedulerJob",
    "dag-processor": "DagProcessorJob",
    "dag-processor-2": "DagProcessorJob",
}
# How old the last heartbeat of a DAG processor may be that is waited for: longer than a test is without one.
_HEARTBEAT_SECONDS_OF_WEBSERVERS = 120
_SETTINGS = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CORE__PARALLELISM": "16",
    "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True",
    # A task that is not heard of for so long is lost. Its process then ends itself, too.
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "20",
    "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "2",
    # A task whose worker could not begin it, since the database was away, is queued again soon (10 minutes by default).
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4",
    "AIRFLOW__CELERY__BROKER_URL": "redis://data:6379/0",
    "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(_PORT),
}


class LargeInstallation(RunningAirflow):
    """An Airflow on many machines; `home` is its AIRFLOW_HOME on each, `folder` what is below it on all."""

    def __init__(self, cache: Path) -> None:
        """Take what is kept from one test run to the next."""
        self.network = Network()
        self.home = self.network.folder / "airflow"
        self.folder = self.network.folder / "shared"
        self.machines: dict[str, Machine] = self.network.machines
        self.environment: dict[str, str] = {}
        self.database: Cluster | None = None
        self._cache, self._shared = cache, FOLDERS if stores.STORE == "files" else ()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._log_sizes: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Make the machines; on `data` start PostgreSQL, with a migrated database, and Redis."""
        try:
            self._enter()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def _enter(self) -> None:
        self.network.__enter__()
        data = self.network.add("data", disk=self.home, shared={})
        for name in self._shared:
            (self.folder / name).mkdir(parents=True)
        for name in NODES:
            shared = {self.folder / folder: self.home / folder for folder in self._shared}
            machine = self.network.add(name, disk=self.home, shared=shared)
            machine.path(self.home / "airflow.cfg").touch()
            for folder in (*FOLDERS, _TEMPORARY):
                machine.path(self.home / folder).mkdir(exist_ok=True)
            stores.install_loaders(machine.path(self.home / "dags"))
        self._processes["redis"] = data.start(
            ["redis-server", "--bind", data.address, "--protected-mode", "no", "--save", "", "--daemonize", "no"],
            env=os.environ,
            log=self.log_path("redis"),
        )
        self.database = Cluster(data)
        self.database.start()
        airflow_home.create_postgres_database(self.database, "airflow", self._cache)
        self.engine = sqlalchemy.create_engine(self.database.url("airflow"), pool_pre_ping=True)
        url = f"{self.database.network_url('airflow')}?{_KEEPALIVE}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW__", "COV_"))}
        self.environment = {
            **inherited,
            **airflow_home.environment(self.home, url),
            **stores.environment(),
            **FAST_SETTINGS,
            **_SETTINGS,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{url}",
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.home / _TEMPORARY),
        }

    def start(self, *nodes: str) -> None:
        """Start Airflow on nodes, together; return when it is ready on all of them."""
        started = datetime.now(timezone.utc)
        for node in nodes:
            self.start_only(node)
        for node in nodes:
            self.wait_for(lambda node=node: self._ready(node, started), f"{node} to be ready", seconds=_START_SECONDS)

    def start_only(self, node: str) -> None:
        """Start Airflow on a node without waiting for it."""
        if node in self._processes:
            raise ValueError(f"{node} is running")
        log = self.log_path(node)
        self._log_sizes[node] = log.stat().st_size if log.exists() else 0
        machine = self.machines[node]
        own = {
            "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": machine.address,
            "AIRFLOW__WEBSERVER__BASE_URL": f"http://{machine.address}:{_PORT}",
        }
        if NODES[node] == ["webserver"] and stores.STORE == "database":
            own["AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD"] = str(_HEARTBEAT_SECONDS_OF_WEBSERVERS)
        if node == "dag-processor-2":  # two processors share the requests for a parse; it comes by itself too
            own["AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL"] = "10"
        self._processes[node] = machine.start(
            [sys.executable, "-W", "ignore", "-m", "airflow", *NODES[node]],
            env={**self.environment, **own},
            log=log,
            cwd=str(self.home),
        )

    def stop(self, node: str) -> None:
        """End Airflow on a node as `systemctl stop` would, and whatever it leaves behind after 30 s."""
        process = self._processes.pop(node)
        for child in _children(process):
            child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        self.machines[node].kill_all()
        process.wait()

    def kill(self, node: str) -> None:
        """End every process of a node at once, tasks too."""
        process = self._processes.pop(node)
        self.machines[node].kill_all()
        process.wait()

    def start_ended(self) -> list[str]:
        """Start Airflow again on the nodes where it has ended by itself, as systemd would; return their names."""
        ended = [node for node in NODES if node in self._processes and self._processes[node].poll() is not None]
        for node in ended:
            self.kill(node)
        self.start(*ended)
        return ended

    def client(self, node: str = "webserver-1", user: str | None = "admin") -> Client:
        """Return a client of a webserver, logged in with a token as one of USERS, or as nobody."""
        client = Client(f"http://{self.machines[node].address}:{_PORT}")
        if user is not None:
            client.login(user, airflow_home.USERS[user][1])
        return client

    def write_dag(self, name: str, source: str) -> None:
        """Put a DAG file of somebody else's into the dags folder; return when it has been parsed."""
        self.write_file(f"dags/{name}", source)
        written = datetime.now(timezone.utc)
        path = self.home / "dags" / name
        self.request_parse(path)
        self.wait_for(lambda: self._parsed(path, written), f"the parsing of {name}")

    def write_file(self, name: str, text: str) -> None:
        """Write a file below AIRFLOW_HOME, in a shared folder or on each node."""
        for path in self._paths(name):
            path.write_text(text)

    def remove_file(self, name: str) -> None:
        """Take such a file away again."""
        for path in self._paths(name):
            path.unlink()

    @contextlib.contextmanager
    def empty_folder(self, node: str, name: str) -> Iterator[None]:
        """Have a node see an empty folder in place of one below AIRFLOW_HOME, which the others see as it is."""
        command, folder = self.machines[node].command(), str(self.home / name)
        subprocess.run([*command, "mount", "-t", "tmpfs", "-o", "size=1m", "nothing", folder], check=True)
        try:
            yield
        finally:
            # Lazily: a process that reads in it now goes on.
            subprocess.run([*command, "umount", "--lazy", folder], check=True)

    def _paths(self, name: str) -> list[Path]:
        nodes = list(NODES)[:1] if self._shared else NODES
        return [self.machines[node].path(self.home / name) for node in nodes]

    def command(self, node: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program on a node in its Airflow's environment; return how it ended and what it printed."""
        return subprocess.run(
            [*self.machines[node].command(), "env", f"--chdir={self.home}", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def log_path(self, node: str) -> Path:
        """Return the file with what a node's Airflow prints; it is here, not on the node."""
        return self.network.folder / f"{node}.log"

    def log_tails(self, characters: int = 3000) -> str:
        """Return the ends of the nodes' logs, and of the newest task logs of the workers, each under its name."""
        logs = {path.name: path for path in sorted(self.network.folder.glob("*.log"))}
        for node, machine in self.machines.items():
            written = machine.path(self.home).glob("logs/dag_id=*/**/*.log")
            newest = sorted(written, key=lambda path: path.stat().st_mtime)[-2:]
            logs |= {f"{node}: {path.parent.parent.parent.name} {path.parent.name}": path for path in newest}
        return "\n".join(
            f"----- {name}\n{path.read_text(errors='replace')[-characters:]}" for name, path in logs.items()
        )

    def close(self) -> None:
        """End everything; nothing of it is left on this machine."""
        if self.database is not None:
            self.engine.dispose()
            self.database.stop()
        self.network.close()
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def _ready(self, node: str, since: datetime) -> bool:
        if node in _JOB_TYPES:
            return self._heartbeats(_JOB_TYPES[node], since, hostname=node)
        if node.startswith("worker"):
            with self.log_path(node).open("rb") as log:
                log.seek(self._log_sizes[node])
                return f"celery@{node} ready".encode() in log.read()
        try:
            health = requests.get(f"http://{self.machines[node].address}:{_PORT}/health", timeout=10)
        except requests.RequestException:
            return False
        return health.ok and health.json()["metadatabase"]["status"] == "healthy"


def _children(process: subprocess.Popen[bytes]) -> list:
    """Return what nsenter has started: the program itself."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children()
    return []
