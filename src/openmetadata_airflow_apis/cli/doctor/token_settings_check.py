"""Whether the tokens' own settings in webserver_config.py are safe: long keys, and tokens that expire."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_SHORTEST_KEY = 32
# Each setting, with the attribute of flask-jwt-extended's config that reads it.
_LIFETIMES = (("JWT_ACCESS_TOKEN_EXPIRES", "access_expires"), ("JWT_REFRESH_TOKEN_EXPIRES", "refresh_expires"))


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for each setting that is not safe."""
    config = installation.webserver_config
    for name in ("SECRET_KEY", "JWT_SECRET_KEY", "JWT_PREVIOUS_SECRET_KEY"):
        key = config.get(name)
        if key and not isinstance(key, (str, bytes)):
            yield Finding(
                PROBLEM, name, f"is of the type {type(key).__name__}", "give a text of at least 32 random characters"
            )
        elif key and len(key) < _SHORTEST_KEY:
            yield Finding(PROBLEM, name, f"has {len(key)} characters", "take at least 32 random ones")
    for name, attribute in _LIFETIMES:
        if config.get(name, True) is False:
            yield Finding(PROBLEM, name, "is False: tokens that never end are not issued", "set a timedelta")
        elif name in config:
            lifetime = _lifetime(config, attribute)
            if not isinstance(lifetime, timedelta) or lifetime <= timedelta():
                yield Finding(PROBLEM, name, f"is {config[name]!r}, no time that a token could live", "set a timedelta")


def _lifetime(config: Any, attribute: str) -> Any:
    """Return a lifetime as flask-jwt-extended reads it, None if it refuses the value."""
    from flask import Flask
    from flask_jwt_extended import JWTManager
    from flask_jwt_extended.config import config as jwt_config

    app = Flask("doctor")
    app.config.update(config)
    JWTManager(app)
    with app.app_context():
        try:
            return getattr(jwt_config, attribute)
        except (RuntimeError, TypeError, ValueError):
            return None
