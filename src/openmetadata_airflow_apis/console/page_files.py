"""The page's own files: their addresses with a digest, so that browsers keep them, and how they are answered."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from flask import abort, request, send_file, url_for
from werkzeug.security import safe_join

if TYPE_CHECKING:
    from flask import Response

_STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r"""^(?:import|export)\b[^;'"]*["']\./([\w/]+\.js)["']""", re.MULTILINE)


def file_answer(filename: str, digest: str) -> Response:
    """Return one of the page's files, compressed if the browser accepts that; 404 if there is none of that name.

    A browser may keep it for ever if its address has the digest of the files as they are.
    """
    path = safe_join(str(_STATIC), filename)
    if path is None or not Path(path).is_file():
        abort(404)
    current = revision()
    is_current = digest == current
    # A Range is a part of the uncompressed file.
    is_compressed = request.accept_encodings["gzip"] > 0 and "Range" not in request.headers
    content = _compressed(path, current) if is_compressed else Path(path).read_bytes()
    answer = send_file(
        BytesIO(content),
        download_name=Path(path).name,
        etag=f"{current}{'-gzip' if is_compressed else ''}",
        max_age=365 * 24 * 3600 if is_current else 0,
        conditional=True,
    )
    answer.cache_control.immutable = is_current
    answer.vary.add("Accept-Encoding")
    if is_compressed and answer.status_code == 200:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def revision() -> str:
    """Return a digest of the page's files; their addresses contain it, so that no browser keeps old ones."""
    files = [(path, path.stat()) for path in sorted(_STATIC.rglob("*")) if path.is_file()]
    return _digest(tuple((path, status.st_mtime_ns, status.st_size) for path, status in files))


@lru_cache(maxsize=256)  # more than there are files, which take half a megabyte together
def _compressed(path: str, _revision: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), mtime=0)


@lru_cache(maxsize=1)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    # Only names and contents count, so that all webservers have the same addresses; times and sizes are for the cache.
    digest = hashlib.sha256()
    for path, _, _ in files:
        digest.update(path.relative_to(_STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def scripts_of_the_list(_: str) -> list[str]:
    """Return the files that console.js imports, directly or not, so that a browser requests all of them at once."""
    names = ["console.js"]
    for name in names:
        imported = _IMPORT.findall((_STATIC / name).read_text(encoding="utf-8"))
        names += [imported_name for imported_name in dict.fromkeys(imported) if imported_name not in names]
    return names


def library_addresses(digest: str) -> dict[str, str]:
    """Return the addresses of the page's libraries, by the names under which they import each other."""
    libraries = json.loads((_STATIC / "libraries" / "libraries.json").read_text(encoding="utf-8"))
    files = {library["name"]: next(name for name in library["files"] if name.endswith(".js")) for library in libraries}
    return {
        name: url_for("ConsoleView.static_file", digest=digest, filename=f"libraries/{file}")
        for name, file in files.items()
    }
