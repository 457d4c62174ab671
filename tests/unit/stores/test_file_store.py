"""The file store: old or new and never between, and only what is ours."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import stat
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from openmetadata_airflow_apis.conflict_errors import DiffersInCase, NotDeployedHere
from openmetadata_airflow_apis.dagbuild.stored_document import MARKER, StoredDocument, encode
from openmetadata_airflow_apis.errors import (
    ConfigurationError,
    DamagedDocument,
    OutcomeUnknown,
    StorageFull,
    Unavailable,
)
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import file_store
from openmetadata_airflow_apis.stores.definition_store import Head
from openmetadata_airflow_apis.stores.file_store import FileStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OLD = StoredDocument(
    "nightly",
    {"dag_id": "nightly", "dag": {}, "tasks": []},
    {"name": "nightly"},
    "ada",
    datetime(2026, 1, 1, tzinfo=timezone.utc),
)
NEW = StoredDocument(
    "nightly",
    {"dag_id": "nightly", "dag": {"catchup": False}, "tasks": []},
    {"name": "nightly"},
    "bob",
    datetime(2026, 1, 2, tzinfo=timezone.utc),
)

NOBODY = os.geteuid() or 65534


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose folders are not there yet."""
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(tmp_path / "dags"))
    return Settings(
        dag_generated_configs=tmp_path / "generated" / "configs", dag_managed_operators=tmp_path / "operators"
    )


@pytest.fixture
def store(settings: Settings) -> FileStore:
    """A store in those folders."""
    return FileStore(settings)


def content(folder: Path) -> dict[str, bytes]:
    """Return name → bytes of everything below a folder, lock files left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def write(store: FileStore, document: StoredDocument = OLD) -> None:
    """Write as a deploy does."""
    with store.locked(document.dag_id):
        store.finish_interrupted(document.dag_id)
        store.claim(document.dag_id)
        store.write(document)


def test_a_definition_becomes_a_json_file_and_a_python_file(store, settings, tmp_path):
    """A deployed definition is <dag_id>.json, and a <dag_id>.py that holds nothing of it."""
    write(store)

    found = content(tmp_path)
    assert list(found) == ["dags/nightly.py", "generated/configs/nightly.json"]
    assert found["generated/configs/nightly.json"] == encode(OLD)
    lines = found["dags/nightly.py"].decode().splitlines()
    assert lines[0] == MARKER
    assert f"load_dag('nightly', '{settings.dag_generated_configs}/nightly.json')" in lines[-2]
    assert store.read("nightly") == OLD
    assert store.dag_ids() == ["nightly"]
    assert store.fileloc("nightly") == str(tmp_path / "dags" / "nightly.py")


def test_files_are_0640_and_folders_0750_whatever_the_umask(store, tmp_path):
    """Files can be read by the group and written by nobody else; folders that are made can be entered by it."""
    before = os.umask(0o077)
    try:
        write(store)
    finally:
        os.umask(before)

    modes = {str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {
        "dags": 0o750,
        "dags/nightly.py": 0o640,
        "generated": 0o750,
        "generated/configs": 0o750,
        "generated/configs/nightly.json": 0o640,
    }


def test_a_redeploy_is_one_rename(store, settings, tmp_path):
    """Replacing a definition touches its JSON file alone."""
    write(store)
    module = tmp_path / "dags" / "nightly.py"
    before = module.stat()
    steps: list[str] = []

    write(FileStore(settings, at_step=steps.append), NEW)

    assert steps == ["write beside .json", "rename to .json", "sync .json"]
    assert (module.stat().st_ino, module.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert store.read("nightly") == NEW


def test_another_template_gives_another_python_file(store, settings, tmp_path):
    """A template of the operator's own is used, at the next deploy or refresh, and its file is known as ours."""
    write(store)
    template = tmp_path / "mine.j2"
    template.write_text(
        "from openmetadata_airflow_apis.dagbuild import load_dag\n"
        "d = load_dag({{ dag_id }}, {{ workflow_config_file }})"
    )
    other_template = FileStore(replace(settings, dag_runner_template=template))

    assert other_template.interrupted() == {"nightly"}
    other_template.finish_interrupted("nightly")

    lines = (tmp_path / "dags" / "nightly.py").read_text().splitlines()
    assert lines[:2] == [MARKER, "from openmetadata_airflow_apis.dagbuild import load_dag"]
    assert lines[2] == f"d = load_dag('nightly', '{settings.dag_generated_configs}/nightly.json')"
    assert other_template.interrupted() == set()
    assert other_template.claim("nightly") == OLD


