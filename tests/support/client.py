"""A small HTTP client for a live webserver: what curl would send, with the token of one user."""

from __future__ import annotations

from typing import Any

import requests

# Longer than any wait that a test asks the server for.
_SECONDS = 150
_OPTIONS = ("json", "data", "files", "headers")


class Client:
    """Requests to one webserver; `token` goes with each of them once login() has got one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token: str | None = None

    def login(self, username: str, password: str) -> dict[str, Any]:
        """Log in at the API's own door and keep the access token; return the answer."""
        answer = self.post(
            "/api/v1/security/login",
            json={"username": username, "password": password, "refresh": True, "provider": "db"},
        )
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return answer.json()

    def old_door(self, operation: str, method: str = "GET", **arguments: Any) -> requests.Response:
        """Call ?api=OPERATION; json, data, files and headers are those of requests, all others the query."""
        options = {name: arguments.pop(name) for name in _OPTIONS if name in arguments}
        return self.request(method, "/rest_api/api", params={"api": operation, **arguments}, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET a path below the webserver's URL."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        """POST to a path below the webserver's URL."""
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> requests.Response:
        """PATCH a path below the webserver's URL."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        """DELETE a path below the webserver's URL."""
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request; no redirect is followed, no status is an exception."""
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return requests.request(
            method,
            self.url + path,
            headers=headers,
            timeout=options.pop("timeout", _SECONDS),
            allow_redirects=False,
            **options,
        )
