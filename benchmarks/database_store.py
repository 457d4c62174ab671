"""The database store with 8,000 definitions of five tasks in 8 shards, on a PostgreSQL of its own.

    python benchmarks/database_store.py [--definitions 8000] [--repeats 5] [--dag-factory FOLDER]

FOLDER is where `pip install --no-deps --target FOLDER dag-factory==1.1.0` put dag-factory.

Printed are: the DAG processor's first pass over a shard whose DAGs have their permissions, as a deploy makes them, and
over one whose DAGs have none; a later pass with what it writes; a deploy and the first page of list_dags beside the
same with ten definitions; what a worker takes to load one DAG of a shard, beside a plain file, both forked; and a
DagBag over a shard, beside one over as many plain files, and one of dag-factory's over as many. The least, or the
median, of some turns. The exit code is 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from figures import note
from parse import CALLABLES, config, run, schedule_of, write_factory, write_plain

from support import airflow_home
from support.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable

CACHE = Path(__file__).resolve().parent.parent / ".pytest_cache" / "d" / "airflow-databases"
SHARDS = 8
FEW = 10
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
# A pass of the DAG processor over a file: seconds of the DagBag, of all, DAGs, and what was written to our tables.
PARSE = """
import json, logging, sys, time
from airflow import settings
from airflow.dag_processing.processor import DagFileProcessor
from airflow.models.dagbag import DagBag
from sqlalchemy import event
written = []
def note(connection, cursor, statement, *rest):
    words = statement.split(None, 3)
    if words[0] in {"INSERT", "UPDATE", "DELETE"} and "openmetadata_airflow_apis" in statement.split("WHERE")[0]:
        written.append(statement)
event.listen(settings.engine, "before_cursor_execute", note)
bag_seconds = 0.0
collect = DagBag.collect_dags
def timed(*arguments, **keywords):
    global bag_seconds
    begun = time.perf_counter()
    try:
        return collect(*arguments, **keywords)
    finally:
        bag_seconds = time.perf_counter() - begun
DagBag.collect_dags = timed
begun = time.perf_counter()
processor = DagFileProcessor(dag_ids=None, dag_directory=sys.argv[2], log=logging.getLogger("benchmark"))
found = processor.process_file(sys.argv[1], [])
print("MEASURED", json.dumps([bag_seconds, time.perf_counter() - begun, found[0], len(written)]))
"""
# A DagBag over a folder: CPU seconds, and DAGs.
BAG = """
import json, sys, time
from airflow import DAG
from airflow.models.dagbag import DagBag
DAG("warm", schedule=None)
start = time.process_time()
bag = DagBag(sys.argv[1], include_examples=False)
seconds = time.process_time() - start
assert not bag.import_errors, bag.import_errors
print("MEASURED", json.dumps([seconds, len(bag.dags)]))
"""
# A worker's load of one DAG, each in a fork, in turns: medians of CPU and wall seconds of (dag_id, path) pairs.
LOADS = """
import importlib, json, os, statistics, sys, time
from airflow import DAG, settings
from airflow.models.dagbag import DagBag
from airflow.utils.dag_parsing_context import _airflow_parsing_context_manager
from airflow.utils.file import iter_airflow_imports
from sqlalchemy import text
DAG("warm", schedule=None)
pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
for _, path in pairs:
    for module in iter_airflow_imports(path):
        importlib.import_module(module)
times = [[] for _ in pairs]
for _ in range(30):
    for index, (dag_id, path) in enumerate(pairs):
        reader, writer = os.pipe()
        if os.fork() == 0:
            settings.engine.dispose()
            with settings.engine.connect() as connection:
                # The task's process has asked the database before it loads its DAG.
                connection.execute(text("SELECT 1"))
            with _airflow_parsing_context_manager(dag_id=dag_id, task_id="t0"):
                cpu, wall = time.process_time(), time.perf_counter()
                bag = DagBag(path, include_examples=False)
                spent = time.process_time() - cpu, time.perf_counter() - wall
            os.write(writer, json.dumps([*spent, list(bag.dags)]).encode())
            os._exit(0)
        os.close(writer)
        *spent, found = json.loads(os.read(reader, 10000))
        assert found == [dag_id], found
        os.close(reader), os.wait()
        times[index].append(spent)
