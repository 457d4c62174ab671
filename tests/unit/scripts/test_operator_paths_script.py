"""scripts/update_operator_paths: what it reads of syntax trees, and what it makes of two releases."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))

from operator_paths.downloads import Distribution
from operator_paths.history import History
from operator_paths.module_reader import classes_named, decorators_of
from operator_paths.snapshots import Snapshot
from operator_paths.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = "from airflow.models import BaseOperator\n"
ACME = "airflow.providers.acme.operators"
LEFT = {"package": "apache-airflow-providers-acme", "since": "9.0.0"}


class _Removals:
    """Stands in for the versions of packages on PyPI: every class left with 9.0.0."""

    def since(self, path: str, name: str) -> str:
        return "9.0.0"


@pytest.fixture
def acme(tmp_path) -> Callable[[str, dict[str, str]], Distribution]:
    """Return a function that makes a version of a provider package, of the texts of its modules."""

    def make(version: str, modules: dict[str, str]) -> Distribution:
        folder = tmp_path / version
        for name, text in {"airflow.models.baseoperator": "class BaseOperator:\n    pass\n", **modules}.items():
            file = folder / Path(*name.split(".")).with_suffix(".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return Distribution("apache-airflow-providers-acme", version, folder)

    return make


def table_of(*versions: Distribution, **decided: Any) -> Table:
    """Return the table of a package's versions, oldest first."""
    kinds: dict[str, Any] = {"moved": {}, "replaced": {}, "removed": {}, "arguments": {}, "hints": {}, "since": {}}
    history = History([Snapshot([version]) for version in versions])
    return Table(history, _Removals(), {}, {**kinds, **decided})


LOAD = f"{BASE}class Load(BaseOperator):\n    def __init__(self, *, table, **kwargs):\n        pass\n"


def test_a_module_that_only_imports_is_a_path(acme):
    """A module that says it is deprecated leads to the classes that it imports."""
    shim = f'"""This module is deprecated. Please use :mod:`{ACME}.new`."""\nfrom {ACME}.new import Load  # noqa\n'
    made = table_of(acme("1", {f"{ACME}.old": shim, f"{ACME}.new": LOAD}), acme("2", {f"{ACME}.new": LOAD}))
    assert (made.moved, made.replaced, made.removed) == ({f"{ACME}.old.Load": f"{ACME}.new.Load"}, {}, {})


def test_what_a_module_imports_for_itself_is_no_path(acme):
    """The classes that an ordinary module imports are not at its path."""
    user = f"from {ACME}.new import Load\nclass Other(Load):\n    x = 1\n"
    made = table_of(acme("1", {f"{ACME}.user": user, f"{ACME}.new": LOAD}))
    assert made.sources() == {
        "present": {"apache-airflow-providers-acme==1": [f"{ACME}.new.Load", f"{ACME}.user.Other"]},
        "older": [],
    }


def test_airflows_map_of_deprecated_classes(acme):
    """What add_deprecated_classes is given leads to each class, from modules that are no files."""
    package = (
        f'deprecated = {{"old": {{"Loader": "{ACME}.new.Load"}}}}\n'
        "from airflow.utils.deprecation_tools import add_deprecated_classes\n"
        "add_deprecated_classes(deprecated, __name__)\n"
    )
    made = table_of(acme("1", {f"{ACME}.__init__": package, f"{ACME}.new": LOAD}))
    assert made.moved == {f"{ACME}.old.Loader": f"{ACME}.new.Load"}


SUCCESSOR = """
import warnings
class Loader(Load):
    \"\"\"This class is deprecated. Please use `airflow.providers.acme.operators.new.Load`.\"\"\"
    def __init__(self, *, acme_conn_id="acme_default", database=None, old=None, **kwargs):
        if database is not None:
            hook_params = kwargs.pop("hook_params", {})
            kwargs["hook_params"] = {"schema": database, **hook_params}
        super().__init__(conn_id=acme_conn_id, deferrable=True, **kwargs)
"""


def test_a_class_that_gave_its_arguments_to_the_one_above(acme):
    """Of a deprecated subclass, the arguments are read of what it gave to the class that replaces it."""
    made = table_of(acme("1", {f"{ACME}.new": LOAD + SUCCESSOR}), acme("2", {f"{ACME}.new": LOAD}))
    assert made.replaced == {
        f"{ACME}.new.Loader": {
            **LEFT,
            "path": f"{ACME}.new.Load",
            "arguments": {
                "conn_id": {"parameter": "acme_conn_id", "default": "acme_default"},
                "deferrable": {"value": True},
                "hook_params": {"keys": {"schema": "database"}},
            },
        }
    }


