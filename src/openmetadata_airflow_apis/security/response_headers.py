"""Adds security headers to every answer of the API, and keeps answers from changing the browser's session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app
from flask.globals import request_ctx

if TYPE_CHECKING:
    from flask import Response


def harden(response: Response) -> Response:
    """Add the security headers, and leave the browser's session as it is. An after_request function."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    if (response.mimetype or "").endswith("json"):
        response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    return leave_session_as_it_is(response)


def leave_session_as_it_is(response: Response) -> Response:
    """Keep this answer from storing a session or setting its cookie. An after_request function.

    With each answer Airflow stores the session as it was when the request came. A page's own requests would so undo
    what happened in another tab meanwhile: whoever signed in there would be signed out again, and the reverse.
    """
    request_ctx.session = current_app.session_interface.make_null_session(current_app)
    return response
