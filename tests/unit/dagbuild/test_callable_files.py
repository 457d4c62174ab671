"""Functions from the files of dag_managed_operators."""

from __future__ import annotations

import importlib.util
import inspect
import os
import pickle
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from openmetadata_airflow_apis.dagbuild import callable_files
from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
from openmetadata_airflow_apis.dagbuild.stand_ins import StandIns
from openmetadata_airflow_apis.errors import DagNotBuilt


def write(folder: Path, **files: str) -> Path:
    for name, source in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(source)
    return folder


def refused(find, file: str, name: str = "f") -> str:
    with pytest.raises(DagNotBuilt) as caught:
        find(file, name)
    return caught.value.reason


def test_a_file_is_executed_once_a_parse(tmp_path):
    """Several functions of one file share the file's one execution in a parse; the next parse executes it anew."""
    write(tmp_path, counted="made = []\ndef f(): return made\ndef g(): return made\n")
    find = ManagedCallables(tmp_path)
    assert find("counted.py", "f")() is find("counted.py", "g")()
    assert ManagedCallables(tmp_path)("counted.py", "f")() is not find("counted.py", "f")()


def test_a_changed_file_is_seen_by_the_next_parse(tmp_path):
    """A parse sees the file as it is now, helpers included."""
    write(tmp_path, a="from .b import value\ndef f(): return value\n", b="value = 1\n")
    assert ManagedCallables(tmp_path)("a.py", "f")() == 1
    write(tmp_path, b="value = 2\n")
    assert ManagedCallables(tmp_path)("a.py", "f")() == 2


@pytest.fixture
def compiled_files(monkeypatch):
    """Compiled files are kept, as in Airflow's processes, and each call of the fixture's value is a new process."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    callable_files._code_of.cache_clear()
    yield callable_files._code_of.cache_clear
    callable_files._code_of.cache_clear()


def test_a_file_is_compiled_once_for_all_processes(tmp_path, compiled_files, monkeypatch):
    """The next process finds the code in __pycache__, where Python's own import finds it too."""
    write(tmp_path, kept="def f(): return 1\n")
    assert ManagedCallables(tmp_path)("kept.py", "f")() == 1
    compiled_files()
    monkeypatch.setattr(callable_files, "compile", None, raising=False)
    assert ManagedCallables(tmp_path)("kept.py", "f")() == 1
    (kept,) = tmp_path.glob("__pycache__/kept.*.pyc")
    assert kept == Path(importlib.util.cache_from_source(str(tmp_path / "kept.py")))
    loader = SourceFileLoader("kept", str(tmp_path / "kept.py"))
    monkeypatch.setattr(loader, "source_to_code", None)
    assert "f" in loader.get_code("kept").co_names


def test_a_change_of_the_same_size_in_the_same_moment_is_seen(tmp_path, compiled_files):
    """A compiled file is good for the very source that it was made of, whatever the times of the files say."""
    write(tmp_path, kept="def f(): return 1\n")
    times = (tmp_path / "kept.py").stat()
    assert ManagedCallables(tmp_path)("kept.py", "f")() == 1
    compiled_files()
    write(tmp_path, kept="def f(): return 2\n")
    os.utime(tmp_path / "kept.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert ManagedCallables(tmp_path)("kept.py", "f")() == 2


@pytest.mark.parametrize("left", [0, 3, 16, 40])
def test_a_torn_compiled_file_is_made_anew(tmp_path, compiled_files, left):
    """What is left of a compiled file after a crash is no harm."""
    write(tmp_path, kept="def f(): return 1\n")
    ManagedCallables(tmp_path)("kept.py", "f")
    (kept,) = tmp_path.glob("__pycache__/kept.*.pyc")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:left])
    compiled_files()
    assert ManagedCallables(tmp_path)("kept.py", "f")() == 1
    assert kept.read_bytes() == whole


def test_a_folder_that_can_not_hold_compiled_files_does_without(tmp_path, compiled_files):
    """Where nothing can be kept, files are compiled and run all the same."""
    write(tmp_path, kept="def f(): return 1\n")
    (tmp_path / "__pycache__").touch()
    assert ManagedCallables(tmp_path)("kept.py", "f")() == 1


def test_a_file_shadows_no_module(tmp_path):
    """A file called json.py is loaded under a private name, and json stays Python's."""
    import json

    write(tmp_path, json="import json as real\ndef f(): return real.dumps([1])\n")
    function = ManagedCallables(tmp_path)("json.py", "f")
    assert function() == "[1]"
    assert function.__module__ == "_dag_managed_operators.json"
    assert sys.modules["json"] is json
    assert str(tmp_path) not in sys.path


def test_files_reach_each_other_by_relative_imports(tmp_path):
    """A file imports another by a relative import, from subfolders with or without __init__.py."""
    write(
        tmp_path,
        top="from .inner import low\ndef f(): return low.g()\n",
        inner__low="from ..helpers import value\nfrom .beside import more\ndef g(): return value + more\n",
        inner__beside="more = 1\n",
        packed__one="from . import name\ndef f(): return name\n",
        helpers="value = 41\n",
    )
    (tmp_path / "packed/__init__.py").write_text("name = 'packed'\n")
    find = ManagedCallables(tmp_path)
    assert find("top.py", "f")() == 42
    assert find("inner/low.py", "g")() == 42
    assert find("packed/one.py", "f")() == "packed"