@pytest.mark.parametrize("template", ["d = {{ dag_id", "d = {{ nothing }}", "d = = {{ dag_id }}"])
def test_a_bad_template_is_told_before_anything_is_written(settings, tmp_path, template):
    """A template that does not become Python is the operator's to mend, and leaves no file."""
    (tmp_path / "bad.j2").write_text(template)

    with pytest.raises(ConfigurationError, match=r"dag_runner_template .*/bad\.j2 does not render to Python: "):
        write(FileStore(replace(settings, dag_runner_template=tmp_path / "bad.j2")))

    assert list(content(tmp_path)) == ["bad.j2"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("dags/nightly.py", lambda _: b"print('mine')\n"),
        ("dags/nightly.py", lambda data: data.replace(b"load_dag(", b"load_dag (")),
        ("dags/nightly.py", lambda data: data.rpartition(b"\n# ")[0] + b"\n"),
        ("dags/nightly.py", lambda _: b""),
        ("generated/configs/nightly.json", lambda _: b"{}"),
        ("generated/configs/nightly.json", lambda data: data[:-9]),
        ("generated/configs/nightly.json", lambda data: data.replace(b'"definition": {', b'"definition": {"x": 1,')),
        ("generated/configs/nightly.json", lambda data: data.replace(b'"nightly"', b'"weekly"', 1)),
    ],
)
def test_what_was_changed_by_hand_is_refused_and_left(store, tmp_path, path, change: Callable[[bytes], bytes]):
    """A file that is not ours, or not as we wrote it, is named and keeps every byte."""
    write(store)
    changed = change((tmp_path / path).read_bytes())
    (tmp_path / path).write_bytes(changed)

    with pytest.raises(DamagedDocument, match=path):
        store.claim("nightly")
    store.finish_interrupted("nightly")

    assert (tmp_path / path).read_bytes() == changed


@pytest.mark.parametrize("path", ["dags/nightly.py", "generated/configs/nightly.json"])
@pytest.mark.parametrize("make", [lambda path, target: path.symlink_to(target), lambda path, _: os.mkfifo(path)])
def test_a_link_or_a_pipe_is_never_followed(store, tmp_path, path, make):
    """Something else than a file where ours would be is refused and left."""
    (tmp_path / "target").write_bytes(encode(OLD))
    (tmp_path / path).parent.mkdir(parents=True)
    make(tmp_path / path, tmp_path / "target")

    with pytest.raises(NotDeployedHere, match="not a regular file"):
        store.claim("nightly")

    assert (tmp_path / "target").read_bytes() == encode(OLD)


def test_the_file_of_another_dag_is_no_proof(store, tmp_path):
    """A copy of a deployed file under another name is not ours."""
    write(store)
    (tmp_path / "dags" / "other.py").write_bytes((tmp_path / "dags" / "nightly.py").read_bytes())

    with pytest.raises(NotDeployedHere, match=r"other\.py"):
        store.claim("other")
    assert not store.knows("other")


def test_names_that_differ_in_case_alone_are_one_name(store, tmp_path):
    """A name that differs from a deployed one in case alone is refused: some file systems take both for one."""
    write(store)
    before = content(tmp_path)

    with pytest.raises(DiffersInCase, match="differs from that of the deployed DAG `nightly` in upper and lower case"):
        store.claim("Nightly")

    assert content(tmp_path) == before


