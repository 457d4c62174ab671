"""Times the DAG processor's work: parsing DAGs of five tasks, deployed here, by dag-factory, and written by hand.

    python benchmarks/parse.py [--dag-factory FOLDER] [--counts 1,100,1000] [--repeats 5]
        [--own-schedules]

FOLDER is where `pip install --no-deps --target FOLDER dag-factory==1.1.0` put dag-factory; without it only
plain files and ours are timed. All DAGs have one cron expression, with --own-schedules each its own. All ways
take turns, each in a process of its own; the least CPU time counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from figures import note

PLAIN = """\
from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator


def report(day):
    print("done", day)


with DAG(
    {dag_id!r},
    schedule={schedule!r},
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    tags=["benchmark"],
    default_args={{"owner": "ann", "retries": 2, "retry_delay": timedelta(seconds=300)}},
) as dag:
    t0 = BashOperator(task_id="t0", bash_command="echo 0 {{{{ ds }}}}")
    t1 = BashOperator(task_id="t1", bash_command="echo 1 {{{{ ds }}}}")
    t2 = BashOperator(task_id="t2", bash_command="echo 2 {{{{ ds }}}}")
    t3 = BashOperator(task_id="t3", bash_command="echo 3 {{{{ ds }}}}")
    t4 = PythonOperator(task_id="t4", python_callable=report, op_kwargs={{"day": "{{{{ ds }}}}"}})
    t0 >> t1 >> t2 >> t3 >> t4
"""
# Safe mode asks for the words dag and airflow.
FACTORY_ONE = """\
# airflow dag
from pathlib import Path

from dagfactory import load_yaml_dags

for path in sorted(Path({folder!r}).glob("*.yaml")):
    load_yaml_dags(globals_dict=globals(), config_filepath=str(path))
"""
FACTORY_EACH = """\
# airflow dag
from dagfactory import load_yaml_dags

load_yaml_dags(globals_dict=globals(), config_filepath={path!r})
"""
# Parses a folder as the DAG processor does, and says what it cost.
MEASURE = """
import json, sys, time
from airflow import DAG
from airflow.models.dagbag import DagBag
DAG("warm", schedule=None)  # what every way imports
start = time.process_time()
bag = DagBag(sys.argv[1], include_examples=False)
seconds = time.process_time() - start
assert not bag.import_errors, bag.import_errors
assert all(len(dag.tasks) == 5 for dag in bag.dags.values())
print("MEASURED", json.dumps([seconds, len(bag.dags)]))
"""
# Forks a child per parse, after importing what the DAG processor imports before it forks: the modules of Airflow
# that a file names, and the plugins, with its job (airflow.jobs.job.Job calls the listeners).
MEASURE_FORKED = """
import importlib, json, os, sys, time
from airflow.dag_processing import processor
from airflow.listeners.listener import get_listener_manager
from airflow.models.dagbag import DagBag
from airflow.utils.file import iter_airflow_imports
from airflow import DAG
DAG("warm", schedule=None)
get_listener_manager()
for path in sys.argv[1:]:
    for module in iter_airflow_imports(path):
        importlib.import_module(module)
times = {path: [] for path in sys.argv[1:]}
for _ in range(15):
    for path in sys.argv[1:]:
        reader, writer = os.pipe()
        if os.fork() == 0:
            start = time.process_time()
            bag = DagBag(path, include_examples=False)
            seconds = time.process_time() - start
            os.write(writer, json.dumps([seconds, len(bag.dags)]).encode())
            os._exit(0)
        seconds, found = json.loads(os.read(reader, 1000))
        assert found == 1
        os.close(reader), os.close(writer), os.wait()
        times[path].append(seconds)
