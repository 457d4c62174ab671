"""Machines on one network, all of them on this one: each has a disk, processes, a hostname and an address of its own.

    with Network() as network:
        one = network.add("one", disk=Path("/somewhere"), shared={folder: Path("/somewhere/shared")})
        one.start(["sleep", "60"], env={}, log=path)     # a Popen that ends when the program does
        one.unplug()                                     # no packet comes in or goes out
        one.plug_in()
        one.processes()                                  # psutil's, with the process ids of this machine
        one.path("/somewhere/file")                      # a file of its disk, as it is reached from here

A machine is a set of Linux namespaces (mount, network, UTS, process ids) with `bash` as its first process; a cable is
a pair of virtual Ethernet devices, one end of it in a bridge. Only root may make them.

Nothing outlives the test, however it ends: each first process reads a pipe and ends with it, the kernel then ends
every other process of its namespace, and with the last one the network devices are gone. No address is reachable
from another host.
"""

from __future__ import annotations

import contextlib
import pwd
import random
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

# What a machine does first. $0: its name; $1: the hosts file; $2: where its disk goes; then pairs of a folder that it
# shares with others and where it sees it. The folder of all machines is hidden behind an empty disk of no size.
_FIRST_PROCESS = """
set -e
hostname "$0"
mount --bind "$1" /etc/hosts
mount -t tmpfs -o mode=755 disk "$2"
hidden=$3
shift 3
while [ $# -gt 0 ]; do
    mkdir -p "$2"
    mount --bind "$1" "$2"
    shift 2
done
mount -t tmpfs -o size=4k,ro nothing "$hidden"
ip link set lo up
echo ready
read -r || true
"""
_SWITCH = """
set -e
ip link add switch type bridge
ip link set switch up
echo ready
read -r || true
"""


class Machine:
    """One machine; `address` is its own on the network, `name` its hostname."""

    def __init__(self, network: Network, name: str, address: str, holder: subprocess.Popen[str], first: int) -> None:
        self.name, self.address = name, address
        self._network, self._holder, self._first = network, holder, first

    def command(self, *, user: str | None = None) -> list[str]:
        """Return what comes before a program's name to run it on this machine, as root or as another user."""
        owner = pwd.getpwnam(user) if user else None
        who = [f"--setuid={owner.pw_uid}", f"--setgid={owner.pw_gid}"] if owner else []
        return ["nsenter", f"--target={self._first}", "--mount", "--net", "--uts", "--pid", *who, "--"]

    def start(
        self, program: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: str = "/"
    ) -> subprocess.Popen[bytes]:
        """Start a program on this machine, its output at the end of a file here."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self.command(), "env", f"--chdir={cwd}", *program],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def unplug(self) -> None:
        """Pull its network cable: what it sends is lost, and so is what others send to it."""
        self._network.switch("ip", "link", "set", self.name, "down")

    def plug_in(self) -> None:
        """Put the cable back."""
        self._network.switch("ip", "link", "set", self.name, "up")

    def processes(self, words: str = "") -> list[psutil.Process]:
        """Return its processes but the first one, or those that have these words in their command line."""
        own = _namespace(self._first)
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                is_here = process.pid != self._first and _namespace(process.pid) == own
                if is_here and words in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def kill_all(self) -> None:
        """End all its processes at once, as a loss of power would, and keep its disk and cable."""
        processes = self.processes()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=20)

    def path(self, path: str | Path) -> Path:
        """Return where a file of this machine is reached from here."""
        return Path(f"/proc/{self._first}/root{path}")

    def close(self) -> None:
        """End the machine and every process on it."""
        with contextlib.suppress(ProcessLookupError):
            psutil.Process(self._first).kill()
        self._holder.communicate()


class Network:
    """Machines and the switch between them; `folder` is theirs here, and no machine sees it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="omaa-nodes-"))
        self.machines: dict[str, Machine] = {}
        self._hosts = self.folder / "hosts"
        self._switch: subprocess.Popen[str] | None = None
        self._subnet = ""
        self._here: str | None = None

    def __enter__(self) -> Self:
        """Make the switch, and this machine's own address on it."""
        try:
            self._subnet = _free_subnet()
            # Written in place: machines that are there already have this very file mounted.
            self._hosts.write_text("127.0.0.1 localhost\n")
            self._switch = _holder(["unshare", "--net", "bash", "-c", _SWITCH])
            here = self._here = f"omaa{self._subnet.replace('.', '')}"
            _ip("link", "add", here, "type", "veth", "peer", "name", "here", "netns", str(self._switch.pid))
            _ip("address", "add", f"{self._subnet}.1/24", "dev", here)
            _ip("link", "set", here, "up")
            self.switch("ip", "link", "set", "here", "master", "switch", "up")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """End all machines."""
        self.close()

    def add(self, name: str, *, disk: Path, shared: Mapping[Path, Path]) -> Machine:
        """Start a machine. disk: the folder that is its own; shared: folders of here, and where it sees them."""
        address = f"{self._subnet}.{len(self.machines) + 2}"
        with self._hosts.open("a") as hosts:
            hosts.write(f"{address} {name}\n")
        disk.mkdir(parents=True, exist_ok=True)
        # Where the shared folders lie here is out of the machine's sight.
        hidden = self.folder / "shared"
        hidden.mkdir(exist_ok=True)
        folders = [str(path) for pair in shared.items() for path in pair]
        namespaces = ["--mount", "--net", "--uts", "--pid", "--fork", "--mount-proc"]
        arguments = [name, str(self._hosts), str(disk), str(hidden), *folders]
        holder = _holder(["unshare", *namespaces, "bash", "-c", _FIRST_PROCESS, *arguments])
        (first,) = psutil.Process(holder.pid).children()
        machine = Machine(self, name, address, holder, first.pid)
        self.machines[name] = machine
        self.switch("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(first.pid))
        self.switch("ip", "link", "set", name, "master", "switch", "up")
        for words in (["address", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            subprocess.run([*machine.command(), "ip", *words], check=True)
        return machine

    def switch(self, *command: str) -> None:
        """Run a command where the cables end."""
        assert self._switch is not None
        subprocess.run(["nsenter", f"--target={self._switch.pid}", "--net", "--", *command], check=True)

    def close(self) -> None:
        """End all machines and the switch, and remove the folder."""
        for machine in self.machines.values():
            machine.close()
        if self._here is not None:
            # The kernel does it too, some moments after the other end is gone.
            subprocess.run(["ip", "link", "delete", self._here], check=False, stderr=subprocess.DEVNULL)
        if self._switch is not None:
            self._switch.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


def _holder(command: list[str]) -> subprocess.Popen[str]:
    """Start a first process; return when it is ready. It ends when its input does."""
    holder = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/"
    )
    assert holder.stdout is not None
    said = holder.stdout.readline()
    if said != "ready\n":
        holder.kill()
        raise RuntimeError(f"{command[0]} failed: {said}{holder.communicate()[0]}")
    return holder


def _namespace(pid: int) -> str:
    """Return the name of the process-id namespace of a process."""
    return str(Path(f"/proc/{pid}/ns/pid").readlink())


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _free_subnet() -> str:
    """Return the first three numbers of a network that this machine knows no other way to.

    198.18.0.0/15 is set aside for tests between network devices (RFC 2544), and nobody's on the Internet.
    """
    routes = subprocess.run(["ip", "route"], check=True, capture_output=True, text=True).stdout
    while True:
        subnet = f"198.{random.choice((18, 19))}.{random.randrange(256)}"  # noqa: S311 - not a secret
        if f"{subnet}." not in routes:
            return subnet
