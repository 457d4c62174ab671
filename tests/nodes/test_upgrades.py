"""Upgrades, in which for a while not all webservers have the same release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis import own_tables
from support.node_runs import DAGS, await_run, deploy, trigger
from support.workflows import bash, request

if TYPE_CHECKING:
    from support.nodes import LargeInstallation

# A plugin of Airflow's on one node's own disk: the release that is installed there counts our tables one further.
NEWER_RELEASE = """
from openmetadata_airflow_apis import own_tables

own_tables.SCHEMA_VERSION += 1
"""


def test_a_rolling_upgrade(airflow, first, second):
    """While one webserver has the release of before, that one refuses to change deployments, and says so.

    What reads, runs and watches goes on there, and the upgraded one does all.
    """
    tasks = {"one": bash("true")}
    deploy(second, "upgraded", tasks)
    plugin = airflow.machines["webserver-1"].path(airflow.home / "plugins" / "newer_release.py")
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text(NEWER_RELEASE)
    version = own_tables.SCHEMA_VERSION
    airflow.kill("webserver-1")
    try:
        note(airflow, version + 1)
        airflow.start("webserver-1")
        body = request("upgraded", tasks=tasks)
        body["workflow"]["force"] = True
        refused = [
            second.post(DAGS, json=body),
            second.post(DAGS, json=request("upgraded_too", tasks=tasks)),
            second.delete(f"{DAGS}/upgraded"),
            second.post(f"{DAGS}/refresh"),
            second.post(f"{DAGS}/upgraded/dagVersions/1/restore"),
        ]
        read = second.get(f"{DAGS}/upgraded")
        trigger(second, "upgraded", "r")
        await_run(airflow, "upgraded", "r")
        deploy(first, "upgraded_too", tasks)
        listed = {dag["dag_id"] for dag in second.get(f"{DAGS}?limit=100").json()["dags"]}
        assert first.delete(f"{DAGS}/upgraded_too").status_code == 200
    finally:
        plugin.unlink()
        note(airflow, version)
        airflow.kill("webserver-1")
        airflow.start("webserver-1")
    assert [answer.status_code for answer in refused] == [503] * len(refused)
    words = f"are of version {version + 1}, which a newer release has made; this webserver's release knows version "
    assert all(f"{words}{version}" in answer.json()["detail"] for answer in refused), [
        answer.text for answer in refused
    ]
    assert (read.status_code, "upgraded_too" in listed) == (200, True)
    deploy(first, "upgraded", tasks)
    deploy(second, "upgraded", tasks)


def note(airflow: LargeInstallation, version: int) -> None:
    """Write down of which version our tables are, as a release that has changed them does."""
    with airflow.engine.begin() as connection:
        connection.execute(own_tables.SCHEMA.update().values(version=version))
