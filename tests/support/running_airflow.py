"""What is the same of every Airflow that tests start, on one machine or on many: its database and its processes."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import sqlalchemy

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import Engine
    from sqlalchemy.orm import Session


class RunningAirflow:
    """An Airflow whose database is reached by `engine`; support.live and support.nodes start its processes."""

    engine: Engine
    _processes: dict[str, subprocess.Popen[bytes]]

    def log_tails(self, characters: int = 4000) -> str:
        """Return the ends of the processes' logs, each under its name."""
        raise NotImplementedError

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session on the live database for Airflow's models, committed at the end."""
        from sqlalchemy.orm import Session

        with Session(self.engine) as session, session.begin():
            yield session

    def request_parse(self, path: Path) -> None:
        """Ask the DAG processor to parse a file before all others; before Airflow 2.10 its next listing has to do."""
        from openmetadata_airflow_apis.airflow_versions.dag_parsing import request_parsing

        with self.session() as session:
            request_parsing([str(path)], session=session)

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Return the run's state, None where there is no such run."""
        query = "SELECT state FROM dag_run WHERE dag_id = :dag_id AND run_id = :run_id"
        return self._scalar(query, dag_id=dag_id, run_id=run_id)

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the states of the run's task instances by task_id; mapped ones by `task_id[map_index]`."""
        query = sqlalchemy.text(
            "SELECT task_id, map_index, state FROM task_instance WHERE dag_id = :dag_id AND run_id = :run_id"
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query, {"dag_id": dag_id, "run_id": run_id}).all()
        return {task if index < 0 else f"{task}[{index}]": state for task, index, state in rows}

    def wait_for(self, condition: Callable[[], object], what: str, *, seconds: float = 60) -> None:
        """Poll until the condition is true; fail with the logs' ends when it isn't in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            ended = {name: process.poll() for name, process in self._processes.items()}
            if any(code is not None for code in ended.values()):
                raise AssertionError(f"Waiting for {what}: a process ended, {ended}\n{self.log_tails()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"Waited {seconds} s for {what}, in vain\n{self.log_tails()}")
            time.sleep(0.1)

    def _scalar(self, query: str, **parameters: object) -> object:
        with self.engine.connect() as connection:
            return connection.execute(sqlalchemy.text(query), parameters).scalar()

    def _heartbeats(self, job_type: str, since: datetime, *, hostname: str | None = None) -> bool:
        query = "SELECT max(latest_heartbeat) FROM job WHERE job_type = :job_type AND state = 'running'"
        if hostname is not None:
            query += " AND hostname = :hostname"
        return _utc(self._scalar(query, job_type=job_type, hostname=hostname)) > since

    def _parsed(self, path: Path, since: datetime) -> bool:
        error = self._scalar("SELECT stacktrace FROM import_error WHERE filename = :path", path=str(path))
        if error:
            raise AssertionError(f"{path.name} can't be imported:\n{error}")
        query = "SELECT min(dag.last_parsed_time) FROM dag JOIN serialized_dag USING (dag_id) WHERE dag.fileloc = :path"
        return _utc(self._scalar(query, path=str(path))) > since


def _utc(value: object) -> datetime:
    """Return a database's timestamp, text in SQLite, as an aware one; the past for NULL."""
    if value is None:
        return datetime.min.replace(tzinfo=timezone.utc)
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
