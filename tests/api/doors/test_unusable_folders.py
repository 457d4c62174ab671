"""A folder of the file store that is gone, closed or something else: 503 with the cure, and nothing half done."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dag import DagModel

from .test_damaged_files import body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

pytestmark = pytest.mark.file_store("these are its folders")

NOBODY = 65534
FOLDERS = ("dags", "dag_generated_configs")


def replaced(make: Callable[[Path], Any]) -> Callable[[Path], AbstractContextManager[None]]:
    """Put something else in a folder's place for a while."""

    @contextmanager
    def replaced_for_a_while(folder: Path) -> Iterator[None]:
        away = folder.rename(folder.with_name("away"))
        make(folder)
        try:
            yield
        finally:
            folder.unlink()
            away.rename(folder)

    return replaced_for_a_while


def closed(mode: int) -> Callable[[Path], AbstractContextManager[None]]:
    """Give a folder a mode for a while in which this process is a user to whom modes apply, as they don't to root."""

    @contextmanager
    def closed_for_a_while(folder: Path) -> Iterator[None]:
        home, user = folder.parent, os.geteuid()
        opened = [home, *(path for path in home.rglob("*") if not path.is_symlink())]
        modes = {path: path.stat().st_mode for path in opened}
        for path in opened:
            path.chmod(0o777 if path.is_dir() else 0o666)
        folder.chmod(mode)
        if not user:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(user)
            for path, before in modes.items():
                if path.exists():
                    path.chmod(before)

    return closed_for_a_while


UNUSABLE = {
    "a file": replaced(lambda path: path.touch()),
    "a link to nowhere": replaced(lambda path: path.symlink_to("nowhere")),
    "a link to itself": replaced(lambda path: path.symlink_to(path.name)),
    "closed": closed(0),
    "closed to changes": closed(0o555),
}


def workflow(dag_id: str, description: str) -> dict[str, Any]:
    """Return the request that deploys a DAG, whatever is deployed."""
    request = body(dag_id, force=True)
    request["workflow"]["dag_config"][dag_id]["description"] = description
    return request


CALLS = {
    "deploy": ("POST", "/dags", workflow("fresh", "new")),
    "redeploy": ("POST", "/dags", workflow("kept", "new")),
    "delete": ("DELETE", "/dags/kept", None),
    "restore": ("POST", "/dags/kept/dagVersions/1/restore", None),
    "bundle": ("PUT", "/bundles/some", {"workflows": [workflow("fresh", "new"), workflow("kept", "new")]}),
    "refresh": ("POST", "/dags/refresh", None),
}
# Who can read, or finds nothing, may plan; a refresh tells of each DAG; a DAG that is there keeps its .py.
POSSIBLE = {
    ("a link to nowhere", folder): {("refresh", False), *((name, True) for name in CALLS)} for folder in FOLDERS
} | {
    ("closed to changes", folder): {
        ("refresh", False),
        *((name, True) for name in CALLS),
        *((name, False) for name in ("redeploy", "restore") if folder == "dags"),
    }
    for folder in FOLDERS
}
# Where a definition is not there, and its DAG file is.
CONFLICT = ("a link to nowhere", "dag_generated_configs")


@pytest.fixture
def kept(typed_door, home: Path) -> Iterator[None]:
    """The DAG `kept` of two versions."""
    for description in ("first", "second"):
        status, answer = typed_door("POST", "/dags", json=workflow("kept", description))
        assert status in {200, 201}, answer
    for method, path, json in CALLS.values():  # what is imported at the first use, another user could not import
        assert typed_door(method, f"{path}?dry_run=true", json=json)[0] == 200
    yield
    assert typed_door("DELETE", "/dags/kept")[0] == 200


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("state", UNUSABLE)
def test_a_folder_that_cannot_be_used(state: str, folder: str, kept, home: Path, typed_door):
    """What would change it is 503, names the folder and changes nothing; the webserver goes on, and so does the DAG."""
    possible = POSSIBLE.get((state, folder), set())
    before, files = typed_door("GET", "/dags/kept"), files_below(home)
    refused = []
    with UNUSABLE[state](home / folder):
        for name, (method, path, json) in CALLS.items():
            for dry_run in (True, False):
                if (name, dry_run) in possible:
                    continue
                status, problem = typed_door(method, f"{path}?dry_run={str(dry_run).lower()}", json=json)
                refused.append((name, dry_run, status, problem["detail"].startswith(f"{home / folder} cannot be ")))
        assert typed_door("GET", "/health")[0] == 200
    assert [words[2:] for words in refused] == [(503, True)] * len(refused), refused
    assert files_below(home) == files
    assert typed_door("GET", "/dags/kept") == before
    assert typed_door("GET", "/dags/fresh")[0] == 404


@pytest.mark.parametrize(("state", "folder"), POSSIBLE)
def test_what_needs_no_writing_there(state: str, folder: str, kept, home: Path, typed_door):
    """Plans, and deploys of a DAG whose file is there, are answered as ever where the folder can't be written to."""
    with UNUSABLE[state](home / folder):
        for name, dry_run in sorted(POSSIBLE[state, folder]):
            method, path, json = CALLS[name]
            status, answer = typed_door(method, f"{path}?dry_run={str(dry_run).lower()}", json=json)
            if status == 409:
                assert (state, folder, "is missing, but" in answer["detail"]) == (*CONFLICT, True)
            else:
                assert status == 200, (name, dry_run, answer)
    assert typed_door("POST", "/dags/refresh")[1]["failed"] == []


def test_a_file_that_cannot_be_looked_at_is_not_taken_for_gone(home: Path, typed_door, session):
    """The name of an inactive DAG is free once its file is known to be gone, not while the file can't be looked at."""
    elsewhere = home / "elsewhere.py"
    elsewhere.symlink_to(elsewhere.name)
    session.add(DagModel(dag_id="elsewhere", fileloc=str(elsewhere), is_active=False))
    session.commit()
    status, problem = typed_door("POST", "/dags", json=workflow("elsewhere", "new"))
    assert (status, f"it comes from {elsewhere}" in problem["detail"]) == (409, True)
    elsewhere.unlink()
    assert typed_door("POST", "/dags", json=workflow("elsewhere", "new"))[0] == 201
    assert typed_door("DELETE", "/dags/elsewhere")[0] == 200


def files_below(home: Path) -> dict[str, bytes]:
    """Return the content of each file in the store's folders."""
    paths = [path for folder in FOLDERS for path in (home / folder).rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in sorted(paths)}
