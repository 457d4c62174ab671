"""Connections to Airflow's database in the processes that gunicorn forks."""

from __future__ import annotations

from functools import cache


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
