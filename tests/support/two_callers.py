"""Two callers of two webservers of one installation who send the same at the same moment, round after round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.killed_changes import API, workflow
from support.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.client import Client
    from support.live import LiveAirflow

_DAGS = f"{API}/dags"
_ROUNDS_OF_A_LOGIN = 25


def deploy_with_one_tag(webservers: list[LiveAirflow], dag_id: str, rounds: int) -> None:
    """Deploy with the same If-Match on both; fail unless one wins, the other is 412, and each round is a version."""
    answer = webservers[0].client().post(_DAGS, json=workflow(dag_id, "first"))
    assert answer.status_code == 201, answer.text
    tag = answer.headers["ETag"]
    for number, clients in _rounds(webservers, rounds):
        answers = at_once(
            lambda caller, clients=clients, tag=tag, number=number: clients[caller].post(
                _DAGS, json=workflow(dag_id, f"{number} of {caller}"), headers={"If-Match": tag}
            ),
            2,
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412], [answer.text for answer in answers]
        (done,) = [answer for answer in answers if answer.status_code == 200]
        tag = done.headers["ETag"]
        assert done.json()["version_number"] == number + 2
    assert [airflow.client().get(f"{_DAGS}/{dag_id}").headers["ETag"] for airflow in webservers] == [tag, tag]


def deploy_and_trigger_with_one_key(webservers: list[LiveAirflow], dag_id: str, rounds: int) -> None:
    """Deploy, then trigger, with one Idempotency-Key on both; fail unless each round is one version and one run.

    Whoever is answered gets the same answer; 409 is who comes while the other's request is under way.
    """
    assert webservers[0].client().post(_DAGS, json=workflow(dag_id, "first")).status_code == 201
    runs = f"{_DAGS}/{dag_id}/dagRuns"
    for number, clients in _rounds(webservers, rounds):
        for path, body, status in ((_DAGS, workflow(dag_id, f"round {number}"), 200), (runs, {}, 201)):
            headers = {"Idempotency-Key": f"{path} {number}"}
            answers = at_once(
                lambda caller, clients=clients, path=path, body=body, headers=headers: clients[caller].post(
                    path, json=body, headers=headers
                ),
                2,
            )
            assert {answer.status_code for answer in answers} <= {status, 409}, [answer.text for answer in answers]
            again = [client.post(path, json=body, headers=headers) for client in clients]
            told = [(answer.status_code, answer.headers.get("Idempotent-Replayed")) for answer in again]
            assert told == [(status, "true")] * 2, [answer.text for answer in again]
            answered = [answer.json() for answer in (*answers, *again) if answer.status_code == status]
            assert answered == [again[0].json()] * len(answered)
    client = webservers[0].client()
    assert client.get(f"{runs}?limit=1").json()["total_entries"] == rounds
    assert client.get(f"{_DAGS}/{dag_id}").json()["version_number"] == rounds + 1


def _rounds(webservers: list[LiveAirflow], rounds: int) -> Iterator[tuple[int, list[Client]]]:
    """Yield the number of each round, and a client of each webserver, whose tokens live long enough."""
    clients: list[Client] = []
    for number in range(rounds):
        if number % _ROUNDS_OF_A_LOGIN == 0:
            clients = [airflow.client() for airflow in webservers]
        yield number, clients
