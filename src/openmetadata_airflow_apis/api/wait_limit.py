"""How long an answer may wait for what was asked for."""

from __future__ import annotations

from airflow.configuration import conf

# What an answer takes beside the wait: the change itself, and the look after it.
_SECONDS_TO_ANSWER = 10


def waiting_time(seconds: int) -> int:
    """Return how long an answer may wait: what was asked for, but less than gunicorn lets a request take.

    Gunicorn ends a worker that has not answered for [webserver] web_server_worker_timeout seconds, and with it the
    request, whose caller would be told nothing.
    """
    limit = conf.getint("webserver", "web_server_worker_timeout")
    return min(seconds, max(limit - _SECONDS_TO_ANSWER, 0)) if limit > 0 else seconds