def test_a_subclass_that_adds_nothing_has_moved(acme):
    """A deprecated subclass that passes its arguments on is another path of the class above it."""
    alias = (
        "class Loader(Load):\n"
        "    def __init__(self, *args, **kwargs):\n"
        "        warnings.warn('This class is deprecated. Please use `Load`.')\n"
        "        super().__init__(*args, **kwargs)\n"
    )
    made = table_of(acme("1", {f"{ACME}.new": LOAD + alias}), acme("2", {f"{ACME}.new": LOAD}))
    assert made.moved == {f"{ACME}.new.Loader": f"{ACME}.new.Load"}


def test_a_class_that_has_gone(acme):
    """A class without a successor is gone, and what it said of others is kept where they are there."""
    other = LOAD.replace("Load", "LoadOperator")
    gone = '@deprecated(reason="Please use `LoadOperator` or `GoneOperator`.")\nclass Old(BaseOperator):\n    x = 1\n'
    made = table_of(
        acme("1", {f"{ACME}.new": other + gone, f"{ACME}.rare": LOAD.replace("Load", "Rare")}),
        acme("2", {f"{ACME}.new": other}),
    )
    assert made.removed == {
        f"{ACME}.new.Old": {**LEFT, "advice": f"{ACME}.new.LoadOperator"},
        f"{ACME}.rare.Rare": {**LEFT, "advice": ""},
    }


def test_a_class_of_the_same_name_in_the_same_package(acme):
    """A class that went without a word is the only one of its name in the package."""
    made = table_of(acme("1", {f"{ACME}.old": LOAD}), acme("2", {f"{ACME}.new": LOAD}))
    assert made.moved == {f"{ACME}.old.Load": f"{ACME}.new.Load"}


def test_arguments_that_a_class_has_renamed(acme):
    """An argument that an older version took over into another has an older name."""
    renamed = LOAD.replace("table, **kwargs):\n        pass", "table=None, name=None, **kwargs):\n        table = name")
    made = table_of(acme("1", {f"{ACME}.new": renamed}), acme("2", {f"{ACME}.new": LOAD}))
    assert made.shipped()["arguments"] == {f"{ACME}.new.Load": {"name": "table"}}


def test_a_decision_goes_before_the_sources(acme):
    """What people have decided of a path is taken."""
    versions = acme("1", {f"{ACME}.old": LOAD}), acme("2", {f"{ACME}.new": LOAD})
    decided = {f"{ACME}.old.Load": "another service"}
    assert table_of(*versions, removed=decided).removed == {f"{ACME}.old.Load": {**LEFT, "advice": "another service"}}


@pytest.mark.parametrize(
    ("decided", "reason"),
    [
        ({"moved": {f"{ACME}.new.Load": f"{ACME}.new.Load"}}, "is the place of a class today"),
        ({"moved": {f"{ACME}.never.Load": f"{ACME}.new.Load"}}, "or never was one"),
        ({"moved": {f"{ACME}.old.Load": f"{ACME}.new.Lost"}}, "where there is nothing"),
        ({"replaced": {f"{ACME}.old.Load": {"path": f"{ACME}.new.Lost", "arguments": {}}}}, "is not there itself"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(acme, decided: dict[str, Any], reason: str):
    """A decision that the sources have overtaken stops the script."""
    versions = acme("1", {f"{ACME}.old": LOAD}), acme("2", {f"{ACME}.new": LOAD})
    with pytest.raises(ValueError, match=reason):
        table_of(*versions, **decided)


def test_a_packages_prefix_and_decorators(acme):
    """The prefix of a package's paths, and the decorators that it brings, are its own."""
    info = 'def get_provider_info():\n    return {"task-decorators": [{"class-name": "x", "name": "load"}]}\n'
    version = acme("1", {f"{ACME}.new": LOAD, "airflow.providers.acme.get_provider_info": info})
    assert table_of(version).shipped()["packages"] == {"airflow.providers.acme": "apache-airflow-providers-acme"}
    assert decorators_of(version) == ["load"]


def test_classes_that_an_advice_names():
    """Paths and names of classes are found in a sentence, each once, modules not."""
    text = (
        "Please use `airflow.providers.acme.operators.new.LoadOperator` or the\n CopyOperator of "
        "`providers.acme.operators.copy`. LoadOperator is better."
    )
    assert classes_named(text) == ["airflow.providers.acme.operators.new.LoadOperator", "CopyOperator"]
