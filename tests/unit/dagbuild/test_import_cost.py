"""What a DAG file of ours imports beyond a bare `from airflow import DAG`."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from airflow import DAG
DAG("x", schedule=None)
before = set(sys.modules)
from openmetadata_airflow_apis.dagbuild import build_dag
from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
build_dag({"dag_id": "x", "dag": {"schedule": None}, "task_groups": [], "tasks": []},
          fileloc="/x.py", callables=ManagedCallables())
print("IMPORTED", *sorted(set(sys.modules) - before))
"""


def test_building_a_dag_imports_little():
    """Building a DAG imports no validation, no YAML, no HTTP and nothing of this package but what builds."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("IMPORTED")]
    imported = set(line.split()[1:])
    ours = {name for name in imported if name.startswith("openmetadata_airflow_apis")}
    assert ours == {
        "openmetadata_airflow_apis",
        "openmetadata_airflow_apis.dagbuild",
        "openmetadata_airflow_apis.dagbuild.dag_builder",
        "openmetadata_airflow_apis.dagbuild.dag_file_loader",
        "openmetadata_airflow_apis.dagbuild.deployment_mark",
        "openmetadata_airflow_apis.dagbuild.late_file_rows",
        "openmetadata_airflow_apis.dagbuild.callable_files",
        "openmetadata_airflow_apis.dagbuild.stored_content",
        "openmetadata_airflow_apis.dagbuild.built_values",
        "openmetadata_airflow_apis.errors",
    }
    others = {name.partition(".")[0] for name in imported - ours}
    assert others <= {"airflow"}, "a new import is paid for by every DAG file"
