"""Clients generated from openapi.yaml, and what the programs of examples/clients do with them.

client = openapi_generator("go", tmp_path / "client", "--additional-properties", "packageName=manageddags")
assert run(airflow_live, ["./hello"], cwd=tmp_path) == what_an_example_prints("hello_go")
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.api import operations
from support import airflow_home

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from support.live import LiveAirflow

CHECKOUT = Path(__file__).parents[2]
SPECIFICATION = CHECKOUT / "openapi" / "openapi.yaml"
EXAMPLES = CHECKOUT / "examples" / "clients"
# A line of the webserver's log begins its request so.
REFRESH = "POST /api/v1/security/refresh"


def run(command: Iterable[object], *, cwd: Path, **variables: str) -> str:
    """Run a command, with the tools of this Python's environment on the PATH; return what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def openapi_generator(generator: str, folder: Path, *options: str, document: Path = SPECIFICATION) -> Path:
    """Generate a client into the folder with openapi-generator; return the folder."""
    run(["openapi-generator-cli", "generate", "-g", generator, "-i", document, "-o", folder, *options], cwd=CHECKOUT)
    return folder


def openapi_generator_jar() -> Path:
    """Return the generator's own jar, which has Jackson in it."""
    return Path(str(resources.files("openapi_generator_cli"))) / "openapi-generator.jar"


def run_example(airflow: LiveAirflow, command: Iterable[object], *, cwd: Path, **variables: str) -> list[str]:
    """Run a program of examples/clients against a live Airflow; return the lines that it printed."""
    passwords = {f"{user.upper()}_PASSWORD": airflow_home.USERS[user][1] for user in ("admin", "viewer")}
    # Each request is to renew its token first.
    variables = {"RENEW_AFTER_SECONDS": "0", "AIRFLOW_URL": airflow.url, "no_proxy": "*", **variables}
    webserver = airflow.log_path("webserver")
    renewals = webserver.read_text(errors="replace").count(REFRESH)
    printed = run(command, cwd=cwd, **passwords, **variables).splitlines()
    assert webserver.read_text(errors="replace").count(REFRESH) > renewals + 5
    return printed


def what_an_example_prints(dag_id: str) -> list[str]:
    """Return the lines of every program of examples/clients, which differ in the dag_id alone."""
    fault = f"/workflow/dag_config/{dag_id}/tasks/greet/operator: no class 'BashOperater' in airflow.operators.bash"
    return [
        f"deployed {dag_id}: parsed",
        "ran: success",
        "failed: greet: Its command ended with exit code 3; its output ends with: hello",
        "paused: true",
        "killed: 1, to restart: 2",
        "succeeded: greet; the run is queued again",
        f"400 {fault}; did you mean 'BashOperator'?",
        "403 delete_dag needs the permission 'can delete on Managed DAGs'",
        f"deleted {dag_id}",
    ]


def operation_ids() -> set[str]:
    """Return the operationIds, the old door's two included."""
    items: Mapping[str, Any] = operations.document()["paths"]
    return {
        operation["operationId"]
        for item in items.values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    }


def schema_names() -> set[str]:
    """Return the names of the specification's schemas."""
    return set(operations.document()["components"]["schemas"])


def camel(name: str) -> str:
    """Return a snake_case name in camelCase."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def snake(name: str) -> str:
    """Return a PascalCase name in snake_case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def found_in(folder: Path, pattern: str, expression: str) -> set[str]:
    """Return what the expression's first group finds in the folder's files of that pattern."""
    return {
        name
        for path in folder.rglob(pattern)
        for name in re.findall(expression, path.read_text(encoding="utf-8"), re.MULTILINE)
    }
