"""Callers of every kind for half an hour: no answer of 5xx, and nothing that grows.

A webserver of two gunicorn workers, a scheduler that runs what is triggered, and PostgreSQL; SOAK_MINUTES says for how
long.
"""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil
import sqlalchemy

from support import airflow_home
from support.live import busy_airflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from support.client import Client
    from support.live import LiveAirflow
    from support.postgres import Cluster

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
CALLERS = 6
DAGS_EACH = 4
MOST_RUNS = 20  # of a DAG, before it is deleted and deployed anew
SAMPLES_SECONDS = min(10.0, 0.6 * MINUTES)
DAGS = "/rest_api/api/dags"
BASH = "airflow.operators.bash.BashOperator"
STATES = ["success", "failed", "running", "queued"]


@dataclass
class Figures:
    """What was seen: answers by operation and status, those of 5xx whole, seconds by operation, and the samples."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    samples: list[dict[str, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, answer: requests.Response) -> None:
        """Count an answer."""
        with self.lock:
            self.answers[name, answer.status_code] += 1
            self.seconds.setdefault(name, []).append(answer.elapsed.total_seconds())
            if answer.status_code >= 500:
                self.broken.append(f"{name}: {answer.status_code} {answer.text[:500]}")


class Caller:
    """One caller with DAGs of its own, which does one thing after another."""

    def __init__(self, client: Client, number: int, figures: Figures, tokens: Mapping[str, str]) -> None:
        self._client, self._number, self._figures = client, number, figures
        client.token, self._refresh_token = tokens["access_token"], tokens["refresh_token"]
        self._random = random.Random(number)  # noqa: S311 - the same choices each time
        self._runs: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()
        for index in range(DAGS_EACH):
            self.deploy(f"soak_{number}_{index}")

    def work(self, until: float) -> None:
        """Call until then."""
        acts = list(ACTS)
        weights = list(ACTS.values())
        while time.monotonic() < until:
            name = self._random.choices(acts, weights)[0]
            dag_id = f"soak_{self._number}_{self._random.randrange(DAGS_EACH)}"
            getattr(self, name)(dag_id)

    def deploy(self, dag_id: str) -> None:
        self._versions[dag_id] += 1
        self._post("deploy_dag", DAGS, json={"workflow": self._workflow(dag_id)})

    def faulty(self, dag_id: str) -> None:
        workflow = self._workflow(dag_id)
        workflow["dag_config"][dag_id]["tasks"]["load"]["trigger_rul"] = "all_done"
        self._post("deploy_dag (faulty)", DAGS, json={"workflow": workflow})
        self._post("deploy_dag (no JSON)", DAGS, data="{", headers={"Content-Type": "application/json"})

    def bundle(self, _: str) -> None:
        names = [f"soak_bundle_{self._number}_{index}" for index in range(self._random.randrange(1, 4))]
        body = {"workflows": [{"workflow": self._workflow(name)} for name in names], "prune": True}
        self._call("PUT", "apply_bundle", f"/rest_api/api/bundles/soak_{self._number}", json=body)

    def trigger(self, dag_id: str) -> None:
        if self._runs[dag_id] >= MOST_RUNS:
            if self._call("DELETE", "delete_dag", f"{DAGS}/{dag_id}").status_code == 200:
                self._runs[dag_id] = 0
                self.deploy(dag_id)
            return
        self._runs[dag_id] += 1
        self._post("trigger_dag", f"{DAGS}/{dag_id}/dagRuns", json={"conf": {"pause": self._random.choice([0, 0, 5])}})

    def look(self, dag_id: str) -> None:
        self._get("list_dags", DAGS, params={"limit": 20, "recent_runs": 5})
        self._get("list_dags (filtered)", DAGS, params={"state": "parsed", "dag_id_pattern": "soak", "limit": 5})
        self._get("get_dag", f"{DAGS}/{dag_id}")
        self._get("list_dag_runs", f"{DAGS}/{dag_id}/dagRuns", params={"state": self._random.choice(STATES)})
        self._get("list_task_summaries", f"{DAGS}/{dag_id}/taskSummaries")

    def follow(self, dag_id: str) -> None:
        run = self._any_run(dag_id)
        self._get("dag_state", run, params={"wait": self._random.choice([0, 2])})
        self._get("explain_dag_run", f"{run}/explanation")
        self._get("list_task_instances", f"{run}/taskInstances")
        self._get("task_instance_detail", f"{run}/taskInstances/load")
        self._get("task_log", f"{run}/taskInstances/load/logs")

    def repair(self, dag_id: str) -> None:
        run = self._any_run(dag_id)
        verb = self._random.choice(["restart", "kill", "taskInstances/load/skip", "taskInstances/fail/succeed"])
        self._post(verb.rpartition("/")[2], f"{run}/{verb}", params={"dry_run": self._random.choice(["true", "false"])})
        self._post("restart_dag_runs", f"{DAGS}/{dag_id}/dagRuns/restart", json={"states": ["failed"]})

    def history(self, dag_id: str) -> None:
        versions = f"{DAGS}/{dag_id}/dagVersions"
        listed = self._get("list_dag_versions", versions)
        numbers = [version["version_number"] for version in listed.json().get("dag_versions", [])] or [1]
        self._get("get_dag_version", f"{versions}/{numbers[0]}")
        self._get("compare_dag_versions", f"{versions}/{numbers[0]}/changes", params={"against": numbers[-1]})
        self._post("restore_dag_version", f"{versions}/{self._random.choice(numbers)}/restore", json={})

    def old_door(self, dag_id: str) -> None:
        for operation, arguments in {"dag_state": {"run_id": "none"}, "list_dags": {}, "nothing": {}}.items():
            params = (
                {"api": operation, "dag_id": dag_id, **arguments} if operation == "dag_state" else {"api": operation}
            )
            self._get(f"old door: {operation}", "/rest_api/api", params=params)

    def switch(self, dag_id: str) -> None:
        for paused in (True, False):
            self._call("PATCH", "patch_dag", f"{DAGS}/{dag_id}", json={"is_paused": paused})

    def refresh(self, _: str) -> None:
        headers = {"Authorization": f"Bearer {self._refresh_token}"}
        self._client.token = self._post("refresh", "/api/v1/security/refresh", headers=headers).json()["access_token"]

    def nobody(self, _: str) -> None:
        self._get("without a token", DAGS, headers={"Authorization": "Bearer nonsense"})
        self._get("health", "/rest_api/api/health")
        self._get("page of a problem", "/rest_api/api/problems/dag-not-found", headers={"Accept": "text/html"})

    def _workflow(self, name: str) -> dict[str, Any]:
        command = f"echo {self._versions[name]}; sleep {{{{ dag_run.conf.get('pause', 0) }}}}"
        tasks = {
            "load": {"operator": BASH, "bash_command": command},
            "fail": {"operator": BASH, "bash_command": self._random.choice(["exit 3", "true"])},
            "report": {"operator": BASH, "bash_command": "true", "dependencies": ["load", "fail"]},
        }
        config = {"schedule": None, "start_date": "2024-01-01", "tasks": tasks}
        return {"name": name, "force": True, "unpause": True, "dag_config": {name: config}}

    def _any_run(self, dag_id: str) -> str:
        runs = self._get("list_dag_runs", f"{DAGS}/{dag_id}/dagRuns", params={"limit": 5}).json().get("dag_runs", [])
        return f"{DAGS}/{dag_id}/dagRuns/{self._random.choice(runs)['run_id'] if runs else 'none'}"

    def _get(self, name: str, path: str, **options: Any) -> requests.Response:
        return self._call("GET", name, path, **options)

    def _post(self, name: str, path: str, **options: Any) -> requests.Response:
        return self._call("POST", name, path, **options)

    def _call(self, method: str, name: str, path: str, **options: Any) -> requests.Response:
        answer = self._client.request(method, path, **options)
        self._figures.note(name, answer)
        return answer


# How often each is done, of all together.
ACTS: Mapping[str, int] = {
    "look": 8,
    "follow": 8,
    "trigger": 5,
    "deploy": 3,
    "repair": 3,
    "history": 2,
    "bundle": 1,
    "faulty": 2,
    "old_door": 2,
    "switch": 1,
    "refresh": 1,
    "nobody": 2,
}


def test_nothing_breaks_and_nothing_grows(cluster: Cluster):
    """No answer is 5xx, the workers live through it, and memory, handles and connections end as they were once warm."""
    figures = Figures()
    with busy_airflow(cluster, "soak") as airflow:
        # One login: Airflow takes five in 40 seconds.
        tokens = airflow.client(None).login("admin", airflow_home.USERS["admin"][1])
        callers = [Caller(airflow.client(None), number, figures, tokens) for number in range(CALLERS)]
        workers = _workers(airflow)
        until = time.monotonic() + MINUTES * 60
        stopped = threading.Event()
        with ThreadPoolExecutor(CALLERS + 1) as pool:
            sampling = pool.submit(_sample, airflow, workers, figures, stopped)
            for done in [pool.submit(caller.work, until) for caller in callers]:
                done.result()
            stopped.set()
            sampling.result()
        _say(figures)
        assert {worker.pid for worker in _workers(airflow)} == {worker.pid for worker in workers}
        tails = airflow.log_tails()
    assert figures.broken == [], tails
    assert all(status < 500 for _, status in figures.answers)
    warm, end = _medians(figures, 0.3, 0.5), _medians(figures, 0.8, 1.0)
    for name, most in {
        "memory": 1.1 * warm["memory"],
        "handles": warm["handles"] + 4,
        "connections": warm["connections"] + 4,
    }.items():
        assert end[name] <= most, (name, figures.samples)


def _workers(airflow: LiveAirflow) -> list[psutil.Process]:
    """Return gunicorn's workers: the processes that have no child, of those that are of its name."""
    family = airflow.family("webserver")
    return [process for process in family if "gunicorn: worker" in " ".join(process.cmdline())]


