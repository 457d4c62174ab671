"""Deploys, deletes, restores and bundles over which webservers' workers are killed: each is repeated until answered.

    changes = Changes(webservers, seed=7)          # LiveAirflow's, of one installation
    changes.kill(300)                              # as many requests lose the process that worked on them
    changes.check()                                # what is deployed, and how, in the end
    print(changes.figures())

What a change leaves is known beforehand. While it has no answer, each DAG is as it was or as it is to be; once it has
one, it is as it is to be, with one version more where the definition changed, however often the change was sent.

A change loses its process up to three times and is then left alone, so that how quick the machine is decides nothing.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import requests

from support import stores
from support.workflows import bash, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.client import Client
    from support.live import LiveAirflow

API = "/rest_api/api"
ALONE = [f"alone_{number}" for number in range(8)]
BUNDLED = [f"bundled_{number}" for number in range(6)]
MOST_KILLS = 3  # of one change
# What a caller is told whose worker is killed: before the answer's first byte, or after it.
BROKEN_OFF = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
# How long a change may have no answer when nobody is killed any more.
_SECONDS = 300
# After how long a client logs in again: a token lives for fifteen minutes.
_TOKEN_SECONDS = 300


def kill_workers(airflow: LiveAirflow) -> None:
    """Kill all processes of a webserver that answer requests; gunicorn's first one starts others."""
    webserver = airflow.family("webserver")[0]
    for master in webserver.children():
        for worker in master.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()


@contextlib.contextmanager
def killing(airflow: LiveAirflow, when: Callable[[], bool]) -> Iterator[None]:
    """Kill a webserver's workers as soon as this is true, if it ever is before the end of the `with`."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if when():
                kill_workers(airflow)
                return
            over.wait(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def workflow(name: str, description: str) -> dict[str, Any]:
    """The request that deploys a DAG of one task, whatever is deployed."""
    body = request(name, description=description, tasks={"first": bash()})
    body["workflow"]["force"] = True
    return body


def files_of(airflow: LiveAirflow, *beginnings: str) -> set[str]:
    """The names of the files whose names begin so, hidden or not; but for locks, which mean nothing unless held."""
    names = {path.name for path in airflow.home.glob("dag*/*") if path.suffix != ".lock"}
    return {name for name in names if name.lstrip(".").startswith(beginnings)}


def answered(airflow: LiveAirflow, method: str, path: str, **more: Any) -> requests.Response:
    """Send a request until it is answered and no longer refused because a killed process has still something."""
    client = airflow.client()
    deadline = time.monotonic() + _SECONDS
    while is_in_the_way(answer := client.request(method, path, **more)):
        assert time.monotonic() < deadline, answer.text
    return answer


def is_in_the_way(answer: requests.Response) -> bool:
    """Say whether another process has still the locks, or a lost connection's transaction is not over yet."""
    return answer.status_code == 503 or (
        answer.status_code == 409 and answer.json()["type"].endswith("/idempotency-key-in-use")
    )


