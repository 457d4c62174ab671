"""Handlers of the tag security: login, refresh, logout."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from openmetadata_airflow_apis.security import login as sign_in
from openmetadata_airflow_apis.security import logout as sign_out
from openmetadata_airflow_apis.security import refresh_tokens


def login(body: dict[str, Any]) -> Response:
    """Sign in and answer the tokens."""
    return _printed(
        sign_in.login(
            body["username"],
            body["password"],
            provider=body.get("provider", "db"),
            refresh=body.get("refresh", False),
        )
    )


def refresh() -> Response:
    """Answer a new access token for a refresh token."""
    return _printed(refresh_tokens.refresh())


def logout() -> dict[str, str]:
    """Revoke the token's family."""
    sign_out.logout()
    return {"message": "The token and its family are revoked"}


def _printed(tokens: dict[str, str]) -> Response:
    # The older plugin's documentation prints exactly this form.
    return Response(json.dumps(tokens, indent=1, separators=(",", ":")), content_type="application/json")
