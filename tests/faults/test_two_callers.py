"""Two callers at the same moment, hundreds of times, on two webservers of two processes each and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.live import LiveAirflow, two_webservers
from support.two_callers import deploy_and_trigger_with_one_key, deploy_with_one_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres import Cluster

ROUNDS = 200


@pytest.fixture(scope="module")
def webservers(cluster: Cluster) -> Iterator[list[LiveAirflow]]:
    """Two webservers of one installation."""
    with two_webservers(cluster, "two_callers") as webservers:
        yield webservers


def test_of_two_callers_with_the_same_tag_one_wins(webservers: list[LiveAirflow]) -> None:
    """In each of two hundred rounds one deploy is done and the other is 412, and each is a version."""
    deploy_with_one_tag(webservers, "one_tag", ROUNDS)


def test_two_requests_with_one_key_have_one_effect(webservers: list[LiveAirflow]) -> None:
    """In each of two hundred rounds one version and one run are made, and whoever asks is given the one answer."""
    deploy_and_trigger_with_one_key(webservers, "one_key", ROUNDS)
