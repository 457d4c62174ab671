"""A DAG's own view with the database store: which node has parsed which version of it, and what failed where."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from openmetadata_airflow_apis.stores import loader_files
from support.page_steps import barriers, go
from support.workflows import python, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.client import Client
    from support.live import LiveAirflow

# What the DAG processor of another host does with a loader file, on this one.
PARSE = """
import sys
import airflow.utils.net
airflow.utils.net.get_hostname = lambda: sys.argv[1]
from support.parsing import parse
parse(sys.argv[2])
"""
FOLDER = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS"
NAME = "on_nodes"


@pytest.fixture
def client(airflow_below_a_prefix: LiveAirflow) -> Client:
    """The API with an Admin's token."""
    return airflow_below_a_prefix.client("admin")


@pytest.fixture
def files(airflow_below_a_prefix: LiveAirflow) -> Path:
    """The webserver's callable files, with work.py."""
    folder = airflow_below_a_prefix.home / "dag_managed_operators"
    folder.mkdir(exist_ok=True)
    (folder / "work.py").write_text("def work(number=1):\n    return number\n")
    return folder


@pytest.fixture
def deploy(client: Client, files: Path) -> Iterator[Callable[[int], None]]:
    """Deploy a version of the DAG; it is deleted in the end."""

    def run(number: int) -> None:
        tasks = {"one": python("work", "work.py", op_kwargs={"number": number})}
        body = request(NAME, tasks=tasks)
        body["workflow"]["force"] = True
        answer = client.post("/rest_api/api/dags", json=body)
        assert answer.status_code in {200, 201}, answer.text

    yield run
    assert client.delete(f"/rest_api/api/dags/{NAME}").status_code == 200


@pytest.fixture
def parse_on(airflow_below_a_prefix: LiveAirflow) -> Callable[[str, Path], None]:
    """Parse what is deployed as the DAG processor of a host that has its callable files in a folder."""
    airflow = airflow_below_a_prefix

    def run(hostname: str, folder: Path) -> None:
        path = airflow.home / "dags" / loader_files.file_name(0, 1)
        environment = {**airflow.environment, FOLDER: str(folder), "PYTHONPATH": str(Path(__file__).parents[1])}
        subprocess.run([sys.executable, "-c", PARSE, hostname, str(path)], env=environment, check=True)

    return run


def test_the_nodes_of_a_dag(airflow_below_a_prefix, client, deploy, parse_on, files, sign_in, tmp_path):
    """Each node has its version, its own import error, unfolded by itself, and the files that others have not."""
    deploy(1)
    page = sign_in(airflow_below_a_prefix.url, "admin")
    go(page, f"#dags/{NAME}")
    expect(page.get_by_role("heading", name=NAME, exact=True)).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("Revision")
    expect(page.get_by_text("have parsed what is deployed")).to_have_count(0)  # there is no node yet

    parse_on("node-a", files)
    nodes = page.get_by_role("table", name="Nodes")
    expect(page.get_by_text("Nodes (1 of 1 have parsed what is deployed)")).to_be_visible()
    expect(nodes).to_be_hidden()
    deploy(2)
    parse_on("node-b", tmp_path)
    expect(page.get_by_text("Nodes (0 of 2 have parsed what is deployed)")).to_be_visible()
    expect(nodes).to_be_visible()
    away = "no DAG processor there now"
    missing = (
        f"task one: the file 'work.py' in {tmp_path} can't be read: [Errno 2] No such file or directory: 'work.py'"
    )
    rows = nodes.locator("tbody tr")
    expect(rows).to_have_count(2)
    first, second = (rows.nth(index).get_by_role("cell") for index in range(2))
    expect(first.nth(0)).to_have_text(f"node-a{away}")
    expect(first.nth(1)).to_have_text("being read")
    expect(first.nth(2)).to_have_text("1")
    expect(first.nth(4)).to_have_text("as on the others")
    expect(second.nth(0)).to_have_text(f"node-b{away}")
    expect(second.nth(1)).to_contain_text(f"cannot be loaded{missing}")
    expect(second.nth(2)).to_have_text("none yet")
    assert barriers(page) == []

    (tmp_path / "work.py").write_text("def work(number=1):\n    return -number\n")
    parse_on("node-b", tmp_path)
    parse_on("node-a", files)
    expect(page.get_by_text("Nodes (2 of 2 have parsed what is deployed)")).to_be_visible()
    expect(rows).to_have_count(2)
    for row in (first, second):
        expect(row.nth(1)).to_have_text("ready")
        expect(row.nth(2)).to_have_text("2")
        expect(row.nth(4)).to_have_text("work.py differs from another node's")
