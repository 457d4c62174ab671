"""Whether passwords can be guessed: FAB's AUTH_RATE_LIMITED and AUTH_RATE_LIMIT, and where they are counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem if there is no valid limit, or the storage that counts the tries does not work."""
    config = installation.webserver_config
    if config.get("AUTH_RATE_LIMITED", True) is False:
        yield Finding(PROBLEM, "login limit", "AUTH_RATE_LIMITED is off: passwords can be guessed", "turn it on")
        return
    yield from _look_at_limit(config.get("AUTH_RATE_LIMIT"))
    uri = str(config.get("RATELIMIT_STORAGE_URI") or "memory://")
    if not uri.startswith("memory:"):
        yield from _look_at_storage(uri, config.get("RATELIMIT_STORAGE_OPTIONS") or {})


def _look_at_limit(limit: Any) -> Iterator[Finding]:
    from limits import parse_many

    if limit is None or callable(limit):
        return
    try:
        parse_many(limit)
    except (TypeError, ValueError):
        yield Finding(
            PROBLEM,
            "login limit",
            f"AUTH_RATE_LIMIT is {limit!r}, which is no limit",
            "give one such as '5 per 40 second'",
        )


def _look_at_storage(uri: str, options: dict[str, Any]) -> Iterator[Finding]:
    from limits.storage import storage_from_string

    scheme = re.split(r"\W", uri, maxsplit=1)[0]
    place = f"RATELIMIT_STORAGE_URI ({scheme}…)"  # the rest of the URI may hold a password
    try:
        answers = storage_from_string(uri, **options).check()
    except Exception as error:  # noqa: BLE001 - each kind of storage raises errors of its library
        reason = " ".join(str(error).replace(uri, "the URI").split())
        yield Finding(PROBLEM, "login limit", f"{place} cannot be used: {reason}", "correct it in webserver_config.py")
        return
    if not answers:
        yield Finding(PROBLEM, "login limit", f"{place} does not answer, and every login needs it", "start it")
