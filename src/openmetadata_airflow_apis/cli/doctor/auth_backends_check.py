"""Whether the webserver can load [api] auth_backends, and Airflow's own API takes our tokens."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

OUR_BACKEND = "openmetadata_airflow_apis.security.auth_backend"
_SUBJECT = "[api] auth_backends"
_KNOWN = (
    OUR_BACKEND,
    "airflow.api.auth.backend.session",
    "airflow.api.auth.backend.basic_auth",
    "airflow.api.auth.backend.deny_all",
    "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth",
)


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem for a backend that cannot be loaded or that comes before ours; a note if ours is not listed."""
    from airflow.configuration import conf

    names = [name.strip() for name in conf.get("api", "auth_backends", fallback="").split(",") if name.strip()]
    for name in names:
        yield from _look_at(name)
    if OUR_BACKEND not in names:
        yield Finding(NOTE, _SUBJECT, "Airflow's own API does not take tokens made here", f"list {OUR_BACKEND} first")
    elif names[0] != OUR_BACKEND:
        yield Finding(
            PROBLEM,
            _SUBJECT,
            f"{names[0]} comes first, so that a cookie counts before a token",
            f"list {OUR_BACKEND} first",
        )


def _look_at(name: str) -> Iterator[Finding]:
    try:
        backend = import_module(name)
    except Exception as error:  # noqa: BLE001 - a backend may be the operator's own, and raise anything
        reason = f"{type(error).__name__}: {error}"
    else:
        missing = [part for part in ("init_app", "requires_authentication") if not hasattr(backend, part)]
        if not missing:
            return
        reason = f"it has no {' and no '.join(missing)}"
    near = get_close_matches(name, _KNOWN, n=1, cutoff=0.8)
    yield Finding(
        PROBLEM,
        _SUBJECT,
        f"the webserver does not start with '{name}' ({reason})",
        f"did you mean {near[0]}?" if near and near[0] != name else "correct the name, or install its package",
    )
