"""The client is a distribution of its own: small, quick to start, and without Airflow."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

import openmetadata_airflow_apis
from support.light_environment import CHECKOUT, build_wheel, closure, make_light_environment, requirements_of

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"airflow", "dateutil", "flask", "jsonschema", "openmetadata_airflow_apis", "rich", "urllib3", "yaml"}
WORKFLOW = {
    "workflow": {
        "name": "light",
        "dag_config": {
            "light": {
                "start_date": "2024-01-01",
                "schedule": None,
                "tasks": {"a": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"}},
            }
        },
    }
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's wheel, built from this checkout."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`managed-dags` in an environment that has nothing but what it requires."""
    return make_light_environment(tmp_path_factory.mktemp("light"))


def run(program: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    return subprocess.run(
        [program, *arguments],
        env={**clean, "MANAGED_DAGS_CONFIG": str(program.parent), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_fewer_than_twenty_packages_are_installed(wheel: Path):
    """What the client brings with it, itself included, is less than twenty distributions, and no Airflow."""
    names = closure(requirements_of(wheel))
    assert "apache-airflow" not in names
    assert len(names) + 1 < 20, sorted(names)


def test_an_installation_is_small(program: Path):
    """The client with all that it requires has less than 25 MB."""
    files = [path for path in (program.parents[1] / "lib").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert 1_000_000 < sum(path.stat().st_size for path in files) < 25_000_000


def test_its_version_is_the_plugins(wheel: Path):
    """Client and plugin of one release have one version."""
    assert wheel.name == f"managed_dags_cli-{openmetadata_airflow_apis.__version__}-py3-none-any.whl"


def test_the_wheel_has_one_package_and_the_command(wheel: Path):
    """An installation puts one package into site-packages, so that it can stand beside the plugin's."""
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        (entry_points,) = [packed.read(name).decode() for name in names if name.endswith("entry_points.txt")]
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"managed_dags_cli"}
    assert entry_points.split() == ["[console_scripts]", "managed-dags", "=", "managed_dags_cli.main:main"]


def test_the_wheel_has_every_file_of_the_package(wheel: Path):
    """Nothing of the package stays behind."""
    source = CHECKOUT / "src"
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    files = {str(path.relative_to(source)) for path in (source / "managed_dags_cli").rglob("*.py")}
    assert files - names == set()


def test_it_works_without_airflow(program: Path, tmp_path: Path):
    """In an environment without Airflow the client knows the operations, and checks definitions by its own copy."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(WORKFLOW))
    bad.write_text(json.dumps(WORKFLOW).replace("start_date", "start_dat"))
    done = run(program, "validate", str(good), "-o", "name")
    assert (done.returncode, done.stdout, done.stderr) == (0, "light\n", "")
    done = run(program, "validate", str(bad))
    assert done.returncode == 1
    assert "did you mean 'start_date'?" in done.stderr
    assert "restart_dag_runs" in run(program, "call", "--list", "-o", "name").stdout.splitlines()


@pytest.mark.parametrize(
    ("schedule", "code", "told"),
    [
        ("0 3 * * *", 0, ""),
        ("@daily", 0, ""),
        ("/5 * * * *", 1, "'/5 * * * *' is no cron expression"),
        ("R 0 * * *", 1, "has a random part"),
        ({"__type__": "datetime.timedelta", "hours": 2}, 0, ""),
        (["s3://bucket/a"], 0, ""),
    ],
)
def test_it_checks_every_schedule_without_airflow(program: Path, tmp_path: Path, schedule, code: int, told: str):
    """A cron expression needs a library of its own, which the client brings."""
    definition = json.loads(json.dumps(WORKFLOW))
    definition["workflow"]["dag_config"]["light"]["schedule"] = schedule
    file = tmp_path / "scheduled.json"
    file.write_text(json.dumps(definition))
    done = run(program, "validate", str(file))
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


def test_every_library_that_is_imported_is_required(wheel: Path):
    """Whatever a module of the wheel imports, at its top or when it is used, is Python's, its own, or required."""
    imported: set[str] = set()
    with zipfile.ZipFile(wheel) as packed:
        sources = [packed.read(name).decode() for name in packed.namelist() if name.endswith(".py")]
    for tree in map(ast.parse, sources):
        for_types = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if id(node) in for_types:
                continue
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    named = {"dateutil": "python-dateutil", "yaml": "pyyaml"}
    others = imported - sys.stdlib_module_names - {"managed_dags_cli", "openmetadata_airflow_apis"}
    required = {re.match(r"[\w-]+", requirement)[0].lower() for requirement in requirements_of(wheel)}
    assert {named.get(name, name) for name in others} == required


def test_a_start_imports_next_to_nothing():
    """`managed-dags --help` imports click and this package alone; what talks, draws and checks comes when used."""
    source = f"""
import contextlib, io, json, sys
before = set(sys.modules)
sys.path.append({str(CHECKOUT / "src")!r})
from managed_dags_cli.main import run
with contextlib.redirect_stdout(io.StringIO()):
    code = run(["--help"])
print(json.dumps([code, sorted(set(sys.modules) - before)]))
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stdout)
    assert code == 0
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()
    assert len(modules) < 200
