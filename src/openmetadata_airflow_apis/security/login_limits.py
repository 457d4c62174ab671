"""How often a password may be wrong: counted by address and by user name."""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

import limits
from flask import request

from openmetadata_airflow_apis.airflow_versions.webserver import limit_storage_errors
from openmetadata_airflow_apis.errors import TooManyTries, Unavailable


class LoginTries:
    """Counts refused passwords by address and by user name, in the storage of Airflow's own login limit."""

    def __init__(self, security_manager: Any, username: str) -> None:
        limiter = security_manager.limiter
        self._items: list[limits.RateLimitItem] = []
        if security_manager.is_auth_limited and limiter.enabled:
            self._items = limits.parse_many(security_manager.auth_rate_limit)
            self._strategy = limiter.limiter
            self._storage_errors = limit_storage_errors(limiter.storage)
        name = hashlib.sha256(username.strip().lower().encode("utf-8", "replace")).hexdigest()
        self._keys = [("omaa", "address", request.remote_addr or ""), ("omaa", "user", name)]

    def refuse_if_spent(self) -> None:
        """Raise TooManyTries where the address or the user name had too many refusals."""
        for item in self._items:
            for key in self._keys:
                if not self._asked("test", item, key):
                    reset_at = self._asked("get_window_stats", item, key)[0]
                    raise TooManyTries(retry_after=max(1, math.ceil(reset_at - time.time())))

    def count(self) -> None:
        """Count one refusal."""
        for item in self._items:
            for key in self._keys:
                self._asked("hit", item, key)

    def _asked(self, question: str, item: limits.RateLimitItem, key: tuple[str, ...]) -> Any:
        try:
            return getattr(self._strategy, question)(item, *key)
        except self._storage_errors as error:
            raise Unavailable("The storage of the login limit (RATELIMIT_STORAGE_URI) does not answer") from error
