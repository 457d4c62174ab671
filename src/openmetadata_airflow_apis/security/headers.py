"""What every answer of the API carries, and the cookie that it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, request
from flask.globals import request_ctx

from openmetadata_airflow_apis.security.identity import RequestSession

if TYPE_CHECKING:
    from flask import Response


def harden(response: Response) -> Response:
    """Add the security headers; see that no caller without a session is given one. An after_request function."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    if (response.mimetype or "").endswith("json"):
        response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if isinstance(request_ctx.session, RequestSession) or not _came_with_session():
        # Airflow's sessions are permanent, so that Flask would store a row and set a cookie on each call.
        request_ctx.session = current_app.session_interface.make_null_session(current_app)
    return response


def _came_with_session() -> bool:
    return current_app.config["SESSION_COOKIE_NAME"] in request.cookies
