"""Two DAG processors, each with a disk of its own: what each has of a DAG, and which of them a deploy waits for."""

from __future__ import annotations

import itertools
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.dagbuild.shards import shard_of
from support.node_runs import DAGS, await_run, deploy, trigger
from support.stores import SHARDS
from support.workflows import bash, python, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.client import Client

ONE, TWO = "dag-processor", "dag-processor-2"
SOURCE = "def work(number=1):\n    return number\n"
# The same on one node, which takes so long there that a pass is in its middle.
SLOW_SOURCE = f"import pathlib, time\n\npathlib.Path('{{marker}}').touch()\ntime.sleep(20)\n\n\n{SOURCE}"


@pytest.fixture
def deploy_and_wait(airflow, first: Client) -> Callable[..., Any]:
    """Deploy a new version of a DAG and wait; return state and import error."""
    airflow.write_file("dag_managed_operators/processed.py", SOURCE)

    def run(name: str, number: int, wait: int = 100, **arguments: int) -> tuple[str, str | None]:
        tasks = {"one": python("work", "processed.py", op_kwargs={"number": number})}
        body = request(name, tasks=tasks)
        body["workflow"]["force"] = True
        answer = first.post(DAGS, json=body, params={"wait": wait, **arguments})
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()["state"], answer.json()["import_error"]

    return run


@pytest.fixture
def nodes(second: Client) -> Callable[..., dict[str, Any]]:
    """Return keys of what the other webserver says of each node that has to do with a DAG, by hostname."""

    def ask(name: str, *keys: str) -> dict[str, Any]:
        answer = second.get(f"{DAGS}/{name}").json()["nodes"]
        return {node["hostname"]: tuple(node[key] for key in keys) for node in answer}

    return ask


def test_a_wait_is_for_both(deploy_and_wait, nodes):
    """A deployment is parsed when both have parsed it, and both are told by name, with the callable file they have."""
    assert deploy_and_wait("both", 1) == ("parsed", None)
    same = [{"path": "processed.py", "sha256": sha256(SOURCE.encode()).hexdigest(), "differs": False}]
    seen = ("parsed", 1, None, same, True)
    keys = ("state", "version_number", "import_error", "callable_files", "is_alive")
    assert nodes("both", *keys) == {ONE: seen, TWO: seen}


def test_one_without_the_callable_file(airflow, deploy_and_wait, nodes):
    """The one that lacks a file is named with it, before any task is run, and parses the DAG once the file is there."""
    folder = airflow.home / "dag_managed_operators"
    with airflow.empty_folder(TWO, "dag_managed_operators"):
        state, import_error = deploy_and_wait("unequal", 1)
        words = f"task `one`: the file 'processed.py' in {folder} can't be read"
        assert (state, import_error.partition(": [Errno")[0]) == ("failed", words)
        airflow.wait_for(lambda: nodes("unequal", "state")[ONE] == ("parsed",), "the other's parse", seconds=100)
        told = nodes("unequal", "state", "version_number", "import_error")
        assert told == {ONE: ("parsed", 1, None), TWO: ("failed", None, told[TWO][2])}
        assert told[TWO][2].startswith(words)
    parsed = {ONE: ("parsed", None), TWO: ("parsed", None)}
    airflow.wait_for(lambda: nodes("unequal", "state", "import_error") == parsed, "its parse", seconds=100)


def test_one_that_is_stopped_or_loses_its_power(airflow, deploy_and_wait, nodes):
    """One that is stopped is not waited for. One that dies is, as long as its last heartbeat counts.

    Unless the deploy says that fewer will do.
    """
    keys = ("state", "version_number", "is_alive")
    assert deploy_and_wait("alone", 1)[0] == "parsed"
    airflow.stop(TWO)
    try:
        assert deploy_and_wait("alone", 2) == ("parsed", None)
        assert nodes("alone", *keys) == {ONE: ("parsed", 2, True), TWO: ("pending", 1, False)}
    finally:
        airflow.start(TWO)

    airflow.kill(TWO)
    try:
        assert deploy_and_wait("alone", 3, wait_for_nodes=1) == ("parsed", None)
        told = nodes("alone", *keys)  # it may have parsed the version before
        assert told == {ONE: ("parsed", 3, True), TWO: ("pending", told[TWO][1], True)}
        assert deploy_and_wait("alone", 3, wait=1) == ("pending", None)
        assert deploy_and_wait("alone", 3, wait=1, wait_for_nodes=2) == ("pending", None)
    finally:
        airflow.start(TWO)
    both = {ONE: ("parsed", 3, True), TWO: ("parsed", 3, True)}
    airflow.wait_for(lambda: nodes("alone", *keys) == both, "its parse", seconds=100)


def test_one_that_is_killed_in_the_middle_of_a_pass(airflow, first, second, deploy_and_wait, nodes):
    """The other one goes on, with the same shard too, and so do runs; the one that was killed makes up for it."""
    in_one_shard = (name for name in map("pass_{}".format, itertools.count()) if shard_of(name, SHARDS) == 0)
    before, slow, after = itertools.islice(in_one_shard, 3)
    assert deploy_and_wait(before, 1) == ("parsed", None)
    marker = airflow.home / "in_the_middle"
    airflow.write_file("dag_managed_operators/slow.py", SOURCE)
    one = airflow.machines[ONE].path
    one(airflow.home / "dag_managed_operators" / "slow.py").write_text(SLOW_SOURCE.format(marker=marker))
    loader = deploy(first, slow, {"one": python("work", "slow.py")})["fileloc"]

    def in_the_middle() -> bool:  # of two processors one takes a request
        airflow.request_parse(loader)
        return one(marker).exists()

    airflow.wait_for(in_the_middle, "the pass over the slow file", seconds=100)
    airflow.kill(ONE)
    try:
        assert deploy_and_wait(after, 1, wait=2) == ("pending", None)
        assert deploy_and_wait(after, 1, wait_for_nodes=1) == ("parsed", None)
        deploy(second, before, {"one": bash("echo again")})
        trigger(second, before, "r")
        await_run(airflow, before, "r")
    finally:
        one(airflow.home / "dag_managed_operators" / "slow.py").write_text(SOURCE)
        airflow.start(ONE)
    for name, version in ((before, 2), (slow, 1), (after, 1)):
        both = {ONE: ("parsed", version), TWO: ("parsed", version)}
        airflow.wait_for(
            lambda name=name, both=both: nodes(name, "state", "version_number") == both, f"{name} on both", seconds=100
        )
    assert first.get(f"{DAGS}?limit=100").json()["damaged"] == []
