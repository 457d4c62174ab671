"""Deploy bodies that nobody should send: each is answered in JSON, and none leaves a file where it shouldn't be."""

from __future__ import annotations

import copy
import json
import string
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.airflow_home import USERS
from support.callers import OLD_DOOR, bearer
from support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

TYPED_DOOR = "/rest_api/api/dags"
FUZZ = examples(40)
GOOD = {
    "workflow": {
        "name": "fuzzed",
        "force": "true",
        "dag_config": {
            "fuzzed": {
                "default_args": {"owner": "fuzz", "start_date": "2021-10-29T00:00:00.000Z", "retries": 1},
                "schedule_interval": "0 3 * * *",
                "tasks": {
                    "first": {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"},
                    "second": {"operator": "airflow.operators.empty.EmptyOperator", "dependencies": ["first"]},
                },
            }
        },
    }
}
HOSTILE = st.sampled_from(
    [
        "../../evil", "..", ".", "", " ", "a/b", "a\\b", "evil.py", "evil\n", "evil\0", "é", "\u202eevil",
        "DAGs", "airflow", "os", "webserver_config", "airflow_local_settings", "__init__", "-rf", "~root", "$HOME",
        "{{ 1 }}", "'''", '"""\nimport os\n"""', "%s", "x" * 300, "NaN", "${jndi:ldap://x}", "file:///etc/passwd",
        "os.system", "subprocess.Popen", "builtins.eval", "airflow.operators.bash", "airflow.operators..bash.X",
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | HOSTILE
VALUES = st.recursive(
    SCALARS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE | st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _places(document: Any, path: tuple = ()) -> list[tuple]:
    """Return the path of every value in a document."""
    found = [path]
    children = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else [])
    )
    for key, value in children:
        found += _places(value, (*path, key))
    return found


@st.composite
def changed_bodies(draw) -> Any:
    """A good body with up to three of its values replaced, renamed or taken out."""
    body = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from([place for place in _places(body) if place]))
        parent = body
        for key in above:
            parent = parent[key]
        change = draw(st.sampled_from(["replace", "rename", "remove"]))
        if change == "rename" and isinstance(parent, dict):
            parent[draw(HOSTILE)] = parent.pop(last)
        elif change == "remove":
            del parent[last]
        else:
            parent[last] = draw(VALUES)
        if not body or not isinstance(body, dict):
            break
    return body


@st.composite
def renamed_workflows(draw) -> Any:
    """A good body under a name that may be good or hostile, the same in both places."""
    name = draw(HOSTILE | st.text(string.ascii_letters + string.digits + "_-./\\ ", max_size=12))
    config = copy.deepcopy(GOOD["workflow"]["dag_config"]["fuzzed"])
    return {"workflow": {"name": name, "force": True, "dag_config": {name: config}}}


@pytest.fixture
def deploy(app, home: Path):
    """Sends a body to both doors, checks what is always true of answers and files, and returns the status codes."""
    client = app.test_client()
    login = {"username": "admin", "password": USERS["admin"][1], "provider": "db"}
    signed_in = client.post("/api/v1/security/login", json=login)
    assert signed_in.status_code == 200, signed_in.text
    headers = bearer(signed_in.json["access_token"])

    def files() -> dict[str, int]:
        return {
            str(path.relative_to(home)): path.stat().st_mtime_ns
            for path in home.rglob("*")
            if path.is_file() and not path.name.startswith("airflow.db") and path.parts[len(home.parts)] != "logs"
        }

    def deploy(data: bytes, content_type: str = "application/json") -> list[int]:
        codes = []
        for url in (TYPED_DOOR, f"{OLD_DOOR}?api=deploy_dag"):
            before = files()
            answer = client.post(url, data=data, content_type=content_type, headers=headers)
            after = files()
            assert answer.status_code < 500, answer.text
            assert isinstance(answer.json, dict)
            changed = {name for name, time in after.items() if before.get(name) != time}
            if answer.status_code >= 400:
                assert changed == set()
                assert before.keys() == after.keys()
            assert {name.split("/")[0] for name in changed} <= {"dags", "dag_generated_configs"}
            assert all(name.count("/") == 1 or "/." in name for name in changed)
            codes.append(answer.status_code)
        return codes

    return deploy


def test_good_body(deploy) -> None:
    """The body that the others are made from deploys, at both doors."""
    assert set(deploy(json.dumps(GOOD).encode())) <= {200, 201}  # 201 where no test has deployed it before


@FUZZ
@given(body=changed_bodies())
def test_changed_bodies(deploy, body: Any) -> None:
    """A body with strange values in any place is deployed or refused, and a refusal leaves no file."""
    deploy(json.dumps(body).encode())


@FUZZ
@given(body=renamed_workflows())
def test_names(deploy, body: Any) -> None:
    """A workflow under any name is deployed into its two folders or refused without a trace."""
    deploy(json.dumps(body).encode())


@FUZZ
@given(body=VALUES)
def test_any_json(deploy, body: Any) -> None:
    """Any JSON document is answered."""
    deploy(json.dumps(body).encode())


@FUZZ
@given(data=st.binary(max_size=200))
def test_any_bytes(deploy, data: bytes) -> None:
    """Any bytes are answered."""
    deploy(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"workflow":' * 10_000,
        b'{"workflow": NaN}',
        b'{"workflow": 1, "workflow": 2}',
        b'{"workflow": "\\ud800"}',
        b'{"workflow": 1e999}',
        b'{"workflow": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"workflow": "' + b"x" * 2_000_000 + b'"}',
        b"",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_odd_documents(deploy, data: bytes) -> None:
    """Deep, large, doubled and wrongly encoded documents are refused."""
    deploy(data)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-16", ""],
)
def test_odd_content_types(deploy, content_type: str) -> None:
    """A good body under another content type is answered."""
    deploy(json.dumps(GOOD).encode(), content_type)
