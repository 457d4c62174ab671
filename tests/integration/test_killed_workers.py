"""`kill -9` of a webserver's workers over a few changes; `tox -e faults` has hundreds of them over two webservers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support import airflow_home
from support.killed_changes import soak
from support.live import LiveAirflow

if TYPE_CHECKING:
    from support.postgres import Cluster


def test_deploys_deletes_restores_and_bundles(cluster: Cluster) -> None:
    """Each DAG is old or new, its versions have no hole, and a repetition with the same key has one effect."""
    url = cluster.create_database("killed_few", "airflow")
    with LiveAirflow(airflow_home.make_home(), url, settings={"AIRFLOW__WEBSERVER__WORKERS": "2"}) as airflow:
        airflow.start("webserver")
        soak([airflow], 15, seed=7)
    cluster.drop_database("killed_few")
