"""Clients generated from the specification compile, and do what a person would do with them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from support.generated_clients import (
    EXAMPLES,
    SPECIFICATION,
    camel,
    found_in,
    openapi_generator,
    openapi_generator_jar,
    operation_ids,
    run,
    run_example,
    schema_names,
    what_an_example_prints,
)

# Debian's libgeronimo-annotation-1.3-spec-java, of what the generated pom.xml asks for the one thing
# that isn't in the generator's own jar.
ANNOTATIONS = Path("/usr/share/java/geronimo-annotation-1.3-spec.jar")


def test_python_with_openapi_python_client(airflow_live, tmp_path):
    """openapi-python-client makes a module of each operation; a refusal arrives as a Problem."""
    client = tmp_path / "managed_dags_client"
    generate = ["openapi-python-client", "generate", "--path", SPECIFICATION, "--meta", "none"]
    printed = run([*generate, "--output-path", client], cwd=tmp_path)
    assert "Unable to" not in printed
    assert operation_ids() <= {path.stem for path in (client / "api").glob("*/*.py")}
    program = [sys.executable, EXAMPLES / "python" / "with_openapi_python_client.py"]
    printed = run_example(airflow_live, program, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert printed == what_an_example_prints("hello_attrs")


@pytest.fixture(scope="module")
def typescript(node, tmp_path_factory):
    """The TypeScript examples with both generated clients beside them, compiled."""
    folder = tmp_path_factory.mktemp("typescript")
    shutil.copytree(EXAMPLES / "typescript", folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    openapi_generator("typescript-fetch", folder / "managed-dags", "--additional-properties", "importFileExtension=.js")
    node("openapi-typescript", SPECIFICATION, "--output", "managed-dags.ts", cwd=folder)
    node("tsc", cwd=folder)
    return folder


def test_typescript_with_typescript_fetch(airflow_live, typescript):
    """The methods of typescript-fetch are the operationIds in camelCase, its models the schemas; dates are Dates."""
    methods = found_in(typescript / "managed-dags" / "apis", "*.ts", r"^    async (\w+)\(")
    assert {camel(name) for name in operation_ids()} <= methods
    assert {path.stem for path in (typescript / "managed-dags" / "models").glob("*.ts")} == schema_names() | {"index"}
    printed = run_example(airflow_live, ["node", "built/withTypescriptFetch.js"], cwd=typescript)
    assert printed == what_an_example_prints("hello_fetch")


def test_typescript_with_openapi_typescript(airflow_live, typescript):
    """The types of openapi-typescript fit what the server answers to a plain fetch."""
    assert operation_ids() <= found_in(typescript, "managed-dags.ts", r"^    (\w+): {$")
    printed = run_example(airflow_live, ["node", "built/withOpenapiTypescript.js"], cwd=typescript)
    assert printed == what_an_example_prints("hello_types")


def test_go(airflow_live, tmp_path):
    """The Go client needs no module but itself; its methods are the operationIds, null arrives as nil."""
    client = openapi_generator(
        "go", tmp_path / "manageddags", "--git-user-id", "example", "--git-repo-id", "manageddags",
        "--additional-properties", "packageName=manageddags",
    )  # fmt: skip
    methods = {name.lower() for name in found_in(client, "api_*.go", r"^func \(a \*\w+\) (\w+)\(ctx")}
    assert {name.replace("_", "") for name in operation_ids()} <= methods
    shutil.copy(EXAMPLES / "go" / "main.go", tmp_path)
    # Nothing may be fetched: neither modules nor another Go.
    offline = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    module = "github.com/example/manageddags"
    run(["go", "mod", "init", "example"], cwd=tmp_path, **offline)
    run(["go", "mod", "edit", f"-replace={module}=./manageddags", f"-require={module}@v0.0.0"], cwd=tmp_path, **offline)
    run(["go", "build", "-o", "hello", "."], cwd=tmp_path, **offline)
    assert run_example(airflow_live, ["./hello"], cwd=tmp_path) == what_an_example_prints("hello_go")


def test_java(airflow_live, tmp_path):
    """The Java client's methods are the operationIds in camelCase; dates are OffsetDateTimes, maps are Maps."""
    client = openapi_generator(
        "java", tmp_path / "client", "--library", "native",
        "--additional-properties", "openApiNullable=false,containerDefaultToNull=true",
    )  # fmt: skip
    sources = list((client / "src" / "main" / "java").rglob("*.java"))
    methods = found_in(client / "src" / "main" / "java", "*Api.java", r"^  public \w+ (\w+)\(")
    assert {camel(name) for name in operation_ids()} <= methods
    jars = os.pathsep.join([str(openapi_generator_jar()), str(ANNOTATIONS)])
    program = EXAMPLES / "java" / "DeployAndRun.java"
    run(["javac", "-nowarn", "-d", "built", "-cp", jars, *sources, program], cwd=tmp_path)
    java = ["java", "-cp", f"built{os.pathsep}{jars}", "DeployAndRun"]
    assert run_example(airflow_live, java, cwd=tmp_path) == what_an_example_prints("hello_java")
