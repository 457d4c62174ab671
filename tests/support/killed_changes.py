"""Deploys, deletes, restores and bundles while gunicorn's workers are killed: each is repeated until it is answered.

What a change leaves is known beforehand. While it has no answer, each DAG is as it was or as it is to be; once it has
one, it is as it is to be, with one version more where the definition changed, however often the change was sent.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import psutil
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.client import Client
    from support.live import LiveAirflow

API = "/rest_api/api"
ALONE = [f"alone_{number}" for number in range(8)]
BUNDLED = [f"bundled_{number}" for number in range(6)]
_SECONDS = 120


@contextlib.contextmanager
def killing(webservers: list[LiveAirflow], luck: random.Random) -> Iterator[None]:
    """Kill one worker after another, as long as this is open."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(luck.uniform(0.05, 0.8)):
            family = luck.choice(webservers).family("webserver")
            workers = [process for process in family[1:] if process.pid != family[1].pid]
            with contextlib.suppress(psutil.Error, IndexError):
                luck.choice(workers).kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def workflow(name: str, description: str) -> dict[str, Any]:
    """The request that deploys a DAG of one task, whatever is deployed."""
    definition = {
        "description": description,
        "schedule": None,
        "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
    }
    return {"workflow": {"name": name, "force": True, "dag_config": {name: definition}}}


class Changes:
    """Changes of some DAGs, and what is deployed by them.

    history: of each DAG the descriptions of its versions, None for a deletion. unanswered: how often no answer came.
    """

    def __init__(self, clients: list[Client], luck: random.Random) -> None:
        self.clients = clients
        self.luck = luck
        self.history: dict[str, list[str | None]] = {name: [] for name in (*ALONE, *BUNDLED)}
        self.unanswered = 0
        self._number = 0

    def make(self) -> None:
        """Make one change, and check what it leaves."""
        self._number += 1
        name = self.luck.choice(ALONE)
        self.luck.choice([self._deploy, self._deploy, self._delete, self._restore, lambda _: self._apply()])(name)

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

    def _apply(self) -> None:
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
        deadline = time.monotonic() + _SECONDS
        while True:
            answer = self._answer(method, path, headers=headers, **body)
            if answer is not None and answer.status_code in good:
                break
            # 503: another process has still the locks, or the lost connection's transaction is not over yet.
            in_use = answer is not None and answer.json()["type"].endswith("/idempotency-key-in-use")
            assert answer is None or answer.status_code == 503 or in_use, answer.text
            assert time.monotonic() < deadline, f"no answer to {method} {path}"
            self.unanswered += 1
            for name, description in after.items():
                assert self._read(name, deadline) in (before[name], description), (method, path, name)
        for name, description in after.items():
            if description != before[name]:
                self.history[name].append(description)
            self._check(name, deadline)

    def _answer(self, method: str, path: str, **more: Any) -> requests.Response | None:
        """The answer of one of the webservers, None where its worker was killed over it."""
        with contextlib.suppress(requests.ConnectionError):
            return self.luck.choice(self.clients).request(method, API + path, **more)
        return None

    def _get(self, path: str, deadline: float) -> requests.Response:
        while (answer := self._answer("GET", path)) is None or answer.status_code == 503:
            assert time.monotonic() < deadline, f"no answer to GET {path}"
        return answer

    def _read(self, name: str, deadline: float) -> str | None:
        """The description of what is deployed under a name, None for nothing; never half of it."""
        answer = self._get(f"/dags/{name}", deadline)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()["definition"]["dag_config"][name]["description"]

    def _check(self, name: str, deadline: float) -> None:
        """Fail unless a DAG and its versions are those that were answered, without a hole."""
        assert self._read(name, deadline) == self.deployed(name), name
        versions = self.versions(name)
        answer = self._get(f"/dags/{name}/dagVersions?limit=1000&order_by=version_number", deadline)
        if not versions:
            assert answer.status_code == 404, answer.text
            return
        found = answer.json()["dag_versions"]
        assert [version["version_number"] for version in found] == list(range(1, len(versions) + 1)), name
        is_deleted = [version["deleted_at"] is not None for version in found]
        assert is_deleted[-1] == (self.deployed(name) is None), name


def soak(webservers: list[LiveAirflow], changes: int, *, seed: int) -> None:
    """Make so many changes while workers are killed; all of them are done in the end, and nothing else is left."""
    luck = random.Random(seed)  # noqa: S311 - for no secret
    done = Changes([airflow.client("admin") for airflow in webservers], luck)
    # Of the killer's own, so that what is changed does not hang on when it is killed.
    with killing(webservers, random.Random(seed + 1)):  # noqa: S311
        for _ in range(changes):
            done.make()
    assert done.unanswered
    deployed = sorted(name for name in done.history if done.deployed(name) is not None)
    deadline = time.monotonic() + _SECONDS
    page = done._get("/dags?limit=1000", deadline).json()
    ours = [dag for dag in page["dags"] if dag["dag_id"] in done.history]
    assert (page["damaged"], [dag["dag_id"] for dag in ours]) == ([], deployed)
    assert {dag["state"] for dag in ours} == {"parsed"}
    assert {dag["dag_id"] for dag in ours if dag["bundle_name"] == "soak"} == set(BUNDLED) & set(deployed)
    home = webservers[0].home
    left = {path.name for folder in ("dags", "dag_generated_configs") for path in (home / folder).iterdir()}
    whole = {f"{name}{suffix}" for name in deployed for suffix in (".py", ".json")}
    assert {name for name in left if name.startswith((*ALONE, *BUNDLED))} == whole