def _sample(airflow: LiveAirflow, workers: list[psutil.Process], figures: Figures, stopped: threading.Event) -> None:
    connections = sqlalchemy.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    begun = time.monotonic()
    while not stopped.wait(SAMPLES_SECONDS):
        with airflow.engine.connect() as connection:
            number = connection.scalar(connections)
        with suppress(psutil.NoSuchProcess):  # the test says so then
            figures.samples.append(
                {
                    "at": round(time.monotonic() - begun),
                    "memory": sum(worker.memory_info().rss for worker in workers) / 2**20,
                    "handles": sum(worker.num_fds() for worker in workers),
                    "connections": number,
                }
            )


def _medians(figures: Figures, first: float, last: float) -> dict[str, float]:
    """Return the median of each figure over a part of the time."""
    samples = figures.samples[int(first * len(figures.samples)) : int(last * len(figures.samples))]
    return {name: statistics.median(sample[name] for sample in samples) for name in samples[0] if name != "at"}


def _say(figures: Figures) -> None:
    """Print what was seen, for the benchmarks' page."""
    lines = [f"{sum(figures.answers.values())} answers in {MINUTES:g} minutes, {len(figures.broken)} of them 5xx"]
    for name, seconds in sorted(figures.seconds.items()):
        statuses = {status: number for (of, status), number in sorted(figures.answers.items()) if of == name}
        median = statistics.median(seconds) * 1000
        lines.append(f"  {name:28} median {median:6.0f} ms, longest {max(seconds):5.1f} s  {statuses}")
    for first, last in ((0, 0.1), (0.3, 0.5), (0.8, 1.0)):
        medians = {name: round(value, 1) for name, value in _medians(figures, first, last).items()}
        lines.append(f"  {first:.0%} to {last:.0%} of the time: {medians}")
    print("", *lines, sep="\n")  # noqa: T201 - what the test is for
