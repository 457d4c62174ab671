"""The page's content security policy: which scripts, styles and pictures a browser takes; inline scripts by a nonce."""

from __future__ import annotations

import re
import secrets

from markupsafe import Markup

_SCRIPT_TAG = re.compile(r"<script(?=[\s>])(?![^>]*\bsrc=)")
# Airflow's own templates have style attributes, which no nonce covers, and pictures as data: addresses.
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def new_nonce() -> str:
    """Return the nonce of one answer."""
    return secrets.token_urlsafe(16)


def policy(nonce: str) -> str:
    """Return the header's value for a page whose own scripts have this nonce."""
    return _POLICY.format(nonce=nonce)


def with_nonce(html: str, nonce: str) -> Markup:
    """Return Airflow's own HTML with the nonce on its inline scripts; scripts with a src need none."""
    return Markup(_SCRIPT_TAG.sub(f'<script nonce="{nonce}"', str(html)))  # nosec B704 # noqa: S704 - rendered by Airflow's templates
