"""A PostgreSQL of the tests' own: a throw-away cluster from Debian's package, in a temporary folder.

    with Cluster() as cluster:
        cluster.load_template("airflow", dump)       # once; dump is made by cluster.dump("airflow")
        cluster.create_database("mine", "airflow")   # 0.1 s: a copy of the template, users and all
        create_engine(cluster.url("mine"))

It listens on a Unix socket in its folder and on no port, so that two test runs never meet; on one of support.machines
it listens on the port of that machine too. PostgreSQL refuses to run as root; a root user's cluster therefore belongs
to the user that Debian's package makes.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

    from support.machines import Machine

# Nothing in it must survive a power cut, so that no commit waits for the disk.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


def binaries() -> Path:
    """Return the folder of the newest PostgreSQL server that Debian's packages installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name))
    if not found:
        raise RuntimeError("PostgreSQL's server is not installed; run scripts/install_debian_packages")
    return found[-1].parent


class Cluster:
    """A PostgreSQL server; its addresses are known before it is started, and nothing is left after stop()."""

    def __init__(self, machine: Machine | None = None) -> None:
        """Take a folder, and the machine that it is to run on, where it is not this one."""
        self._machine = machine
        # A short path: a Unix socket's may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="omaa-pg-", dir="/tmp"))  # mkdtemp makes it ours
        self._data = str(self.folder / "data")
        self._log = self.folder / "log"
        self._running = False

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it and remove its folder."""
        self.stop()

    @property
    def socket(self) -> Path:
        """The Unix socket that the server listens on."""
        return self.folder / ".s.PGSQL.5432"

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, for this process and for every other on this machine."""
        return f"postgresql+psycopg2://airflow@/{database}?host={self.folder}"

    def network_url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database for the other machines of its network."""
        if self._machine is None:
            raise ValueError("This PostgreSQL listens on no port")
        return f"postgresql+psycopg2://airflow@{self._machine.name}/{database}"

    def start(self) -> None:
        """Make the cluster and start its server; return when it takes connections."""
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "--pgdata", self._data, "--username", "airflow", "--auth", "trust",
                  "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip
        if self._machine:
            with Path(self._data, "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet trust\n")
        self.resume()

    def resume(self) -> None:
        """Start the server of a cluster that is made; return when it takes connections."""
        options = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        options += f" -c unix_socket_directories={self.folder}"
        if self._machine:
            options += f" -c listen_addresses={self._machine.address}"
        self._run("pg_ctl", "--pgdata", self._data, "--log", str(self._log), "--options", options, "--wait", "start")
        self._running = True

    def pause(self) -> None:
        """Stop the server, connections or not, and keep its databases for resume()."""
        self._running = False
        self._run("pg_ctl", "--pgdata", self._data, "--mode", "fast", "--wait", "stop")

    def stop(self) -> None:
        """Stop the server, connections or not, and remove everything."""
        if self._running:
            self._running = False
            self._run("pg_ctl", "--pgdata", self._data, "--mode", "immediate", "--wait", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or a copy of another that nobody is connected to; return its URL."""
        self._run("createdb", *self._connection, *(["--template", template] if template else []), name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end the connections to it."""
        self._run("dropdb", *self._connection, "--force", "--if-exists", name)

    def dump(self, database: str) -> bytes:
        """Return a database as a dump that load_template takes."""
        return self._run("pg_dump", *self._connection, "--format", "custom", database, stdout=subprocess.PIPE)

    def load_template(self, name: str, dump: bytes) -> None:
        """Create a database from a dump."""
        self.create_database(name)
        self._run("pg_restore", *self._connection, "--dbname", name, "--single-transaction", input=dump)

    @property
    def _connection(self) -> tuple[str, ...]:
        return ("--host", str(self.folder), "--username", "airflow")

    def _run(self, program: str, *arguments: str, **options: Any) -> bytes:
        command = [str(binaries() / program)]
        if self._machine:
            command = [*self._machine.command(user="postgres"), *command]
        elif os.geteuid() == 0:
            options.update(user="postgres", group="postgres", extra_groups=[])
        # pg_ctl's server keeps what it inherits, so that its output must not be a pipe that we wait on.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [*command, *arguments],
                check=False,
                cwd="/",
                **{"stdout": output, "stderr": output, **options},
            )
            if done.returncode:
                output.seek(0)
                text = output.read().decode(errors="replace")
                with contextlib.suppress(OSError):
                    text += self._log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{program} {' '.join(arguments)} failed:\n{text}")
        return done.stdout or b""
