"""Faults that take long to happen: `tox -e faults`."""

from __future__ import annotations

from integration.conftest import cluster  # noqa: F401 - the same PostgreSQL as the integration tests have