print("MEASURED", json.dumps(list(times.values())))
"""


# Of a DAG processor's CPU time, by the number of DAGs and the other way; README.md tells where they are from.
GOALS = {
    ("100", "plain"): 1.15,
    ("1000", "plain"): 1.15,
    ("100", "factory, one .py"): 0.4,
    ("1000", "factory, one .py"): 0.27,
    ("1000", "factory, .py each"): 0.27,
    ("fork", "plain"): 1.1,
    ("240", "plain"): 1.1,
}
CALLABLES = """\
def report(day):
    print("done", day)
"""
# What a file of callables has beside the one that the task calls: 240 lines.
MORE_FUNCTIONS = "".join(
    f"""

def step_{number}(rows, limit={number}):
    kept = [row for row in rows if row.get("value", 0) > limit]
    for row in kept:
        row["share"] = row["value"] / (sum(other["value"] for other in kept) or 1)
    return sorted(kept, key=lambda row: (row["share"], row.get("name", "")))
"""
    for number in range(30)
)


def schedule_of(number: int) -> str:
    """Return the cron expression of a minute of the day, counted from three o'clock."""
    return f"{number % 60} {(3 + number // 60) % 24} * * *"


def config(dag_id: str, schedule: str, callable_file: str) -> dict:
    """Return a DAG in dag-factory's dialect, the same as PLAIN."""
    tasks = {
        f"t{number}": {
            "operator": "airflow.operators.bash.BashOperator",
            "bash_command": f"echo {number} {{{{ ds }}}}",
            **({"dependencies": [f"t{number - 1}"]} if number else {}),
        }
        for number in range(4)
    }
    tasks["t4"] = {
        "operator": "airflow.operators.python.PythonOperator",
        "python_callable_name": "report",
        "python_callable_file": callable_file,
        "op_kwargs": {"day": "{{ ds }}"},
        "dependencies": ["t3"],
    }
    return {
        dag_id: {
            "default_args": {"owner": "ann", "retries": 2, "retry_delay_sec": 300},
            "schedule": schedule,
            "start_date": "2024-01-01T00:00:00+00:00",
            "catchup": False,
            "tags": ["benchmark"],
            "tasks": tasks,
        }
    }


def write_ours(folder: Path, dags: dict[str, str], *, callable_file: str = "report.py") -> None:
    """Write what a deploy leaves: the document outside the dags folder, the rendered file in it."""
    from jinja2 import Template

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument, encode
    from openmetadata_airflow_apis.definition import read_workflow
    from openmetadata_airflow_apis.resources import dag_runner_template_path

    template = Template(dag_runner_template_path().read_text())
    now = datetime.now(timezone.utc)
    configs = folder.parent / f"{folder.name}-configs"
    configs.mkdir()
    for name, schedule in dags.items():
        body = {"workflow": {"name": name, "dag_config": config(name, schedule, callable_file)}}
        reading = read_workflow(body, now=now)
        assert not reading.faults, reading.faults
        path = configs / f"{name}.json"
        path.write_bytes(encode(StoredDocument(name, reading.definition, body["workflow"], "ann", now)))
        text = template.render(dag_id=repr(name), workflow_config_file=repr(str(path)))
        (folder / f"{name}.py").write_text(text)


def write_factory(folder: Path, dags: dict[str, str], *, one_file: bool) -> None:
    """Write a YAML file a DAG, and one .py for all or each."""
    import yaml

    configs = folder.parent / f"{folder.name}-configs"
    configs.mkdir()
    for name, schedule in dags.items():
        path = configs / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config(name, schedule, str(folder.parent / "report.py")), sort_keys=False))
        if not one_file:
            (folder / f"{name}.py").write_text(FACTORY_EACH.format(path=str(path)))
    if one_file:
        (folder / "all.py").write_text(FACTORY_ONE.format(folder=str(configs)))


def write_plain(folder: Path, dags: dict[str, str], *, more: str = "") -> None:
    """Write a .py a DAG, with more functions than the one that is called."""
    for name, schedule in dags.items():
        (folder / f"{name}.py").write_text(PLAIN.format(dag_id=name, schedule=schedule) + more)


