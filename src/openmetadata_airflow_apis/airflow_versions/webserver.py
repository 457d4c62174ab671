"""What differs in the webservers of Airflow's versions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


def limit_storage_errors(storage: Any) -> Any:
    """Return what the storage of Airflow's login limit raises when it does not answer: a class or a tuple of them."""
    # limits 3.7, which Airflow < 2.8 was released with, doesn't name them
    return getattr(storage, "base_exceptions", Exception)


def answer_in_json_below(paths: Collection[str]) -> None:
    """Have Airflow's web application answer 404 and 405 in JSON below paths; Airflow < 2.8 renders a page instead."""
    from airflow.www.extensions import init_views

    if hasattr(init_views, "base_paths"):
        init_views.base_paths.extend(path for path in paths if path not in init_views.base_paths)


@cache
def connect_anew_in_forked_processes() -> None:
    """Have each process that is forked from this one make its own connections to Airflow's database.

    Airflow < 3 builds its web application before gunicorn forks the workers, and leaves connections in the pool that
    they all inherit. Its own guard (airflow.utils.orm_event_handlers) only acts after SQLAlchemy's ping: of two workers
    that ping over the same connection, one reads the other's answer, and the other waits until gunicorn ends it.
    """
    import os

    from airflow import settings

    # Not closed: they are the parent's.
    os.register_at_fork(after_in_child=lambda: settings.engine and settings.engine.dispose(close=False))