class Changes:
    """Changes of some DAGs, and what is deployed by them.

    history: of each DAG the descriptions of its versions, None for a deletion. killed: how many requests were broken
    off by a kill. answered: how many changes of each kind were answered in the end.
    """

    def __init__(self, webservers: list[LiveAirflow], *, seed: int) -> None:
        self.webservers = webservers
        self.luck = random.Random(seed)  # noqa: S311 - for no secret
        self.history: dict[str, list[str | None]] = {name: [] for name in (*ALONE, *BUNDLED)}
        self.killed = 0
        self.answered: Counter[str] = Counter()
        self._began = time.monotonic()
        self._clients: dict[str, tuple[Client, float]] = {}
        self._number = 0
        # How long each kind of change has taken at most, lately: the moment of a kill is drawn from that.
        self._took: dict[str, float] = defaultdict(lambda: 0.5)

    def kill(self, times: int) -> None:
        """Make changes until so many requests have lost their process; check what each change leaves."""
        while self.killed < times:
            self._number += 1
            name = self.luck.choice(ALONE)
            self.luck.choice([self._deploy, self._deploy, self._delete, self._restore, self._apply])(name)

    def check(self) -> None:
        """Fail unless each DAG is there as it was answered last, known to be so, and nothing else is left."""
        deployed = sorted(name for name in self.history if self.deployed(name) is not None)
        page = self._get("/dags?limit=1000").json()
        ours = [dag for dag in page["dags"] if dag["dag_id"] in self.history]
        assert (page["damaged"], [dag["dag_id"] for dag in ours]) == ([], deployed)
        assert {dag["state"] for dag in ours} <= {"parsed"}
        in_bundle = {dag["dag_id"] for dag in ours if dag["bundle_name"] == "soak"}
        assert in_bundle == set(BUNDLED) & set(deployed)
        whole = {Path(path).name for name in deployed for path in stores.files_of(name)}
        assert files_of(self.webservers[0], *ALONE, *BUNDLED) == whole

    def figures(self) -> str:
        """What was done so far, in one line."""
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(self.answered.items()))
        changes = sum(self.answered.values())
        minutes = (time.monotonic() - self._began) / 60
        versions = sum(len(self.versions(name)) for name in self.history)
        return (
            f"{stores.STORE}: {self.killed} requests lost their process, {changes} changes were answered ({kinds}), "
            f"{versions} versions, {minutes:.0f} minutes"
        )

    def deployed(self, name: str) -> str | None:
        """The description of what is deployed under a name, by what was answered."""
        return self.history[name][-1] if self.history[name] else None

    def versions(self, name: str) -> list[str]:
        """The descriptions of a DAG's versions, by what was answered."""
        return [description for description in self.history[name] if description is not None]

    def _deploy(self, name: str) -> None:
        description = f"deploy {self._number}"
        self._send("POST", "/dags", {name: description}, json=workflow(name, description))

    def _delete(self, name: str) -> None:
        if self.deployed(name) is not None:
            # Repeated after its first request has done it, it finds nothing.
            self._send("DELETE", f"/dags/{name}", {name: None}, good=(200, 404))

    def _restore(self, name: str) -> None:
        versions = self.versions(name)
        if versions:
            number = self.luck.randrange(len(versions))
            path = f"/dags/{name}/dagVersions/{number + 1}/restore"
            self._send("POST", path, {name: versions[number]})

    def _apply(self, _: str) -> None:
        after: dict[str, str | None] = dict.fromkeys(BUNDLED)
        for name in self.luck.sample(BUNDLED, 4):
            changes = self.luck.random() < 0.5
            after[name] = f"bundle {self._number}" if changes else self.deployed(name) or f"bundle {self._number}"
        workflows = [workflow(name, description) for name, description in after.items() if description is not None]
        self._send("PUT", "/bundles/soak", after, json={"workflows": workflows, "prune": True})

    def _send(
        self, method: str, path: str, after: dict[str, str | None], *, good: tuple[int, ...] = (200, 201), **body: Any
    ) -> None:
        """Send a request until it is answered. after: what is deployed under the names that it changes."""
        headers = {"Idempotency-Key": str(uuid.UUID(int=self.luck.getrandbits(128)))}
        before = {name: self.deployed(name) for name in after}
        kind = f"{method} {path.rpartition('/')[2] if 'Versions' in path else path.split('/')[1]}"
        kills = self.luck.randint(0, MOST_KILLS)
        answers: list[tuple[float, Any]] = []
        deadline = time.monotonic() + _SECONDS
        while True:
            began = time.monotonic()
            moment = began + self.luck.uniform(0, 1.1 * self._took[kind]) if kills else deadline
            answer = self._answer(method, path, moment, headers=headers, **body)
            took = time.monotonic() - began
            answers.append((round(took, 2), answer if answer is None else (answer.status_code, answer.text)))
            if answer is not None and answer.status_code in good:
                self._took[kind] = max(took, 0.8 * self._took[kind])
                self.answered[kind] += 1
                break
            assert answer is None or is_in_the_way(answer), answer.text
            assert time.monotonic() < deadline, f"no answer to {method} {path} but {answers}"
            if answer is None:
                self.killed += 1
                kills = max(kills - 1, 0)
                deadline = time.monotonic() + _SECONDS
                for name, description in after.items():
                    assert self._read(name) in (before[name], description), (method, path, name)
        for name, description in after.items():
            if description != before[name]:
                self.history[name].append(description)
            self._check(name)

    def _answer(self, method: str, path: str, moment: float, **more: Any) -> requests.Response | None:
        """The answer of one of the webservers, None where its workers were killed over it, which they are then."""
        airflow = self.luck.choice(self.webservers)
        client = self._client(airflow)
        with killing(airflow, lambda: time.monotonic() > moment), contextlib.suppress(*BROKEN_OFF):
            return client.request(method, API + path, **more)
        return None

    def _client(self, airflow: LiveAirflow) -> Client:
        """A client that logs in again before its token expires."""
        client, until = self._clients.get(airflow.url, (None, 0.0))
        if client is None or time.monotonic() > until:
            client = airflow.client("admin")
            self._clients[airflow.url] = client, time.monotonic() + _TOKEN_SECONDS
        return client

    def _get(self, path: str) -> requests.Response:
        deadline = time.monotonic() + _SECONDS
        while (answer := self._answer("GET", path, deadline)) is None or answer.status_code == 503:
            assert time.monotonic() < deadline, f"no answer to GET {path}"
        return answer

    def _read(self, name: str) -> str | None:
        """The description of what is deployed under a name, None for nothing; never half of it."""
        answer = self._get(f"/dags/{name}")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        definition = answer.json()["definition"]
        description: str = definition["dag_config"][name]["description"]
        assert definition["dag_config"] == workflow(name, description)["workflow"]["dag_config"]
        return description

    def _check(self, name: str) -> None:
        """Fail unless a DAG and its versions are those that were answered, without a hole."""
        assert self._read(name) == self.deployed(name), name
        versions = self.versions(name)
        answer = self._get(f"/dags/{name}/dagVersions?limit=1000&order_by=version_number")
        if not versions:
            assert answer.status_code == 404, answer.text
            return
        found = answer.json()["dag_versions"]
        numbers = [version["version_number"] for version in found]
        assert numbers == list(range(1, len(versions) + 1)), (name, self.history[name], found)
        is_deleted = [version["deleted_at"] is not None for version in found]
        assert is_deleted[-1] == (self.deployed(name) is None), name
