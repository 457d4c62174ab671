"""The source code of DAG files that Airflow keeps, for its page "Code"."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_MAY_BE_ELSEWHERE: ContextVar[bool] = ContextVar("files may be on other machines alone", default=False)


@contextmanager
def files_elsewhere() -> Iterator[None]:
    """In the block, let Airflow write the rows of DAGs whose files this machine does not have; a parse adds their code.

    In DAG.bulk_write_to_db Airflow < 3.0 reads the files of the DAGs that it writes.
    """
    _leave_out_absent_files()
    reset_token = _MAY_BE_ELSEWHERE.set(True)
    try:
        yield
    finally:
        _MAY_BE_ELSEWHERE.reset(reset_token)


@lru_cache(maxsize=1)
def _leave_out_absent_files() -> None:
    """Replace the function that reads the files by one that leaves out absent ones; Airflow < 3.0 has no hook."""
    from airflow.models.dagcode import DagCode

    write = DagCode.bulk_sync_to_db

    def write_present(filelocs: Collection[str], *arguments: Any, **keywords: Any) -> None:
        if _MAY_BE_ELSEWHERE.get():
            filelocs = [fileloc for fileloc in filelocs if Path(fileloc).exists()]
        if filelocs:
            write(filelocs, *arguments, **keywords)

    DagCode.bulk_sync_to_db = write_present
