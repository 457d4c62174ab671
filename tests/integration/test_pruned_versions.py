"""Versions are pruned while others read, restore and deploy them: each is whole, or not there."""

from __future__ import annotations

import hashlib
import json
import random
from typing import TYPE_CHECKING

import pytest

from support import airflow_home
from support.killed_changes import workflow
from support.live import LiveAirflow
from support.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from support.client import Client
    from support.postgres import Cluster

DAGS = "/rest_api/api/dags"
DAG = f"{DAGS}/pruned"
VERSIONS = f"{DAG}/dagVersions"
DEPLOYS = 40


@pytest.fixture(scope="module")
def airflow(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A webserver with four processes that keeps two versions of a DAG."""
    url = cluster.create_database("pruned_versions", "airflow")
    settings = {"AIRFLOW__WEBSERVER__WORKERS": "4", "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__KEEP_VERSIONS": "2"}
    with LiveAirflow(airflow_home.make_home(), url, settings=settings) as airflow:
        airflow.start("webserver")
        yield airflow
    cluster.drop_database("pruned_versions")


class Callers:
    """One deploys and refreshes, which prunes; until it has ended, the others restore, read and compare versions."""

    def __init__(self, clients: list[Client]) -> None:
        self.clients = clients
        self.newest = 1
        self.is_over = False

    def act(self, number: int) -> None:
        """Do what the caller of this number does."""
        client, luck = self.clients[number], random.Random(number)  # noqa: S311 - for no secret
        if number == 0:
            try:
                self.deploy(client)
            finally:
                self.is_over = True
        act = (None, self.restore, self.read, self.compare)[number]
        while act is not None and not self.is_over:
            answer = act(client, max(1, self.newest - luck.randrange(6)))
            assert answer.status_code in (200, 404), answer.text

    def deploy(self, client: Client) -> None:
        """Deploy many versions, and refresh at each third."""
        for number in range(DEPLOYS):
            answer = client.post(DAGS, json=workflow("pruned", f"deploy {number}"))
            assert answer.status_code == 200, answer.text
            self.newest = answer.json()["version_number"]
            if number % 3 == 0:
                assert client.post(f"{DAGS}/refresh").status_code == 200

    def restore(self, client: Client, number: int) -> requests.Response:
        """Restore a version."""
        return client.post(f"{VERSIONS}/{number}/restore")

    def compare(self, client: Client, number: int) -> requests.Response:
        """Compare a version with the one before."""
        return client.get(f"{VERSIONS}/{number}/changes")

    def read(self, client: Client, number: int) -> requests.Response:
        """Read a version; fail where half of it is there."""
        answer = client.get(f"{VERSIONS}/{number}")
        if answer.status_code == 200:
            version = answer.json()
            canonical = json.dumps(version["canonical_definition"], separators=(",", ":")).encode()
            assert hashlib.sha256(canonical).hexdigest() == version["revision"]
            sent = version["definition"]["dag_config"]["pruned"]["description"]
            assert (version["version_number"], version["canonical_definition"]["dag"]["description"]) == (number, sent)
        return answer


def test_a_version_is_whole_or_not_there(airflow: LiveAirflow) -> None:
    """Reading, comparing and restoring a version is answered 404 or with all of it, and no number is left out."""
    callers = Callers([airflow.client() for _ in range(4)])
    client = callers.clients[0]
    assert client.post(DAGS, json=workflow("pruned", "first")).status_code == 201
    at_once(callers.act, 4)
    assert client.post(f"{DAGS}/refresh").json()["failed"] == []
    listed = client.get(VERSIONS).json()["dag_versions"]
    newest = listed[0]["version_number"]
    assert [version["version_number"] for version in listed] == [newest, newest - 1]
    assert [client.get(f"{VERSIONS}/{number}").status_code for number in (1, newest)] == [404, 200]
    assert client.get(DAG).json()["revision"] == listed[0]["revision"]
