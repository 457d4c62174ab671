"""What every answer of the API carries, and the session that it leaves as it is."""

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
    """See that this answer neither stores a session nor sets its cookie. An after_request function.

    Airflow stores a session with each answer, as it was when the request came. What a page asks by itself would undo
    what happened in another tab meanwhile: whoever signed in there was signed out again, and the other way round.
    """
    request_ctx.session = current_app.session_interface.make_null_session(current_app)
    return response
