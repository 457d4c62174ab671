"""What a read with a token takes of the CPU, beside Airflow's stable API with the same token.

    python benchmarks/reads.py [TURNS]

Asks for one DAG's runs in this process, on a SQLite Airflow database of its own, in turns: our operation, the same with
Flask-AppBuilder reading the user's permissions itself, and Airflow's GET /api/v1/dags/{dag_id}/dagRuns. Printed are the
medians of the process' CPU time, their ratio to Airflow's, and the SQL statements of a call.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from deploy_memory import workflow
from figures import note
from login import airflow_with_users

from support import airflow_home
from support.statements import counted

_WARM_UP = 5


def main(turns: int) -> None:
    """Ask and print."""
    from airflow.settings import Session
    from airflow.www.app import create_app

    from openmetadata_airflow_apis.airflow_versions import dag_permissions
    from openmetadata_airflow_apis.deploy import deploy
    from openmetadata_airflow_apis.settings import Settings

    deploy(workflow("read", 1), user="benchmark", settings=Settings.load(), session=Session())
    Session.remove()
    # The limiter is off, since one address calls all the time.
    client = create_app(config={"AUTH_RATE_LIMITED": False}).test_client()
    role, password = airflow_home.USERS["viewer"]
    body = {"username": role.lower(), "password": password, "refresh": False, "provider": "db"}
    token = client.post("/api/v1/security/login", json=body).json["access_token"]
    access = {"Authorization": f"Bearer {token}"}

    def ask(path: str) -> tuple[float, int]:
        with counted(Session()) as statements:
            begun = time.process_time()
            answer = client.get(path, headers=access)
            took = time.process_time() - begun
        assert answer.status_code == 200, answer.text
        return took, len(statements)

    def ask_as_fab_does() -> tuple[float, int]:
        with mock.patch.object(dag_permissions, "read_permissions"):
            return ask("/rest_api/api/dags/read/dagRuns")

    calls = {
        "ours": lambda: ask("/rest_api/api/dags/read/dagRuns"),
        "ours, permissions read by FAB": ask_as_fab_does,
        "Airflow's": lambda: ask("/api/v1/dags/read/dagRuns"),
    }
    costs: dict[str, list[tuple[float, int]]] = {name: [] for name in calls}
    for turn in range(_WARM_UP + turns):
        for name, call in calls.items() if turn % 2 else reversed(calls.items()):
            costs[name].append(call())
    medians = {name: [statistics.median(column) for column in zip(*costs[name][_WARM_UP:])] for name in calls}
    for name, (seconds, statements) in medians.items():
        ratio = seconds / medians["Airflow's"][0]
        print(f"{name:32}{seconds * 1000:7.2f} ms{ratio:7.2f}{statements:5.0f} statements")
        if name != "Airflow's":
            note(
                f"CPU time of a read with a token, {name}, of the stable API's", ratio, 0.6 if name == "ours" else None
            )


if __name__ == "__main__":
    with airflow_with_users():
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
