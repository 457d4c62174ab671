"""trigger, run-tasks, pause, unpause: setting DAGs going."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import output
from managed_dags_cli.command_options import (
    conf_option,
    dry_run_option,
    show_each,
    timeout_option,
    wait_option,
    with_session,
)
from managed_dags_cli.errors import CommandError
from managed_dags_cli.output import Table, moment
from managed_dags_cli.run_watch import watch

if TYPE_CHECKING:
    from managed_dags_cli.command_options import Session

_RUN = Table({"dag": "dag_id", "run": "run_id", "state": "state", "logical date": moment("logical_date")}, "run_id")
_PAUSED = Table({"dag": "dag_id", "paused": "is_paused", "changed": "changed"}, "dag_id")
_run_id_option = click.option(
    "--run-id", metavar="RUN", help="What to call the run.  [default: made by Airflow's rule]"
)


@click.command()
@click.argument("dag_id", metavar="DAG")
@conf_option
@_run_id_option
@click.option("--logical-date", metavar="DATE", help="Its logical date.  [default: now]")
@click.option("--note", metavar="TEXT", help="A note that Airflow shows beside the run.")
@dry_run_option
@wait_option
@timeout_option
@with_session()
def trigger(
    session: Session,
    dag_id: str,
    *,
    conf: dict[str, Any] | None,
    run_id: str | None,
    logical_date: str | None,
    note: str | None,
    dry_run: bool,
    wait: bool,
    timeout: int,
) -> None:
    """Start a run of a DAG."""
    fields = {"conf": conf, "run_id": run_id, "logical_date": logical_date, "note": note}
    body = {key: value for key, value in fields.items() if value is not None}
    run = session.api.document("trigger_dag", body, dag_id=dag_id, dry_run=dry_run or None)
    _tell(session, dag_id, run, wait=wait and not dry_run, timeout=timeout)


@click.command("run-tasks")
@click.argument("dag_id", metavar="DAG")
@click.argument("task_ids", metavar="TASK...", nargs=-1, required=True)
@conf_option
@_run_id_option
@dry_run_option
@wait_option
@timeout_option
@with_session()
def run_tasks(
    session: Session,
    dag_id: str,
    task_ids: tuple[str, ...],
    *,
    conf: dict[str, Any] | None,
    run_id: str | None,
    dry_run: bool,
    wait: bool,
    timeout: int,
) -> None:
    """Start a run of some tasks alone.

    Only the TASKs run; what they depend on counts as done, all else is skipped.
    """
    fields = {"task_ids": list(task_ids), "conf": conf, "run_id": run_id}
    body = {key: value for key, value in fields.items() if value is not None}
    run = session.api.document("run_task_instance", body, dag_id=dag_id, dry_run=dry_run or None)
    _tell(session, dag_id, run, wait=wait and not dry_run, timeout=timeout)


@click.command()
@click.argument("dag_ids", metavar="DAG...", nargs=-1, required=True)
@dry_run_option
@with_session()
def pause(session: Session, dag_ids: tuple[str, ...], *, dry_run: bool) -> None:
    """Pause DAGs.

    No run and no further task of them starts.
    """
    _set_paused(session, dag_ids, paused=True, dry_run=dry_run)


@click.command()
@click.argument("dag_ids", metavar="DAG...", nargs=-1, required=True)
@dry_run_option
@with_session()
def unpause(session: Session, dag_ids: tuple[str, ...], *, dry_run: bool) -> None:
    """Let paused DAGs run again."""
    _set_paused(session, dag_ids, paused=False, dry_run=dry_run)


COMMANDS = (trigger, run_tasks, pause, unpause)


def _tell(session: Session, dag_id: str, run: dict[str, Any], *, wait: bool, timeout: int) -> None:
    """Print a run as it is, or with wait as it has ended; raise CommandError if it failed."""
    if run.get("is_paused"):
        output.say(f"{dag_id} is paused: the run waits; `managed-dags unpause {dag_id}` lets it go")
    if wait:
        output.say(f"{dag_id}: run {run['run_id']} is {run['state']}")
        run = watch(session, dag_id, run["run_id"], seconds=timeout)
    session.show(run, [run], _RUN)
    if wait and run["state"] == "failed":
        answer = session.api.document("explain_dag_run", dag_id=dag_id, run_id=run["run_id"])
        raise CommandError(answer["summary"])


def _set_paused(session: Session, dag_ids: tuple[str, ...], *, paused: bool, dry_run: bool) -> None:
    def set_one(dag_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = session.api.document(
            "patch_dag", {"is_paused": paused}, dag_id=dag_id, dry_run=dry_run or None
        )
        return answer

    show_each(session, dag_ids, set_one, _PAUSED)