def test_names_with_dots_keep_to_themselves(store, settings, tmp_path):
    """A DAG whose name is another's file name has files of its own, and what one leaves is not swept by the other."""
    names = ["nightly", "nightly.json", "nightly.py", "2024.nightly"]
    for name in names:
        write(store, replace(OLD, dag_id=name))
    assert store.dag_ids() == sorted(names)
    assert all(store.read(name).dag_id == name and store.knows(name) for name in names)
    # A redeploy that dies after it has written the new definition beside the old one.
    assert killed_at(1, settings, lambda child: write(child, replace(NEW, dag_id="nightly.json")))
    left = [name for name in content(tmp_path) if name.endswith(".tmp")]
    assert (len(left), store.interrupted()) == (1, {"nightly.json"})
    store.finish_interrupted("nightly")
    assert left[0] in content(tmp_path)
    store.finish_interrupted("nightly.json")
    assert left[0] not in content(tmp_path)
    assert store.dag_ids() == sorted(names)


@pytest.mark.parametrize("change", ["take away", "put back"])
def test_the_cure_of_a_damaged_definition_cures(store, tmp_path, change: str):
    """Reading and deploying name one cure, the only one, and each half of it leads to a definition that can be read."""
    store.write(OLD)
    path = tmp_path / "generated" / "configs" / "nightly.json"
    deployed = path.read_bytes()
    path.write_bytes(deployed.replace(b'"ada"', b'"eve",'))
    cure = "move the file away and deploy the workflow again, or put back what was deployed"
    for look in (store.read, store.claim):
        with pytest.raises(DamagedDocument, match=f"{cure}$"):
            look("nightly")
    if change == "take away":
        path.unlink()
        assert store.claim("nightly") is None
        store.write(NEW)
        assert store.read("nightly") == NEW
    else:
        path.write_bytes(deployed)
        assert store.read("nightly") == OLD


def test_a_damaged_definition_cannot_be_read(store, tmp_path):
    """A damaged definition is named, with what is wrong."""
    write(store)
    (tmp_path / "generated/configs/nightly.json").write_text("{")

    with pytest.raises(DamagedDocument, match=r"nightly\.json: is not JSON"):
        store.read("nightly")


def test_a_file_that_may_not_be_read_is_named_with_the_user(tmp_path, monkeypatch):
    """A record that the webserver's user may not read is damaged in one sentence, and others can be read."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # the folders above tmp_path are closed to other users
    try:
        folder.chmod(0o755)
        monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(folder / "dags"))
        store = FileStore(
            Settings(dag_generated_configs=folder / "configs", dag_managed_operators=folder / "operators")
        )
        write(store)
        (folder / "configs").chmod(0o755)
        (folder / "configs" / "nightly.json").chmod(0)
        with as_nobody(), pytest.raises(DamagedDocument) as raised:
            store.read("nightly")
        with as_nobody():
            assert store.dag_ids() == ["nightly"]
    finally:
        shutil.rmtree(folder)
    assert str(raised.value) == (
        f"{folder}/configs/nightly.json: cannot be read by the user of this process (uid {NOBODY}); "
        "give that user the right to read it"
    )


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user to whom file modes apply, as they do not to root."""
    user = os.geteuid()
    if user:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_second_holder_waits_and_then_gives_up(store, settings, monkeypatch):
    """A name is held against every other request, which is told so when it has waited long enough."""
    monkeypatch.setattr(file_store, "_LOCK_SECONDS", 0.1)
    with (
        store.locked("nightly"),
        pytest.raises(Unavailable, match="`NIGHTLY` is being deployed or deleted by another request"),
        FileStore(settings).locked("NIGHTLY"),
    ):
        pass
    with store.locked("nightly"), store.locked("weekly"):
        pass
    assert list(settings.dag_generated_configs.iterdir()) == []


