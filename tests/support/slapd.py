"""A throw-away OpenLDAP server, made of Debian's slapd."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

SUFFIX = "dc=example,dc=org"
ROOT_DN, ROOT_PASSWORD = f"cn=root,{SUFFIX}", "root-of-the-directory"

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
maxsize 10485760
suffix "{suffix}"
rootdn "{root_dn}"
rootpw {root_password}
directory {folder}/data
"""

_TREE = f"""
dn: {SUFFIX}
objectClass: domain
dc: example

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people
"""

_PERSON = """
dn: uid={name},ou=people,{suffix}
objectClass: inetOrgPerson
uid: {name}
cn: {name}
sn: Person
givenName: {name}
mail: {name}@ldap.example.org
userPassword: {password}
"""


class Directory:
    """A directory of people (name → password) on a free port of 127.0.0.1, while the with block lasts."""

    def __init__(self, people: dict[str, str]) -> None:
        self.people = people

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="omaa-slapd-"))
        (self._folder / "data").mkdir()
        configuration = self._folder / "slapd.conf"
        configuration.write_text(
            _CONFIGURATION.format(folder=self._folder, suffix=SUFFIX, root_dn=ROOT_DN, root_password=ROOT_PASSWORD)
        )
        tree = self._folder / "tree.ldif"
        persons = (
            _PERSON.format(name=name, password=password, suffix=SUFFIX) for name, password in self.people.items()
        )
        tree.write_text(_TREE + "".join(persons))
        # AppArmor confines the program at its own path to the machine's own directory.
        program = shutil.copy("/usr/sbin/slapd", self._folder / "slapd")
        subprocess.run([program, "-T", "add", "-f", configuration, "-l", tree], check=True, capture_output=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"ldap://127.0.0.1:{port}"
        # -d keeps it in the foreground
        with (self._folder / "slapd.log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, "-f", configuration, "-h", self.url, "-d", "0"], stdout=log, stderr=log
            )
        self._await(port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._folder)

    def _await(self, port: int) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError((self._folder / "slapd.log").read_text()) from None
                time.sleep(0.05)
            else:
                return