print("MEASURED", json.dumps([[statistics.median(values) for values in zip(*series)] for series in times]))
"""
missed: list[str] = []


def line(words: str, value: float, limit: float, unit: str = "") -> None:
    """Print a figure beside its target."""
    print(f"{words:72} {value:8.2f}{unit} (target: {limit}{unit})", flush=True)
    if note(words, value, limit, unit.strip()):
        missed.append(words)


def store_definitions(names: list[str]) -> None:
    """Write the row of each definition, as its deploy does."""
    import zlib

    from airflow import settings as airflow_settings

    from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG
    from openmetadata_airflow_apis.dagbuild.shards import hash_of
    from openmetadata_airflow_apis.dagbuild.stored_document import encode

    rows = []
    for name in names:
        document = document_of(name)
        rows.append(
            {
                "dag_id": name,
                "folded_dag_id": name.lower(),
                "id_hash": hash_of(name),
                "mark": document.mark,
                "deployed_at": NOW,
                "deployed_by": "ann",
                "document": zlib.compress(encode(document)),
            }
        )
    with airflow_settings.engine.begin() as connection:
        connection.execute(DEPLOYED_DAG.insert(), rows)


def make_permissions(names: list[str]) -> None:
    """Write the permissions of each DAG, as its deploy does, by those that one DAG gets from Airflow."""
    from airflow import DAG
    from airflow import settings as airflow_settings
    from airflow.settings import Session
    from sqlalchemy import select

    from openmetadata_airflow_apis.airflow_versions import dag_permissions

    model = "benchmark_permissions"
    dag_permissions.make_dag_permissions(DAG(model, schedule=None), session=Session())
    Session.remove()
    tables = dag_permissions.permission_tables()
    assert tables
    resource, permission, _ = tables
    of_model = dag_permissions.dag_permission_names(model)
    with airflow_settings.engine.begin() as connection:
        for index, name_of_model in enumerate(of_model):
            resources = [dag_permissions.dag_permission_names(name)[index] for name in names]
            connection.execute(resource.insert(), [{"name": name} for name in resources])
            ids = connection.scalars(select(resource.c.id).where(resource.c.name.in_(resources))).all()
            actions = connection.scalars(
                select(permission.c.permission_id)
                .join(resource, resource.c.id == permission.c.view_menu_id)
                .where(resource.c.name == name_of_model)
            ).all()
            assert len(ids) == len(names), (len(ids), len(names))
            assert actions
            rows = [{"permission_id": action, "view_menu_id": number} for action in actions for number in ids]
            connection.execute(permission.insert(), rows)


def gather_statistics() -> None:
    """Do what autovacuum does in an installation: PostgreSQL would take tables that were just filled for empty."""
    from airflow import settings as airflow_settings
    from sqlalchemy import text

    with airflow_settings.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def body_of(name: str, **more: Any) -> dict[str, Any]:
    """Return the body of a deploy."""
    return {"workflow": {"name": name, "dag_config": config(name, schedule_of(0), "report.py"), **more}}


def document_of(name: str) -> Any:
    """Return what a deploy stores."""
    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.definition import read_workflow

    reading = read_workflow(body_of(name), now=NOW)
    assert not reading.faults, reading.faults
    return StoredDocument(name, reading.definition, body_of(name)["workflow"], "ann", NOW)


def median_seconds(act: Callable[[int], None], repeats: int) -> float:
    """Return the median of some turns, after three that do not count."""
    spent = []
    for number in range(repeats + 3):
        begun = time.perf_counter()
        act(number)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent[3:])


def deploy_seconds(repeats: int) -> float:
    """Return what a deploy takes that changes a DAG's definition."""
    from airflow.settings import Session

    from openmetadata_airflow_apis.checks import check_workflow
    from openmetadata_airflow_apis.deploy import deploy
    from openmetadata_airflow_apis.settings import Settings

    settings = Settings.load()

    def once(number: int) -> None:
        body = body_of("deployed", force=True)
        body["workflow"]["dag_config"]["deployed"]["description"] = f"{number} {time.time()}"
        workflow = check_workflow(body, settings, now=datetime.now(timezone.utc))
        deploy(workflow, user="ann", settings=settings, session=Session())
        Session.remove()

    return median_seconds(once, 10 * repeats)


def page_seconds(repeats: int) -> float:
    """Return what a page of ten DAGs takes."""
    from airflow.settings import Session

    from openmetadata_airflow_apis.deploy import list_deployed
    from openmetadata_airflow_apis.settings import Settings

    settings = Settings.load()

    def once(_: int) -> None:
        assert len(list_deployed(settings=settings, session=Session(), limit=FEW).dags) == FEW
        Session.remove()

    return median_seconds(once, 10 * repeats)


