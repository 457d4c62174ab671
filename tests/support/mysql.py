"""A MySQL or MariaDB of the tests' own: a throw-away server in a temporary folder.

    with Server("mysql") as server:                 # or "mariadb"
        server.create_database("airflow")           # as Airflow's documentation has it
        server.create_database("mine", "airflow")   # a copy, users and all
        create_engine(server.url("mine"))

It listens on a Unix socket in its folder and on no port, so that two test runs never meet. MariaDB's server is that
of Debian's package. MySQL's is the one that TESTS_MYSQLD names, which scripts/unpack_mysql fetches, or a machine's own.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine
    from typing_extensions import Self

_START_SECONDS = 120
# Nothing in it must survive a power cut. The one that Airflow asks for is explicit-defaults-for-timestamp.
_SETTINGS = (
    "--user=root",
    "--skip-networking",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=128M",
    "--innodb-doublewrite=0",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--explicit-defaults-for-timestamp=ON",
    "--default-time-zone=+00:00",
    "--max-connections=200",
)
_OF_MYSQL = ("--mysqlx=OFF", "--secure-file-priv=NULL", "--innodb-redo-log-capacity=64M")
_OF_MARIADB = ("--innodb-log-file-size=64M",)
# https://airflow.apache.org/docs/apache-airflow/stable/howto/set-up-database.html#setting-up-a-mysql-database
_CREATE = "CREATE DATABASE `{}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"


def program(kind: str) -> str:
    """Return the path of the server of that kind."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    if kind == "mariadb":
        found, cure = shutil.which("mariadbd", path=path), "run scripts/install_debian_packages mysql"
    else:
        found = os.environ.get("TESTS_MYSQLD") or shutil.which("mysqld", path=path)
        cure = "run scripts/unpack_mysql, and set TESTS_MYSQLD to what it prints"
        if (
            found
            and "MariaDB" in subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        ):
            found = None  # Debian's package of MariaDB has that name too
    if found is None:
        raise RuntimeError(f"The server of {kind} is not installed; {cure}")
    return found


class Server:
    """A MySQL or MariaDB server; its addresses are known before it is started, and nothing is left after stop()."""

    def __init__(self, kind: str) -> None:
        """Take a folder, for "mysql" or "mariadb"."""
        self.kind = kind
        # A short path: a Unix socket's may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="omaa-my-", dir="/tmp"))  # mkdtemp makes it ours
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it and remove its folder."""
        self.stop()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, for this process and for every other on this machine."""
        return f"mysql+mysqldb://root@localhost/{database}?unix_socket={self.folder}/socket&charset=utf8mb4"

    def start(self, kept: bytes | None = None) -> None:
        """Start the server, with the databases of a server before where they are given; return when it answers."""
        if kept is not None:
            with tarfile.open(fileobj=io.BytesIO(kept)) as archive:
                archive.extractall(self.folder, filter="data")
        elif self.kind == "mariadb":
            self._run("mariadb-install-db", "--no-defaults", f"--datadir={self._data}", "--user=root",
                      "--auth-root-authentication-method=normal", "--skip-test-db")  # fmt: skip
        else:
            self._run(program("mysql"), "--no-defaults", f"--datadir={self._data}", "--user=root",
                      "--initialize-insecure", "--secure-file-priv=NULL")  # fmt: skip
        self.resume()

    def resume(self) -> None:
        """Start the server of databases that are made; return when it takes connections."""
        places = [f"--datadir={self._data}", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"]
        own = _OF_MARIADB if self.kind == "mariadb" else _OF_MYSQL
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [program(self.kind), "--no-defaults", *places, *_SETTINGS, *own],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.kind} does not start:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)

    def pause(self) -> None:
        """Stop the server, connections or not, and keep its databases for resume()."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop the server, connections or not, and remove everything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or a copy of another; return its URL."""
        with self._engine().begin() as connection:
            connection.exec_driver_sql(_CREATE.format(name))
            if template is not None:
                # Tables in the order of their names: the references between them come when both are there.
                connection.exec_driver_sql("SET foreign_key_checks = 0")
                for (table,) in connection.exec_driver_sql(f"SHOW TABLES FROM `{template}`").all():
                    connection.exec_driver_sql(f"USE `{template}`")
                    definition = connection.exec_driver_sql(f"SHOW CREATE TABLE `{table}`").one()[1]
                    connection.exec_driver_sql(f"USE `{name}`")
                    connection.exec_driver_sql(definition.replace("%", "%%"))
                    connection.exec_driver_sql(f"INSERT INTO `{table}` SELECT * FROM `{template}`.`{table}`")  # noqa: S608
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database; raise when it is in use for long."""
        with self._engine().begin() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS `{name}`")

    def archive(self) -> bytes:
        """Stop the server and return all of its databases, for another's start()."""
        self.pause()
        archived = io.BytesIO()
        with tarfile.open(fileobj=archived, mode="w:gz", compresslevel=1) as archive:
            archive.add(self._data, "data")
        return archived.getvalue()

    def _engine(self) -> Engine:
        return sqlalchemy.create_engine(self.url(""), poolclass=NullPool)

    def _answers(self) -> bool:
        try:
            self._engine().connect().close()
        except OperationalError:
            return False
        return True

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
