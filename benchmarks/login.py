"""What a login costs, and what a call costs by the way it signs in, beside Airflow's own basic auth.

    python benchmarks/login.py

All calls go through Flask inside one process, on one SQLite database of its own, in turns, each time one of
every kind. Printed are the median, its ratio to Airflow's basic auth in the same run, and how many passwords
were hashed for one call; the exit code is 1 where a login costs more than one hash or a token any.
"""

from __future__ import annotations

import base64
import os
import shutil
import statistics
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from figures import note

from support import airflow_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE = Path(__file__).resolve().parent.parent / ".pytest_cache" / "d" / "airflow-databases"
ROUNDS = 30
GOALS = {"POST /api/v1/security/login": 1.1, "GET /rest_api/api/dags, token": 0.2}
AIRFLOWS = "GET /api/v1/dags, Airflow's basic auth"
HASHES = {
    "POST /api/v1/security/login": 1,
    "POST /api/v1/security/refresh": 0,
    "GET /rest_api/api/dags, token": 0,
    "GET /rest_api/api/dags, basic": 1,
    "GET /api/v1/dags, our token": 0,
    AIRFLOWS: 1,
}


def main() -> int:
    """Measure, print, and return the exit code."""
    with airflow_with_users():
        return _measure()


@contextmanager
def airflow_with_users() -> Iterator[None]:
    """Have Airflow in this process use a new home and a SQLite database with users, who may sign in with our tokens."""
    home = airflow_home.make_home()
    os.environ.update(airflow_home.environment(home))
    os.environ["AIRFLOW__API__AUTH_BACKENDS"] = (
        "openmetadata_airflow_apis.security.auth_backend,airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
    )
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        airflow_home.create_sqlite_database(home, CACHE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        shutil.rmtree(home)


def _measure() -> int:
    from airflow.www.app import create_app

    # The limiter is off, since one address calls all the time.
    client = create_app(config={"AUTH_RATE_LIMITED": False}).test_client()
    hashed = _count_hashes()
    calls = _calls(client)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    hashes: dict[str, set[int]] = {name: set() for name in calls}
    for round_number in range(ROUNDS + 2):
        for name, call in calls.items():
            hashed.clear()
            start = time.perf_counter()
            answer = call()
            took = time.perf_counter() - start
            assert answer.status_code == 200, (name, answer.text)
            if round_number >= 2:  # the first rounds import and fill caches
                seconds[name].append(took)
                hashes[name].add(len(hashed))
    theirs = statistics.median(seconds[AIRFLOWS])
    print(f"{'call':42}{'median':>10}{'ratio':>8}{'hashes':>8}")
    for name, measured in seconds.items():
        median = statistics.median(measured)
        print(f"{name:42}{median * 1000:7.1f} ms{median / theirs:8.2f}{max(hashes[name]):8}")
        if name != AIRFLOWS:
            note(f"{name}, of Airflow's basic auth", median / theirs, GOALS.get(name))
    return 0 if all(hashes[name] == {expected} for name, expected in HASHES.items()) else 1


def _count_hashes() -> list[str]:
    from airflow.providers.fab.auth_manager.security_manager import override

    hashed: list[str] = []
    true = override.check_password_hash

    def counted(stored: str, given: str) -> bool:
        hashed.append(stored)
        return true(stored, given)

    override.check_password_hash = counted
    return hashed


def _calls(client: Any) -> dict[str, Callable[[], Any]]:
    role, password = airflow_home.USERS["viewer"]
    body = {"username": role.lower(), "password": password, "refresh": True, "provider": "db"}
    tokens = client.post("/api/v1/security/login", json=body).json
    access = {"Authorization": f"Bearer {tokens['access_token']}"}
    refresh = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    basic = {"Authorization": "Basic " + base64.b64encode(f"viewer:{password}".encode()).decode()}
    return {
        "POST /api/v1/security/login": lambda: client.post("/api/v1/security/login", json=body),
        "POST /api/v1/security/refresh": lambda: client.post("/api/v1/security/refresh", headers=refresh),
        "GET /rest_api/api/dags, token": lambda: client.get("/rest_api/api/dags", headers=access),
        "GET /rest_api/api/dags, basic": lambda: client.get("/rest_api/api/dags", headers=basic),
        "GET /api/v1/dags, our token": lambda: client.get("/api/v1/dags", headers=access),
        AIRFLOWS: lambda: client.get("/api/v1/dags", headers=basic),
    }


if __name__ == "__main__":
    sys.exit(main())
