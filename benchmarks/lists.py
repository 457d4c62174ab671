"""The first page of list_dags, beside Airflow's own GET /dags, and what its filters cost, by the number of DAGs.

    python benchmarks/lists.py             1,000 DAGs
    python benchmarks/lists.py --large     10,000 too, with 500,000 runs

All are called over HTTP inside one process, on one PostgreSQL database of its own, in turns, without the cost of a
login: ours with a token, Airflow's with a public role that may do everything. Each DAG has 50 runs, two tags, and files
as a deploy leaves them. Printed are the medians of seven: milliseconds, SQL statements, and the ratio to Airflow's
page of as many DAGs; the exit code is 1 where our first page takes longer than Airflow's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
import warnings
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from figures import note

from support import airflow_home
from support.postgres import Cluster
from support.statements import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

CACHE = Path(__file__).resolve().parent.parent / ".pytest_cache" / "d" / "airflow-databases"
RUNS = 50
REPEATS = 7
AIRFLOWS = "/api/v1/dags?limit=100"
FIRST_PAGE = "/rest_api/api/dags?limit=100"
QUERIES = (
    FIRST_PAGE,
    f"{FIRST_PAGE}&dag_id_pattern=99",
    f"{FIRST_PAGE}&tags=nightly&paused=false&owners=ann",
    f"{FIRST_PAGE}&order_by=-next_dagrun",
    f"{FIRST_PAGE}&last_dag_run_state=failed&order_by=-last_run_start_date",
    f"{FIRST_PAGE}&state=failed",
    f"{FIRST_PAGE}&state=parsed",
)
DEPLOYED_AT = datetime(2026, 1, 1, tzinfo=timezone.utc)


def main() -> int:
    """Measure, print a table, return 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="measure 10,000 DAGs too")
    sizes = [1_000, *([10_000] if parser.parse_args().large else [])]
    home = airflow_home.make_home()
    try:
        with Cluster() as cluster:
            CACHE.mkdir(parents=True, exist_ok=True)
            airflow_home.create_postgres_database(cluster, "airflow", CACHE)
            os.environ.update(airflow_home.environment(home, cluster.url("airflow")))
            os.environ["AIRFLOW__API__AUTH_BACKENDS"] = "airflow.api.auth.backend.default"
            (home / "webserver_config.py").write_text('AUTH_ROLE_PUBLIC = "Admin"\nWTF_CSRF_ENABLED = False\n')
            warnings.simplefilter("ignore")
            return _measure_all(sizes)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure_all(sizes: list[int]) -> int:
    from airflow.settings import Session
    from airflow.www.app import create_app

    browser = create_app(testing=False).test_client()
    login = {"username": "admin", "password": airflow_home.USERS["admin"][1], "refresh": False, "provider": "db"}
    token = browser.post("/api/v1/security/login", json=login).get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    missed, stored = 0, 0
    print(f"{'DAGs':>8}  {'call':72}{'ms':>10}{'SQL':>6}{'ratio':>8}")
    for size in sizes:
        store_dags(range(stored, size))
        stored = size
        times: dict[str, list[float]] = {path: [] for path in (AIRFLOWS, *QUERIES)}
        statements = {}
        for turn in range(REPEATS + 1):
            for path, seconds in times.items():
                with counted(Session()) as noted:
                    began = time.perf_counter()
                    answer = browser.get(path, headers={} if path == AIRFLOWS else bearer)
                    took = time.perf_counter() - began
                assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
                statements[path] = len(noted)
                if turn:  # the first one imports, and fills what is kept
                    seconds.append(took)
        medians = {path: statistics.median(seconds) for path, seconds in times.items()}
        ratio = medians[FIRST_PAGE] / medians[AIRFLOWS]
        missed += note(f"the first hundred of {size:,} DAGs, of Airflow's GET /dags", ratio, 1)
        for path, median in medians.items():
            ratio = median / medians[AIRFLOWS]
            print(f"{size:8,}  {path:72}{1000 * median:10.1f}{statements[path]:6}{ratio:8.2f}")
    return 1 if missed else 0


def store_dags(numbers: Iterable[int]) -> None:
    """Store DAGs with these numbers and their runs, as deploys, the DAG processor and a scheduler would leave them."""
    from airflow.models.dag import DagModel, DagTag
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.settings import Session
    from sqlalchemy import insert, text

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument, encode
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.file_store import FileStore
    from openmetadata_airflow_apis.stores.runner_template import render

    settings = Settings.load()
    store = FileStore(settings)
    settings.dag_generated_configs.mkdir(exist_ok=True)
    session = Session()
    rows: dict[Any, list[dict[str, Any]]] = {DagModel: [], DagTag: [], SerializedDagModel: []}
    for number in numbers:
        document = StoredDocument(f"dag_{number:05}", _definition(f"dag_{number:05}"), {}, "ann", DEPLOYED_AT)
        record = settings.dag_generated_configs / f"{document.dag_id}.json"
        record.write_bytes(encode(document))
        fileloc = store.fileloc(document.dag_id)
        Path(fileloc).write_bytes(render(settings.runner_template(), document.dag_id, record))
        named = {"dag_id": document.dag_id, "fileloc": fileloc}
        data = {"__version": 1, "dag": {"edge_info": {"#deployed": {"#": {"label": document.mark}}}}}
        rows[DagModel].append(
            {
                **named,
                **dict.fromkeys(("is_subdag", "is_paused", "has_import_errors", "scheduler_lock"), False),
                "is_active": True,
                "owners": "ann",
                "schedule_interval": "0 3 * * *",
                "last_parsed_time": datetime.now(timezone.utc),
                "max_active_tasks": 16,
                "max_consecutive_failed_dag_runs": 0,
                "has_task_concurrency_limits": False,
                "next_dagrun": DEPLOYED_AT,
            }
        )
        rows[DagTag] += [{"dag_id": document.dag_id, "name": name} for name in ("nightly", "sales")]
        dag_hash = {"dag_hash": document.dag_id, "fileloc_hash": number, "last_updated": datetime.now(timezone.utc)}
        rows[SerializedDagModel].append({**named, "data": data, **dag_hash})
    for model, of_model in rows.items():
        session.execute(insert(model.__table__), of_model)
    session.execute(
        text(
            "INSERT INTO dag_run (dag_id, run_id, run_type, state, execution_date, start_date, end_date, queued_at,"
            " clear_number)"
            " SELECT dag_id, 'run_' || n, 'scheduled', CASE WHEN hashtext(dag_id || n) % 20 = 0 THEN 'failed'"
            " ELSE 'success' END, moment, moment, moment, moment, 0 FROM generate_series(1, :runs) n, dag,"
            " LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 day') AS at (moment)"
            " WHERE dag_id NOT IN (SELECT dag_id FROM dag_run)"
        ),
        {"runs": RUNS},
    )
    session.commit()
    with session.get_bind().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    session.close()


def _definition(dag_id: str) -> Any:
    task = {
        "task_id": "load",
        "label": "load",
        "group": None,
        "operator": "airflow.operators.bash.BashOperator",
        "upstream": [],
        "arguments": {"bash_command": "true"},
    }
    dag = {"schedule": "0 3 * * *", "start_date": {"$datetime": "2024-01-01T00:00:00+00:00"}}
    tasks = [{**task, "task_id": f"{task['task_id']}_{number}"} for number in range(5)]
    return {"dag_id": dag_id, "dag": dag, "task_groups": [], "tasks": tasks}


if __name__ == "__main__":
    sys.exit(main())
