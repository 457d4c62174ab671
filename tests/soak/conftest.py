"""What happens to a webserver in time: `tox -e soak`."""

from __future__ import annotations

from integration.conftest import cluster  # noqa: F401 - the same PostgreSQL as the integration tests have
