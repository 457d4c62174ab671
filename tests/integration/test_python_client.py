"""A Python client generated from the specification, driven by the program of examples/clients."""

from __future__ import annotations

import sys

from support import generated_clients
from support.generated_clients import (
    EXAMPLES,
    found_in,
    operation_ids,
    run_example,
    schema_names,
    snake,
    what_an_example_prints,
)


def test_a_generated_python_client_deploys_runs_and_reads_refusals(airflow_live, tmp_path):
    """Made of the served specification; methods are its operationIds, models its schemas, refusals models too."""
    served = tmp_path / "openapi.json"
    served.write_bytes(airflow_live.client(None).get("/rest_api/api/openapi.json").content)
    package = ["--package-name", "managed_dags"]
    client = generated_clients.openapi_generator("python", tmp_path / "client", *package, document=served)
    assert operation_ids() <= found_in(client / "managed_dags" / "api", "*.py", r"^    def (\w+)\(")
    models = {path.stem for path in (client / "managed_dags" / "models").glob("*.py")} - {"__init__"}
    assert models == {snake(name) for name in schema_names()}
    program = [sys.executable, EXAMPLES / "python" / "with_openapi_generator.py"]
    printed = run_example(airflow_live, program, cwd=tmp_path, PYTHONPATH=str(client))
    assert printed == what_an_example_prints("hello_python")
