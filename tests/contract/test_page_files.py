"""The files of the page: small, with nothing from elsewhere, and libraries as npm publishes them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

STATIC = Path(__file__).parents[2] / "src/openmetadata_airflow_apis/console/static"
LIBRARIES = STATIC / "libraries"
_IMPORT = re.compile(r'^(?:import|export) [^;]*?from "(\./[^"]+)";', re.MULTILINE)
KIBIBYTE = 1024


def needed_by(path: Path) -> set[Path]:
    """Return a module with all that it imports when it is loaded; what it imports later is not in it."""
    needed: set[Path] = set()
    waiting = [path]
    while waiting:
        module = waiting.pop()
        if module not in needed:
            needed.add(module)
            waiting += [(module.parent / name).resolve() for name in _IMPORT.findall(module.read_text())]
    return needed


def compressed(paths: set[Path]) -> int:
    """Return their bytes, each compressed by itself as a proxy would."""
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


def test_the_list_needs_few_bytes():
    """The list, what people come for first, is below 60 KiB when compressed, and all of the page below 700."""
    list_page = {*needed_by(STATIC / "console.js"), STATIC / "console.css"}
    assert STATIC / "dags.js" in list_page
    assert compressed(list_page) < 60 * KIBIBYTE
    everything = {path for path in STATIC.rglob("*") if path.is_file()}
    assert compressed(everything) < 700 * KIBIBYTE


def test_every_library_is_what_npm_publishes():
    """Each file of a library has the hash that is pinned with its version; its licence is beside it, none is extra."""
    libraries = json.loads((LIBRARIES / "libraries.json").read_text())
    files = {name: file["sha256"] for library in libraries for name, file in library["files"].items()}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in LIBRARIES.iterdir()}
    del there["libraries.json"]
    assert there == files
    for library in libraries:
        assert library["licence"] == "MIT"
        assert any("LICENSE" in name for name in library["files"]), library["name"]
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", library["integrity"])


def test_nothing_of_the_page_is_loaded_from_elsewhere():
    """The page's own modules import and fetch from this webserver alone; an address elsewhere is never loaded."""
    for path in STATIC.glob("*.js"):
        addresses = set(re.findall(r"https?://[^\s\"'`]+", path.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name
