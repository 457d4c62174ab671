"""What the paths of operators and notifiers in older releases mean today, and which package a path belongs to.

The table, operator_paths.json, is made by scripts/update_operator_paths of what Airflow and its provider packages have
shipped since 1.10.15. It knows nothing of the installation: checks/ finds out which of the paths exist here.
Only deployments read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = Path(__file__).with_name("operator_paths.json")


@dataclass(frozen=True)
class ArgumentSource:
    """How an argument of a class is made of the arguments of the class that it replaces.

    parameter: the replaced class's name for it. default: its value there if it is not given, None for no value.
    keys: for an argument that is a map, a key in it → the replaced class's parameter.
    value: its value whatever is given, None if it is made of what is given.
    """

    parameter: str | None = None
    default: Any = None
    keys: Mapping[str, str] = field(default_factory=dict)
    value: Any = None


@dataclass(frozen=True)
class Meaning:
    """One way to read a path.

    path: the dotted path of a class. in_place_of: the path of the class that it replaces, "" if it is the class meant.
    arguments: how its arguments are made of the replaced class's. hints: for arguments of the replaced class that it
    doesn't have, what to give instead.
    """

    path: str
    in_place_of: str = ""
    arguments: Mapping[str, ArgumentSource] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gone:
    """A class that has left its package.

    package: the distribution. since: the first of its versions that is known not to have it.
    advice: what to use instead, "" if there is nothing.
    """

    path: str
    package: str
    since: str
    advice: str


def meanings_of(path: str) -> list[Meaning]:
    """Return the ways to read a path, the best first: today's place of the class, older ones, what replaced it."""
    table = _table()
    paths_of_class = [path]
    while paths_of_class[0] in table["moved"]:
        paths_of_class.insert(0, table["moved"][paths_of_class[0]])
    meanings = [Meaning(place) for place in paths_of_class]
    entry = table["replaced"].get(paths_of_class[0])
    if entry is not None:
        sources = {name: ArgumentSource(**source) for name, source in entry["arguments"].items()}
        meanings.append(Meaning(entry["path"], paths_of_class[0], sources, entry.get("hints", {})))
    return meanings


def gone(path: str) -> Gone | None:
    """Return what is known of a class that has left its package, None for a class that has not."""
    table = _table()
    last = meanings_of(path)[0].path
    entry = table["removed"].get(last) or table["replaced"].get(last)
    if entry is None:
        return None
    return Gone(last, entry["package"], entry["since"], entry.get("advice", entry.get("path", "")))


def older_arguments(path: str) -> Mapping[str, str]:
    """Return older names of the arguments of the class that is at a path today → their names."""
    return _table()["arguments"].get(path, {})


def package_of(path: str) -> str | None:
    """Return the provider package that a path belongs to, None if none is known."""
    if path.startswith("airflow.decorators.task."):
        return _table()["decorators"].get(path.rpartition(".")[2])
    packages = _table()["packages"]
    parts = path.split(".")
    for length in range(len(parts), 2, -1):
        package = packages.get(".".join(parts[:length]))
        if package is not None:
            return package
    return None


def provider_prefixes() -> list[str]:
    """Return the dotted path of each known provider package."""
    return list(_table()["packages"])


def path_of_airflow_2(path: str) -> str | None:
    """Return the path in Airflow 2 itself of a class of Airflow 3's package `standard`, None for other paths."""
    return _table()["standard"].get(path)


def names_beside(path: str) -> list[str]:
    """Return the names of the classes that the table knows in the module of a path."""
    module = path.rpartition(".")[0] + "."
    known = (known for kind in ("moved", "replaced", "removed") for known in _table()[kind])
    return [name.removeprefix(module) for name in known if name.startswith(module) and "." not in name[len(module) :]]


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return json.loads(TABLE.read_text(encoding="utf-8"))
