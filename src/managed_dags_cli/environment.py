"""The variables MANAGED_DAGS_*: their names, and to which server the token and the password in them are sent."""

from __future__ import annotations

import os

from managed_dags_cli.webserver_urls import place_of

URL, TOKEN, CONTEXT = "MANAGED_DAGS_URL", "MANAGED_DAGS_TOKEN", "MANAGED_DAGS_CONTEXT"
USERNAME, PASSWORD, PROVIDER = "MANAGED_DAGS_USERNAME", "MANAGED_DAGS_PASSWORD", "MANAGED_DAGS_PROVIDER"


def credentials_of_environment(url: str | None) -> dict[str, str]:
    """Return the variables with a token, a user or a password that may be sent to a server.

    Where MANAGED_DAGS_URL names a server they are that one's, and none goes to another. url: None for a stored login.
    """
    servers_url = os.environ.get(URL)
    if url and servers_url and place_of(url) != place_of(servers_url):
        return {}
    return {name: os.environ[name] for name in (TOKEN, USERNAME, PASSWORD) if os.environ.get(name)}
