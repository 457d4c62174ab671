"""How long an answer may wait for what was asked for, and how many may wait at the same time.

Whoever waits holds one of the webserver's processes. At most half of them wait at once, so that the others go on
answering: Airflow's pages, and whoever asks whether the webserver is alive.
"""

from __future__ import annotations

import logging
import os
import socket
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from airflow.configuration import conf
from flask import request

from openmetadata_airflow_apis.stores.name_locks import HeldElsewhere, locked_file

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

# What an answer takes beside the wait: the change itself, and the look after it.
_SECONDS_TO_ANSWER = 10
RETRY_AFTER_SECONDS = 5


@contextmanager
def place_to_wait(seconds: float) -> Iterator[float]:
    """Hold a place to wait, if there is one; yield how long the answer may wait: 0 where there is none.

    seconds: how long it would like to wait.
    """
    allowed = waiting_time(seconds)
    with ExitStack() as held:
        yield allowed if allowed > 0 and _take_place(held) else 0


def waiting_time(seconds: float) -> float:
    """Return how long an answer may wait: what was asked for, but less than gunicorn lets a request take.

    Gunicorn ends a worker that has not answered for [webserver] web_server_worker_timeout seconds, and with it the
    request, whose caller would be told nothing.
    """
    limit = conf.getint("webserver", "web_server_worker_timeout")
    return min(seconds, max(limit - _SECONDS_TO_ANSWER, 0)) if limit > 0 else seconds


def retry_header(wanted: float, allowed: float, *, unfinished: bool) -> dict[str, str]:
    """Return the header of an answer that was to wait and could not, where there is still something to wait for."""
    return {"Retry-After": str(RETRY_AFTER_SECONDS)} if unfinished and wanted and not allowed else {}


def _take_place(held: ExitStack) -> bool:
    try:
        webserver, processes = _webserver()
        folder = _folder()
        for number in range(processes // 2):
            try:
                # Held for as long as this process lives and waits, and by whichever process of this machine.
                held.enter_context(locked_file(folder / f"waiting-{webserver}-{number}", seconds=0))
            except HeldElsewhere:
                continue
            return True
    except (OSError, psutil.Error):  # gunicorn itself may be ending
        log.exception("It cannot be known how many requests are waiting, so that none may")
    return False


def _webserver() -> tuple[str, int]:
    """Return a name of this webserver that no other one has, and how many processes it answers with.

    Containers that share a folder for temporary files have the same process ids: each has its own host name.
    """
    if str(request.environ.get("SERVER_SOFTWARE", "")).startswith("gunicorn"):
        master = os.getppid()
        processes = len(psutil.Process(master).children())
    else:
        master, processes = os.getpid(), conf.getint("webserver", "workers")
    return f"{socket.gethostname()}-{master}", processes


def _folder() -> Path:
    """Return a folder of this machine, and of this user alone, that is there; raise OSError."""
    folder = Path(tempfile.gettempdir()) / f"openmetadata_airflow_apis-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder
