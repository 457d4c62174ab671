"""The note of a DagRun: the user's own words, and a line for each change that was made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.models.dagrun import DagRunNote
from airflow.utils import timezone
from sqlalchemy import bindparam, insert, select, update

from openmetadata_airflow_apis.runs.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

_NOTE = DagRunNote.__table__
NOTE_LENGTH = 1000
_LINE_CHARACTERS = 300
# Airflow keeps one note for each run, which is the user's. Our lines begin with this, so that only they are dropped.
_MARK = "[openmetadata_airflow_apis] "


def annotate(dag_run_pk: int, text: str, *, user: str, session: Session) -> None:
    """Add a line to a DagRun's note: when, who, and text.

    dag_run_pk: the id column of dag_run. To keep Airflow's limit of 1000 characters, the oldest lines that
    were written here are dropped; if the user's own words leave no room, nothing is written.
    """
    annotate_all({dag_run_pk: text}, user=user, session=session)


def annotate_all(texts: Mapping[int, str], *, user: str, session: Session) -> None:
    """Add a line to the note of each of several DagRuns, in at most three statements. texts: by the id of dag_run."""
    if not texts:
        return
    stored_query = select(_NOTE.c.dag_run_id, _NOTE.c.content).where(_NOTE.c.dag_run_id.in_(sorted(texts)))
    notes = {row.dag_run_id: row.content or "" for row in session.execute(stored_query)}
    moment = f"{timezone.utcnow():%Y-%m-%dT%H:%M:%SZ}"
    contents = {
        dag_run_pk: _with_line(notes.get(dag_run_pk), f"{_MARK}{moment} {user}: {text}")
        for dag_run_pk, text in texts.items()
    }
    new_notes = [{"dag_run_id": pk, "content": content} for pk, content in contents.items() if pk not in notes]
    longer_notes = [{"pk": pk, "content": content} for pk, content in contents.items() if content and pk in notes]
    if new_notes:
        session.execute(insert(_NOTE), new_notes)
    if longer_notes:
        session.execute(update(_NOTE).where(_NOTE.c.dag_run_id == bindparam("pk")), longer_notes)


def _with_line(note: str | None, line: str) -> str | None:
    """Return a note with one more line, without our oldest ones if it gets too long; None if there is no room."""
    lines = [*(note or "").splitlines(), shortened(line, _LINE_CHARACTERS)]
    while len("\n".join(lines)) > NOTE_LENGTH:
        oldest = next(position for position, text in enumerate(lines) if text.startswith(_MARK))
        if oldest == len(lines) - 1:
            return None
        del lines[oldest]
    return "\n".join(lines)


def write_note(dag_run_pk: int, content: str, *, session: Session) -> None:
    """Give a DagRun that has no note one; content is at most NOTE_LENGTH characters."""
    session.execute(insert(_NOTE).values(dag_run_id=dag_run_pk, content=content))
