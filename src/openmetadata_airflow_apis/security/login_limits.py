"""Limits how often a password may be wrong, for each address and each user name.

All webserver processes share one count: in a table in Airflow's database, or in the storage of Flask-Limiter if
RATELIMIT_STORAGE_URI names one that processes share.
"""

from __future__ import annotations

import hashlib
import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import limits
from flask import current_app, request

from openmetadata_airflow_apis.airflow_versions.webserver import limit_storage_errors
from openmetadata_airflow_apis.errors import TooManyTries, Unavailable
from openmetadata_airflow_apis.security import login_tries

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class PasswordTry:
    """One password that is being checked. refused: set if it is wrong."""

    refused: bool = False


@contextmanager
def one_try(security_manager: Any, username: str) -> Iterator[PasswordTry]:
    """Let the block check a password, and count the password if it is refused.

    Raises TooManyTries if the address or the user name has had too many refusals: before the block, or after it if
    others were refused meanwhile. Raises Unavailable if tries can't be counted.
    """
    this_try = PasswordTry()
    limiter = security_manager.limiter
    if not (security_manager.is_auth_limited and limiter.enabled):
        yield this_try
        return
    items = limits.parse_many(security_manager.auth_rate_limit)
    counting = _in_storage if _shared_storage_is_configured() else _in_database
    with counting(limiter, items, _counted_by(username), this_try):
        yield this_try


def _shared_storage_is_configured() -> bool:
    uri = current_app.config.get("RATELIMIT_STORAGE_URI")
    return bool(uri) and not str(uri).startswith("memory:")


def _counted_by(username: str) -> tuple[tuple[str, str], ...]:
    name = hashlib.sha256(username.strip().lower().encode("utf-8", "replace")).hexdigest()
    return ("address", request.remote_addr or ""), ("user", name)


@contextmanager
def _in_database(
    _: Any, items: list[limits.RateLimitItem], counted_by: tuple[tuple[str, str], ...], this_try: PasswordTry
) -> Iterator[None]:
    # Always by address first: two tries that take rows in different orders would wait for each other.
    limits_to_take = [
        login_tries.Limit(
            key=hashlib.sha256(f"{item.amount} in {item.get_expiry()} s: {kind} {value}".encode()).hexdigest(),
            tries=item.amount,
            seconds=item.get_expiry(),
        )
        for kind, value in counted_by
        for item in items
    ]
    look = login_tries.begin(limits_to_take)
    try:
        yield
    finally:
        login_tries.end(look, refused=this_try.refused)


@contextmanager
def _in_storage(
    limiter: Any, items: list[limits.RateLimitItem], counted_by: tuple[tuple[str, str], ...], this_try: PasswordTry
) -> Iterator[None]:
    storage_errors = limit_storage_errors(limiter.storage)

    def ask(question: str, item: limits.RateLimitItem, key: tuple[str, str]) -> Any:
        try:
            return getattr(limiter.limiter, question)(item, "omaa", *key)
        except storage_errors as error:
            raise Unavailable("The storage of the login limit (RATELIMIT_STORAGE_URI) does not answer") from error

    def refuse(item: limits.RateLimitItem, key: tuple[str, str]) -> None:
        reset_at = ask("get_window_stats", item, key)[0]
        raise TooManyTries(retry_after=max(1, math.ceil(reset_at - time.time())))

    pairs = [(item, key) for item in items for key in counted_by]
    for item, key in pairs:
        if not ask("test", item, key):
            refuse(item, key)
    yield
    if this_try.refused:
        exhausted = [(item, key) for item, key in pairs if not ask("hit", item, key)]
        if exhausted:  # by tries that were under way at the same time
            refuse(*exhausted[0])
