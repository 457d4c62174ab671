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
    """Let Airflow write a DAG's rows, in the block, whose file this machine has not: its code is left to a parse.

    Airflow < 3.0 reads, in DAG.bulk_write_to_db, the files of the DAGs that it writes.
    """
    _leave_out_absent_files()
    before = _MAY_BE_ELSEWHERE.set(True)
    try:
        yield
    finally:
        _MAY_BE_ELSEWHERE.reset(before)


@lru_cache(maxsize=1)
def _leave_out_absent_files() -> None:
    """Put our function in the place of that which reads them; Airflow < 3.0 has no other place for it."""
    from airflow.models.dagcode import DagCode

    write = DagCode.bulk_sync_to_db

    def write_present(filelocs: Collection[str], *arguments: Any, **keywords: Any) -> None:
        if _MAY_BE_ELSEWHERE.get():
            filelocs = [fileloc for fileloc in filelocs if Path(fileloc).exists()]
        if filelocs:
            write(filelocs, *arguments, **keywords)

    DagCode.bulk_sync_to_db = write_present
