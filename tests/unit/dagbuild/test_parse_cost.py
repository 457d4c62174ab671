"""What a parse asks of the disk and of typing: beside Airflow's own work, this is what a thousand DAGs pay for."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone

from airflow.timetables.base import Timetable

from openmetadata_airflow_apis.dagbuild import build_dag
from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
from openmetadata_airflow_apis.definition import read_workflow
from support.deployed import write_deployed
from support.workflows import python, request

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
# What is opened when a file is parsed again in a process that has its modules, its code and its options.
PROGRAM = """
import runpy, sys
path = sys.argv[1]
runpy.run_path(path)
opened = []
sys.addaudithook(lambda event, arguments: opened.append(arguments[0]) if event == "open" else None)
runpy.run_path(path)
print("OPENED", *(name for name in opened if name != path))
"""


def test_a_parse_opens_each_file_once(tmp_path, monkeypatch):
    """A parse opens the stored document and a callable file once each, the latter below its folder, without links."""
    (tmp_path / "managed").mkdir()
    (tmp_path / "managed/report.py").write_text("def report(): pass\n")
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS", str(tmp_path / "managed"))
    tasks = {"first": python("report", "report.py"), "second": python("report", "report.py")}
    reading = read_workflow(request(tasks=tasks), now=NOW)
    assert reading.faults == ()
    path = write_deployed(reading.definition, tmp_path)
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("OPENED")]
    # "report": a package of that name would go before the file.
    assert line.split()[1:] == [
        str(tmp_path / "configs/nightly.json"),
        str(tmp_path / "managed"),
        "report",
        "report.py",
    ]


def test_a_cron_schedule_costs_no_look_through_a_protocol(monkeypatch, tmp_path):
    """Airflow is given a schedule that it knows at once, since asking whether an object fits a protocol is dear."""
    asked: list[object] = []
    of_protocols = type(Timetable)
    original = of_protocols.__instancecheck__

    def counted(cls: type, instance: object) -> bool:
        if cls is Timetable:
            asked.append(instance)
        return original(cls, instance)

    monkeypatch.setattr(of_protocols, "__instancecheck__", counted)
    assert not isinstance("0 3 * * *", Timetable)
    assert asked == ["0 3 * * *"], "the count would see it"
    asked.clear()
    start = {"$datetime": "2024-01-01T00:00:00+00:00"}
    definition = {
        "dag_id": "nightly",
        "dag": {"schedule": "0 3 * * *", "start_date": start},
        "task_groups": [],
        "tasks": [],
    }
    dag = build_dag(definition, fileloc="/nightly.py", callables=ManagedCallables(tmp_path))
    assert (dag.schedule_interval, asked) == ("0 3 * * *", [])