def run(program: str, *arguments: str, environment: dict[str, str]) -> list:
    """Run a program in a process of its own; return what it measured."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("MEASURED"))[9:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dag-factory", type=Path, help="the folder that dag-factory 1.1.0 is installed in")
    parser.add_argument("--counts", default="1,100,1000")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--own-schedules", action="store_true", help="a cron expression of its own for each DAG")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parse-benchmark-") as scratch:
        root = Path(scratch)
        (root / "home" / "dags").mkdir(parents=True)
        (root / "report.py").write_text(CALLABLES)
        os.environ.update(
            AIRFLOW_HOME=str(root / "home"),
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT="0",  # dag-factory's one file may need more than the usual 30 s
            AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS=str(root),
            AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
            DO_NOT_TRACK="1",
        )
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # Airflow's processes keep compiled files
        environment = dict(os.environ)
        ways = {"plain": write_plain, "ours": write_ours}
        if options.dag_factory:
            inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, [*inherited, str(options.dag_factory)]))
            ways["factory, one .py"] = lambda folder, dags: write_factory(folder, dags, one_file=True)
            ways["factory, .py each"] = lambda folder, dags: write_factory(folder, dags, one_file=False)
        print(f"{'DAGs':>5}  {'way':18} {'CPU s':>8} {'of plain':>9} {'ours of it':>11}")
        for count in map(int, options.counts.split(",")):
            dags = {f"bench_{number:04}": schedule_of(number * options.own_schedules) for number in range(count)}
            best = dict.fromkeys(ways, float("inf"))
            for way, write in ways.items():
                folder = root / f"{count}-{way.replace(' ', '').replace(',', '')}"
                folder.mkdir()
                write(folder, dags)
            for _ in range(options.repeats):
                for way in ways:
                    folder = root / f"{count}-{way.replace(' ', '').replace(',', '')}"
                    seconds, found = run(MEASURE, str(folder), environment=environment)
                    assert found == count, (way, found)
                    best[way] = min(best[way], seconds)
            report(str(count), best)
        measure_forked("fork", root, "", environment, options.repeats)
        measure_forked("240", root, MORE_FUNCTIONS, environment, options.repeats)


def measure_forked(label: str, root: Path, more: str, environment: dict[str, str], repeats: int) -> None:
    """Parse one file a process, forked as the DAG processor forks: each way by itself, and both beside each other.

    What the processor imported for one file is there for all of the same folder.
    """
    callable_file = f"report_{label}.py"
    (root / callable_file).write_text(CALLABLES + more)
    folders = [root / f"{label}-plain", root / f"{label}-ours"]
    for folder in folders:
        folder.mkdir()
    dags = {"bench_0000": schedule_of(0)}
    write_plain(folders[0], dags, more=more)
    write_ours(folders[1], dags, callable_file=callable_file)
    paths = [str(folder / "bench_0000.py") for folder in folders]
    alone: list[list[float]] = [[], []]
    together: list[list[float]] = [[], []]
    for _ in range(repeats):
        for index, path in enumerate(paths):
            alone[index] += run(MEASURE_FORKED, path, environment=environment)[0]
        for index, series in enumerate(run(MEASURE_FORKED, *paths, environment=environment)):
            together[index] += series
    report(label, dict(zip(("plain", "ours"), map(median, alone))))
    report(f"{label}+", dict(zip(("plain", "ours"), map(median, together))))


def report(count: str, seconds: dict[str, float]) -> None:
    """Print a line a way."""
    for way, value in seconds.items():
        of_plain, of_it = value / seconds["plain"], seconds["ours"] / value
        print(f"{count:>5}  {way:18} {value:8.4f} {of_plain:9.2f} {of_it:11.2f}", flush=True)
        if way != "ours":
            note(f"a parse ({count}), of {way}", of_it, GOALS.get((count, way)))


if __name__ == "__main__":
    main()
