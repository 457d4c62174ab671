"""Callers of both doors, signed in, and a DAG with runs for them to ask about."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from support import dag_runs
from support.airflow_home import USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGIN = "/api/v1/security/login"
TYPED = "/rest_api/api"


@pytest.fixture(scope="session")
def tokens(app) -> dict[str, str]:
    """An access token for each of the tests' users."""
    client = app.test_client()
    return {
        name: client.post(LOGIN, json={"username": name, "password": password}).json["access_token"]
        for name, (_, password) in USERS.items()
    }


@pytest.fixture
def call(app, tokens) -> Callable[..., Any]:
    """Call a path of the API as a user (admin unless told) and return the response."""

    def send(method: str, path: str, *, user: str | None = "admin", **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {tokens[user]}"} if user else {}
        return app.test_client().open(
            path, method=method, headers={**headers, **arguments.pop("headers", {})}, **arguments
        )

    return send


@pytest.fixture
def old_door(call) -> Callable[..., Any]:
    """Call an operation by `?api=`; return status and body."""

    def send(
        api: str | None, *, method: str = "GET", path: str = TYPED, json: Any = None, form: Any = None, **query: Any
    ):
        named = {} if api is None else {"api": api}
        answer = call(method, path, query_string={**named, **query}, json=json, data=form)
        return answer.status_code, answer.json

    return send


@pytest.fixture
def typed_door(call) -> Callable[..., Any]:
    """Call a path below /rest_api/api; return status and body."""

    def send(method: str, path: str, **arguments: Any):
        answer = call(method, TYPED + path, **arguments)
        return answer.status_code, answer.json

    return send


@pytest.fixture
def dag(session) -> Iterator[Any]:
    """The DAG `doors` of three tasks, a chain of first, second and third, in Airflow's database."""
    from airflow.operators.empty import EmptyOperator

    dag = dag_runs.new_dag("doors")
    with dag:
        EmptyOperator(task_id="first") >> EmptyOperator(task_id="second") >> EmptyOperator(task_id="third")
    dag_runs.store(dag, session)
    return dag


@pytest.fixture
def log_folder() -> Iterator[Path]:
    """The folder of the logs of the DAG `doors`, empty, and gone again after the test."""
    from airflow.configuration import conf

    folder = Path(conf.get("logging", "base_log_folder")) / "dag_id=doors"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def write_log(log_folder):
    """Write the log of a try of a task of the DAG `doors`; suffix: of a further file beside it."""

    def write(
        text: str | bytes,
        *,
        run_id: str = "one",
        task: str = "first",
        attempt: int = 1,
        suffix: str = "",
        folder: Path = log_folder,
    ) -> Path:
        path = folder / f"run_id={run_id}/task_id={task}/attempt={attempt}.log{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture
def secret_key(monkeypatch):
    """A key that log servers and webserver share, as long as PyJWT wants it for Airflow's signature of requests."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__SECRET_KEY", "a-key-of-all-parts-" * 4)


@pytest.fixture
def log_server(tmp_path, monkeypatch, secret_key):
    """Airflow's own log server, as a worker has it, on a free port of this host, with a folder of its own."""
    from airflow.utils.serve_logs import create_app

    folder = tmp_path / "logs"
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(folder))
        server = make_server("127.0.0.1", 0, create_app())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT", str(server.server_port))
    yield folder / "dag_id=doors"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def remote_store(app, monkeypatch):
    """Have logs read from a remote store, as with [logging] remote_logging.

    A fake: what comes is a function of the test, in place of a bucket, behind Airflow's own interface of such stores.
    """
    from airflow.utils.log.file_task_handler import FileTaskHandler

    def put(read) -> None:
        class RemoteHandler(FileTaskHandler):
            def _read_remote_logs(self, ti, try_number, metadata=None):
                return [], [read()]

        present = next(handler for handler in logging.getLogger("airflow.task").handlers if handler.name == "task")
        handler = RemoteHandler(present.local_base)
        handler.name = "task"
        monkeypatch.setattr(logging.getLogger("airflow.task"), "handlers", [handler])

    return put