def test_a_plain_import_finds_installed_modules_alone(tmp_path):
    """`import helpers` does not find helpers.py of the folder: it is not on sys.path."""
    write(tmp_path, a="import helpers_of_mine\ndef f(): pass\n", helpers_of_mine="")
    with pytest.raises(ModuleNotFoundError, match="helpers_of_mine"):
        ManagedCallables(tmp_path)("a.py", "f")


def test_functions_can_be_pickled(tmp_path):
    """Functions and classes of callable files survive pickling within the process, as XComs and executors need."""
    write(tmp_path, a="class Row:\n    def __eq__(self, other): return type(other) is Row\ndef f(): return Row()\n")
    function = ManagedCallables(tmp_path)("a.py", "f")
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301 - our own bytes
    assert pickle.loads(pickle.dumps(function())) == function()  # noqa: S301


def test_the_source_is_found(tmp_path):
    """The source text of a function is found: virtualenv operators send it to another Python."""
    write(tmp_path, a="x = 1\n\ndef f(a):\n    return a\n")
    assert inspect.getsource(ManagedCallables(tmp_path)("a.py", "f")) == "def f(a):\n    return a\n"


@pytest.mark.parametrize("kind", [ManagedCallables, StandIns])
@pytest.mark.parametrize(
    "file",
    ["/etc/passwd.py", "../a.py", "./a.py", "a", "a.txt", "", ".py", "a//b.py", "é.py", "a-b.py", "a b.py", "a\0.py"],
)
def test_paths_out_of_the_folder_are_refused(tmp_path, kind, file: str):
    """A path is of plain Python names below the folder, or it is refused."""
    assert "can't be read" in refused(kind(tmp_path), file)


@pytest.mark.parametrize("kind", [ManagedCallables, StandIns])
def test_links_are_not_followed(tmp_path, kind):
    """A symbolic link below the folder is not followed, be it a file or a folder; the folder itself may be one."""
    outside = write(tmp_path / "outside", a="def f(): pass\n")
    inside = write(tmp_path / "inside", b="def f(): pass\n")
    (inside / "a.py").symlink_to(outside / "a.py")
    (inside / "sub").symlink_to(outside)
    link = tmp_path / "link"
    link.symlink_to(inside)
    find = kind(link)
    assert find("b.py", "f").__name__ == "f"
    assert "can't be read" in refused(find, "a.py")
    assert "can't be read" in refused(find, "sub/a.py")


@pytest.mark.parametrize("kind", [ManagedCallables, StandIns])
def test_what_is_missing_is_named(tmp_path, kind):
    """A missing file and a missing function are named, with the folder."""
    write(tmp_path, a="def f(): pass\n")
    assert refused(kind(tmp_path), "b.py").startswith(f"the file 'b.py' in {tmp_path} can't be read")
    nowhere = tmp_path / "nowhere"
    assert refused(kind(nowhere), "b.py") == (
        f"the file 'b.py' in {nowhere} can't be read: [Errno 2] No such file or directory: '{nowhere}'"
    )
    assert refused(kind(tmp_path), "a.py", "g") == f"the file 'a.py' in {tmp_path} has no function 'g'"


def test_a_file_beside_a_folder_of_its_name_is_refused(tmp_path):
    """growth.py beside growth/ is refused: both would be one module."""
    write(tmp_path, growth="def f(): pass\n", growth__cohorts="def f(): pass\n")
    find = ManagedCallables(tmp_path)
    assert find("growth/cohorts.py", "f").__name__ == "f"
    assert refused(find, "growth.py") == "'growth.py' has a folder of the same name beside it; rename one of them"


def test_stand_ins_execute_nothing(tmp_path):
    """A stand-in has the function's name, parameters, documentation and source; nothing of the file is executed."""
    write(
        tmp_path,
        a="raise SystemExit('executed')\n"
        "def default(): raise SystemExit('executed')\n"
        "@default\n"
        "def f(a, /, b: 1 / 0, c=default(), *d, e, g=1, **h) -> 1 / 0:\n"
        "    '''Says so.'''\n"
        "def plain(a, /, b: 1 / 0, c=default(), *d, e, g=1, **h) -> 1 / 0:\n"
        "    '''Says so.'''\n",
    )
    plain = StandIns(tmp_path)("a.py", "plain")
    assert str(inspect.signature(plain)) == "(a, /, b, c=None, *d, e, g=None, **h)"
    assert (plain.__name__, plain.__doc__) == ("plain", "Says so.")
    assert inspect.getsource(plain).startswith("def plain(a, /, b")
    decorated = StandIns(tmp_path)("a.py", "f")
    assert str(inspect.signature(decorated)) == "(*args, **kwargs)"
    assert inspect.getsource(decorated).startswith("@default\ndef f(a, /")


def test_an_error_of_the_file_is_its_own(tmp_path):
    """What a file raises while it is executed reaches Airflow's import error with the file's own traceback."""
    write(tmp_path, a="open('/nowhere/at/all')\n")
    with pytest.raises(FileNotFoundError) as caught:
        ManagedCallables(tmp_path)("a.py", "f")
    assert str(caught.traceback[-1].path) == str(tmp_path / "a.py")