def measure(home: Path, definitions: int, repeats: int, dag_factory: Path | None) -> None:
    """Measure all, and print."""
    from airflow.settings import Session  # noqa: F401 - makes the engine

    from openmetadata_airflow_apis.api.webserver_start import make_versions_ready
    from openmetadata_airflow_apis.dagbuild.shard_tables import make_tables
    from openmetadata_airflow_apis.dagbuild.shards import shard_of
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores import loader_files

    environment = dict(os.environ)
    dags = home / "dags"
    paths = [path for path, _ in loader_files.install(dags, SHARDS)]
    make_tables()
    make_versions_ready(Settings.load())
    names = [f"bench_{number:05}" for number in range(definitions)]
    store_definitions(names[:FEW])
    # All but those of the first shard, of which only a few are there.
    make_permissions([name for name in names if shard_of(name, SHARDS)])
    for path in paths:
        run(PARSE, str(path), str(dags), environment=environment)
    gather_statistics()
    few_deploy, few_page = deploy_seconds(repeats), page_seconds(repeats)
    store_definitions(names[FEW:])
    gather_statistics()

    first = [run(PARSE, str(path), str(dags), environment=environment) for path in paths]
    gather_statistics()
    later = [run(PARSE, str(path), str(dags), environment=environment) for path in paths]
    most = max(found for *_, found, _ in first)
    line(f"first pass over a shard of up to {most}: its DagBag, slowest", max(p[0] for p in first), 15, " s")
    line("the same, all of the pass", max(p[1] for p in first[1:]), 25, " s")
    print(f"  of a shard whose DAGs have no permissions yet: {first[0][1]:.1f} s for {first[0][2]} DAGs")
    note("all of the first pass over a shard whose DAGs have no permissions yet", first[0][1], None, "s")
    line("a later pass: its DagBag, slowest", max(p[0] for p in later), 15, " s")
    line("the same, all of the pass", max(p[1] for p in later), 25, " s")
    line("statements that the later passes write to our tables with", sum(p[3] for p in later), 0)
    line(f"a deploy with {definitions} of one with {FEW}", deploy_seconds(repeats) / few_deploy, 1.3)
    line(f"list_dags, {FEW} of {definitions}, of {FEW} of {FEW}", page_seconds(repeats) / few_page, 1.5)

    of_first = [name for name in names if shard_of(name, SHARDS) == 0]
    plain, shard = home / "plain", home / "shard"
    plain.mkdir()
    write_plain(plain, dict.fromkeys(of_first, schedule_of(0)))
    shard.mkdir()
    shutil.copy(paths[0], shard)
    pairs = [of_first[0], str(plain / f"{of_first[0]}.py"), of_first[0], str(paths[0])]
    of_plain, ours = run(LOADS, *pairs, environment=environment)
    line("a worker's load of one DAG, of a plain file, forked, CPU time", ours[0] / of_plain[0], 1.1)
    line("the same, elapsed time", ours[1] / of_plain[1], 1.1)
    milliseconds = [f"{seconds * 1000:.1f}" for seconds in (*of_plain, *ours)]
    print("  plain {} ms CPU, {} ms elapsed; ours {}, {}".format(*milliseconds))
    folders = [plain, shard]
    if dag_factory:
        # Its one file may need more than the usual 30 s.
        folders.append(home / "factory")
        folders[-1].mkdir()
        (home / "report.py").write_text(CALLABLES)
        write_factory(folders[-1], dict.fromkeys(of_first, schedule_of(0)), one_file=True)
        environment["PYTHONPATH"] = os.pathsep.join([str(dag_factory), *filter(None, [environment.get("PYTHONPATH")])])
        environment["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = "0"
    seconds: dict[Path, list[float]] = {folder: [] for folder in folders}
    for _ in range(repeats):
        for folder in folders:
            spent, found = run(BAG, str(folder), environment=environment)
            assert found == len(of_first), (folder, found)
            seconds[folder].append(spent)
    least = {folder: min(several) for folder, several in seconds.items()}
    what = f"a DagBag over a shard of {len(of_first)}"
    line(f"{what}, of as many plain files, CPU time", least[shard] / least[plain], 0.8)
    if dag_factory:
        line(f"{what}, of dag-factory's over as many, CPU time", least[shard] / least[folders[-1]], 0.19)
    print("  " + ", ".join(f"{folder.name} {spent:.2f} s" for folder, spent in least.items()))


def main() -> int:
    """Start PostgreSQL, measure, and return 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--definitions", type=int, default=8000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dag-factory", type=Path, help="the folder that dag-factory 1.1.0 is installed in")
    options = parser.parse_args()
    home = airflow_home.make_home()
    try:
        with Cluster() as cluster:
            CACHE.mkdir(parents=True, exist_ok=True)
            airflow_home.create_postgres_database(cluster, "airflow", CACHE)
            option = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"
            (home / "dag_managed_operators").mkdir(exist_ok=True)
            (home / "dag_managed_operators" / "report.py").write_text(CALLABLES)
            os.environ.update(
                airflow_home.environment(home, cluster.url("airflow")),
                **{f"{option}DEFINITION_STORE": "database", f"{option}LOADER_SHARDS": str(SHARDS)},
                AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
            )
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # Airflow's processes keep compiled files
            measure(home, options.definitions, options.repeats, options.dag_factory)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if missed:
        print("missed:", *missed, sep="\n  ")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
