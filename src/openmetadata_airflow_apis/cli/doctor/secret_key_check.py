"""Whether [webserver] secret_key is one long secret; the tokens and sessions of all webservers depend on it."""

from __future__ import annotations

import os
from configparser import ConfigParser, Error
from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_WELL_KNOWN_KEYS = {"temporary_key", "secret_key", "changeme", "airflow", "cannot_be_determined"}
# Airflow's own generated keys are 24 characters of base64: 128 random bits.
_SHORTEST_KEY = 20


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem if the key is missing, well known or short; a note if it differs between places that set it."""
    from airflow.configuration import conf

    key = conf.get("webserver", "secret_key", fallback="")
    subject = "[webserver] secret_key"
    cure = "set one long random text on every machine: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    if key.lower() in _WELL_KNOWN_KEYS:
        yield Finding(PROBLEM, subject, "is a key that everybody knows", cure)
    elif len(key) < _SHORTEST_KEY:
        yield Finding(PROBLEM, subject, f"has {len(key)} characters, which can be guessed", cure)
    sources = _keys_by_source()
    if not sources:
        yield Finding(
            PROBLEM, subject, "is not set: each webserver process makes its own and refuses the others' tokens", cure
        )
    elif len(set(sources.values())) > 1:
        # A note: the airflow.cfg that Airflow generates has a key of its own, which the environment rightly overrides.
        yield Finding(
            NOTE,
            subject,
            f"differs between {' and '.join(sources)}: a process without that environment signs differently",
            "keep one of them",
        )


def _keys_by_source() -> dict[str, str]:
    """Return the keys that are set, by the variable or option that sets each."""
    from airflow.configuration import AIRFLOW_CONFIG

    names = (
        "AIRFLOW__WEBSERVER__SECRET_KEY",
        "AIRFLOW__WEBSERVER__SECRET_KEY_CMD",
        "AIRFLOW__WEBSERVER__SECRET_KEY_SECRET",
    )
    sources = {f"${name}": os.environ[name] for name in names if os.environ.get(name)}
    file = ConfigParser(interpolation=None, strict=False)
    try:
        file.read(Path(AIRFLOW_CONFIG), encoding="utf-8")
    except Error:
        return sources
    for option in ("secret_key", "secret_key_cmd", "secret_key_secret"):
        if value := file.get("webserver", option, fallback=""):
            sources[f"{option} in {AIRFLOW_CONFIG}"] = value
    return sources