def test_a_lock_whose_file_can_not_be_taken_away_is_let_go_of(store, settings):
    """Where the disk refuses to take a lock's file away, the request ends as it would have, and the name is free."""
    lock = settings.dag_generated_configs / ".nightly.lock"
    kept = settings.dag_generated_configs / "kept"
    with store.locked("nightly"):
        lock.rename(kept)
        lock.mkdir()  # which no unlink takes away
    with kept.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where somebody has it still
    lock.rmdir()
    with store.locked("nightly"):
        pass


def test_holders_follow_one_another(store, settings):
    """Many requests for one name take turns, and the lock's file is gone after the last."""
    inside, most = 0, 0

    def hold() -> None:
        nonlocal inside, most
        for _ in range(20):
            with FileStore(settings).locked("nightly"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1
    assert list(settings.dag_generated_configs.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "error", "sentence"),
    [
        (errno.ENOSPC, StorageFull, "There is no room left in {}; make some and send the request again"),
        (errno.EDQUOT, StorageFull, "There is no room left in {}; make some and send the request again"),
        (errno.EROFS, Unavailable, "{} is on a read-only file system; mount it for writing and send the request again"),
        (errno.EACCES, Unavailable, "{} cannot be written by the webserver's user (uid {uid}); give that user the"),
        (errno.EIO, Unavailable, "{} cannot be used: Input/output error; mend it and send the request again"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_disk_that_fails_leaves_what_was_there(settings, tmp_path, number, error, sentence, first):
    """Whichever step a full, read-only or broken disk fails, the old version stays and nothing else does."""
    if not first:
        write(FileStore(settings))
    before = content(tmp_path)
    failing = ["write beside .json", "rename to .json"]
    if first:
        failing += ["write beside .py", "rename to .py"]
    for failed in failing:

        def fail(step: str, failed: str = failed) -> None:
            if step == failed:
                raise OSError(number, os.strerror(number))

        with pytest.raises(error) as raised:
            write(FileStore(settings, at_step=fail), NEW)

        folder = tmp_path / ("dags" if failed.endswith(".py") else "generated/configs")
        assert str(raised.value).startswith(sentence.format(folder, uid=os.geteuid()))
        assert content(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_named(settings, tmp_path):
    """A folder whose parent is a file is the operator's to mend, and nothing is written."""
    (tmp_path / "generated").write_text("in the way")

    with pytest.raises(Unavailable, match="generated/configs cannot be used: Not a directory"):
        write(FileStore(settings))

    assert content(tmp_path) == {"generated": b"in the way"}


def killed_at(step: int, settings: Settings, act: Callable[[FileStore], None]) -> bool:
    """Run act in a child that dies before its step; return whether it did."""
    pid = os.fork()
    if pid == 0:
        left = step

        def count(_: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            act(FileStore(settings, at_step=count))
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def test_a_deploy_killed_at_any_step_leaves_old_or_new(settings, tmp_path):
    """A redeploy whose process dies leaves one of the two versions, and the next one leaves no trace of it."""
    store, versions, step = FileStore(settings), set(), 0
    write(store)
    while killed_at(step, settings, lambda child: write(child, NEW)):
        found = store.read("nightly")
        assert found in (OLD, NEW)
        versions.add(found.deployed_by)
        write(store)
        assert list(content(tmp_path)) == ["dags/nightly.py", "generated/configs/nightly.json"]
        assert store.read("nightly") == OLD
        step += 1
    assert versions == {"ada", "bob"}
    assert store.read("nightly") == NEW


def test_a_first_deploy_killed_at_any_step_is_nothing_or_made_whole(settings, tmp_path):
    """A first deploy whose process dies left nothing, or a definition that the next refresh completes."""
    store, outcomes, step = FileStore(settings), set(), 0
    while killed_at(step, settings, write):
        for dag_id in store.interrupted():
            assert dag_id == "nightly"
            with store.locked(dag_id):
                assert store.finish_interrupted(dag_id) is False
        found = list(content(tmp_path))
        assert found in ([], ["dags/nightly.py", "generated/configs/nightly.json"])
        assert store.read("nightly") == (OLD if found else None)
        outcomes.add(len(found))
        with store.removing("nightly"):
            pass
        step += 1
    assert outcomes == {0, 2}
    assert step == 6


def test_a_removal_killed_at_any_step_is_undone_or_ended(settings, tmp_path):
    """A delete whose process dies is undone by the next refresh, or known as begun and ended by it."""
    store, outcomes, step = FileStore(settings), set(), 0
    write(store)

    def remove(child: FileStore) -> None:
        with child.locked("nightly"), child.removing("nightly"):
            pass

    while killed_at(step, settings, remove):
        for dag_id in store.interrupted():
            with store.locked(dag_id):
                begun = store.finish_interrupted(dag_id)
            if begun:
                assert store.read("nightly") is None
                store.end_removal(dag_id)
        found = list(content(tmp_path))
        assert found in ([], ["dags/nightly.py", "generated/configs/nightly.json"])
        outcomes.add(len(found))
        write(store)
        step += 1
    assert outcomes == {0, 2}
    assert content(tmp_path) == {}


def test_a_removal_that_fails_brings_both_files_back(store, tmp_path):
    """When the database refuses a delete, the files are as they were, byte for byte."""
    write(store)
    before = content(tmp_path)

    def refuse() -> None:
        with store.removing("nightly"):
            assert not (tmp_path / "dags" / "nightly.py").exists()
            raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        refuse()

    assert content(tmp_path) == before


def test_heads_tell_what_is_deployed_without_reading_it(settings):
    """The revision and the bundle of each, of what is being deleted too; what a deploy did not write has none."""
    store = FileStore(settings)
    assert store.heads() == {}
    store.write(OLD)
    store.write(replace(OLD, dag_id="bundled", bundle_name="crew"))
    (settings.dag_generated_configs / "foreign.json").write_text('{"bundle_name": "crew"}')
    (settings.dag_generated_configs / "torn.json").write_bytes(encode(NEW)[:40])
    assert store.heads() == {"nightly": Head(OLD.revision, None), "bundled": Head(OLD.revision, "crew")}

    store.write(replace(NEW, bundle_name="crew"))
    assert store.heads()["nightly"] == Head(NEW.revision, "crew")
    with pytest.raises(OutcomeUnknown), store.removing("nightly"):
        raise OutcomeUnknown("the answer was lost")
    assert store.heads()["nightly"] == Head(NEW.revision, "crew")
    store.end_removal("nightly")
    assert list(store.heads()) == ["bundled"]


def test_a_bundle_is_locked_beside_the_dag_of_its_name(settings, monkeypatch):
    """A bundle's lock is not that of a DAG; a second holder is told which bundle it is."""
    monkeypatch.setattr(file_store, "_LOCK_SECONDS", 0.0)
    with FileStore(settings).locked_bundle("nightly"), FileStore(settings).locked("nightly"):
        with pytest.raises(Unavailable) as error, FileStore(settings).locked_bundle("Nightly"):
            pass
        assert str(error.value) == (
            "The bundle `Nightly` is being applied by another request; try again when that is done"
        )
    with FileStore(settings).locked_bundle("nightly"):
        pass
    assert not [path for path in settings.dag_generated_configs.iterdir() if path.name.endswith(".lock")]


def test_a_store_that_is_dismantled(store: FileStore, settings: Settings) -> None:
    """Its folder goes with the lock files that a crash has left, unless there is something else in it."""
    folder = settings.dag_generated_configs
    store.dismantle()
    store.write(OLD)
    (folder / ".weekly.lock").touch()
    store.dismantle()
    assert [path.name for path in folder.iterdir()] == ["nightly.json"]
    with store.removing("nightly"):
        pass
    store.dismantle()
    assert not folder.exists()
    assert folder.parent.exists()


def test_a_lock_that_is_held_is_not_dismantled(store: FileStore, settings: Settings) -> None:
    """What another process is about to deploy keeps its lock, and the folder."""
    with store.locked("nightly"):
        store.dismantle()
        assert [path.name for path in settings.dag_generated_configs.iterdir()] == [".nightly.lock"]
