"""`kill -9` of the webservers' workers over changes, and callers at the same moment; `tox -e faults` has hundreds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from openmetadata_airflow_apis.stores.version_rows import TABLE
from support import stores
from support.killed_changes import API, BROKEN_OFF, Changes, answered, files_of, killing, workflow
from support.live import two_webservers
from support.threads import at_once
from support.two_callers import deploy_and_trigger_with_one_key, deploy_with_one_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.live import LiveAirflow
    from support.postgres import Cluster

IN_ORDER = frozenset({"parsed"})


@pytest.fixture(scope="module")
def webservers(cluster: Cluster) -> Iterator[list[LiveAirflow]]:
    """Two webservers of two workers each, beside one another."""
    with two_webservers(cluster, "killed_few") as webservers:
        yield webservers


def bundle(names: list[str], description: str) -> dict[str, Any]:
    """The request that makes these DAGs a bundle, and no others."""
    return {"prune": True, "workflows": [workflow(name, description) for name in names]}


def descriptions(airflow: LiveAirflow, bundle_name: str, states: frozenset[str] = IN_ORDER) -> dict[str, str]:
    """The descriptions of a bundle's DAGs, each of which is whole and in one of these states."""
    client = airflow.client()
    dags = client.get(f"{API}/dags?bundle_name={bundle_name}&limit=1000").json()["dags"]
    assert {dag["state"] for dag in dags} <= states
    definitions = {
        dag["dag_id"]: client.get(f"{API}/dags/{dag['dag_id']}").json()["definition"]["dag_config"] for dag in dags
    }
    return {name: definition[name]["description"] for name, definition in definitions.items()}


def test_deploys_deletes_restores_and_bundles(webservers: list[LiveAirflow]) -> None:
    """Each DAG is old or new, its versions have no hole, and a repetition with the same key has one effect."""
    changes = Changes(webservers, seed=7)
    changes.kill(15)
    changes.check()


def test_a_bundle_of_fifty_that_is_killed_in_the_middle(webservers: list[LiveAirflow]) -> None:
    """Applied again, it ends as one application would: each DAG deployed, changed or deleted once."""
    first, second = webservers
    path = f"{API}/bundles/large"
    names = [f"large_{number:02}" for number in range(60)]

    def versions() -> int:
        with first.engine.connect() as connection:
            return connection.scalar(text(f"SELECT count(*) FROM {TABLE.name} WHERE dag_id LIKE 'large%'"))  # noqa: S608

    for word, members in (("old", names[:50]), ("new", names[10:])):
        request = {"json": bundle(members, word), "headers": {"Idempotency-Key": f"large {word}"}}
        before = versions()
        with killing(first, lambda before=before: versions() >= before + 20), pytest.raises(BROKEN_OFF):
            first.client().request("PUT", path, **request)
        assert before + 20 <= versions() < before + 50
        meanwhile = descriptions(first, "large", IN_ORDER | {"pending"})  # the one that was under way
        assert (set(meanwhile) <= set(names), set(meanwhile.values()) <= {"old", "new"}) == (True, True)
        again = answered(second, "PUT", path, **request)
        assert again.status_code == 200, again.text
        assert descriptions(second, "large") == dict.fromkeys(members, word)

    client = second.client()
    for number, name in enumerate(names):
        answer = client.get(f"{API}/dags/{name}/dagVersions?order_by=version_number")
        made = [
            (version["version_number"], version["deleted_at"] is not None) for version in answer.json()["dag_versions"]
        ]
        once = [(1, number < 10)]
        assert (name, made) == (name, once if number < 10 or number >= 50 else [(1, False), (2, False)])
    assert files_of(first, "large") == {Path(path).name for name in names[10:] for path in stores.files_of(name)}


def test_two_callers_with_one_bundle_come_one_after_the_other(webservers: list[LiveAirflow]) -> None:
    """On two webservers at the same moment: in each round the bundle is what one has sent, and nothing else."""
    names = [["both", "of_the_first"], ["both", "of_the_second", "another_of_the_second"]]
    for number in range(10):
        bodies = [bundle(names[caller], f"{number} of {caller}") for caller in range(2)]
        answers = at_once(
            lambda caller, bodies=bodies: (
                webservers[caller].client().request("PUT", f"{API}/bundles/pair", json=bodies[caller])
            ),
            2,
        )
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        assert descriptions(webservers[number % 2], "pair") in [
            dict.fromkeys(names[caller], f"{number} of {caller}") for caller in range(2)
        ]


def test_two_callers_with_one_tag_or_one_key(webservers: list[LiveAirflow]) -> None:
    """Of two deploys with the same If-Match one wins; two requests with one Idempotency-Key have one effect."""
    deploy_with_one_tag(webservers, "one_tag", 5)
    deploy_and_trigger_with_one_key(webservers, "one_key", 5)
