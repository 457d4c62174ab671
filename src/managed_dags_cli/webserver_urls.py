"""URLs of webservers: what is one, and which of them are the same."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

_API = "/rest_api/api"


def place_of(url: str) -> tuple[str, str | None, int | None, str]:
    """Return what tells one server from another, however its URL is written."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return url, None, None, ""
    return parts.scheme, parts.hostname, port, _without_api(parts.path)


def _without_api(url: str) -> str:
    """Return a URL without a slash at its end, and without the path of this API, which each operation's path has."""
    return url.rstrip("/").removesuffix(_API).rstrip("/")


def checked_url(url: str) -> str:
    """Return a webserver's URL without a slash, or the API's path, at its end; raise UsageError if it is not one."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of brackets, or of the port
        is_usable = False
    if not is_usable or not url.isascii() or not url.isprintable() or set(url) & set(" ?#"):
        raise click.UsageError(f"'{url}' is no URL of a webserver; https://airflow.example.org, say")
    if parts.username is not None:
        raise click.UsageError("a URL with a user name in it is kept and shown; `managed-dags login` asks for it")
    return _without_api(url)
