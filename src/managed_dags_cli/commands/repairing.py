"""restart, kill, skip, succeed, delete: stopping, mending and taking away."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import output
from managed_dags_cli.command_options import (
    WAIT_SECONDS,
    confirm,
    dry_run_option,
    show_each,
    timeout_option,
    wait_option,
    with_session,
    yes_option,
)
from managed_dags_cli.errors import CommandError, stoppable
from managed_dags_cli.output import Table
from managed_dags_cli.run_watch import task_name, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from managed_dags_cli.command_options import Session

_TOUCHED = Table(
    {"task": task_name, "before": "state_before", "after": lambda row: row["state_after"] or "to run"}, "task_id"
)
_DELETED = Table({"deleted": "dag_id", "rows": "deleted_rows", "dry run": "dry_run"}, "dag_id")


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="RUN")
@click.option(
    "-t", "--task", "task_ids", multiple=True, help="Begin with this task or task group; several times for more."
)
@click.option("--map-index", type=click.IntRange(min=-1), help="Only this instance of the --task.")
@click.option("--only-chosen", is_flag=True, help="Leave what is downstream as it is.")
@click.option("--also-successful", is_flag=True, help="Restart whatever has begun, not only what failed.")
@dry_run_option
@wait_option
@timeout_option
@with_session()
def restart(
    session: Session,
    dag_id: str,
    run_id: str,
    *,
    task_ids: tuple[str, ...],
    map_index: int | None,
    only_chosen: bool,
    also_successful: bool,
    dry_run: bool,
    wait: bool,
    timeout: int,
) -> None:
    """Run again what failed in a run.

    Everything downstream runs again with it.
    """
    body: dict[str, Any] = {}
    if task_ids:
        body["task_ids"] = list(task_ids)
    if map_index is not None:
        body["map_index"] = map_index
    if only_chosen:
        body["include_downstream"] = False
    if also_successful:
        body["only_failed"] = False
    answer = session.api.document("restart_failed_task", body, dag_id=dag_id, run_id=run_id, dry_run=dry_run or None)
    session.show(answer, answer["task_instances"], _TOUCHED)
    if wait and not dry_run and watch(session, dag_id, run_id, seconds=timeout)["state"] == "failed":
        summary = session.api.document("explain_dag_run", dag_id=dag_id, run_id=run_id)["summary"]
        raise CommandError(summary)


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="RUN")
@click.option("-t", "--task", "task_id", help="Only this task; the run goes on.")
@click.option("--map-index", type=click.IntRange(min=-1), help="Only this instance of the --task.")
@dry_run_option
@click.option("--wait", is_flag=True, help="Return when its processes are gone; exit with 1 if one stays.")
@with_session()
def kill(
    session: Session, dag_id: str, run_id: str, *, task_id: str | None, map_index: int | None, dry_run: bool, wait: bool
) -> None:
    """Stop a run, or one task of it.

    What has not ended is failed, and the run too unless a --task is named.
    """
    arguments = {"task_id": task_id, "map_index": map_index}
    _stop(session, "kill_running_tasks", {"dag_id": dag_id, "run_id": run_id, **arguments}, dry_run=dry_run, wait=wait)


def _marking(name: str, operation_id: str, help_text: str) -> click.Command:
    """Return the command that marks one task of a run."""

    @click.command(name, help=help_text)
    @click.argument("dag_id", metavar="DAG")
    @click.argument("run_id", metavar="RUN")
    @click.argument("task_id", metavar="TASK")
    @click.option("--map-index", type=click.IntRange(min=-1), help="Only this instance of a mapped task.")
    @dry_run_option
    @click.option("--wait", is_flag=True, help="Return when its process is gone; exit with 1 if it stays.")
    @with_session()
    def mark(
        session: Session, dag_id: str, run_id: str, task_id: str, *, map_index: int | None, dry_run: bool, wait: bool
    ) -> None:
        place = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
        _stop(session, operation_id, place, dry_run=dry_run, wait=wait)

    return mark


skip = _marking(
    "skip", "skip_task_instance", "Skip a task of a run.\n\nSo is what Airflow's trigger rules skip with it."
)
succeed = _marking(
    "succeed", "succeed_task_instance", "Mark a task of a run as successful.\n\nWhat waited for it goes on."
)


@click.command()
@click.argument("dag_ids", metavar="DAG...", nargs=-1, required=True)
@dry_run_option
@yes_option
@with_session()
def delete(session: Session, dag_ids: tuple[str, ...], *, dry_run: bool, yes: bool) -> None:
    """Delete deployed DAGs, with their runs.

    Their versions stay, and `restore` brings them back.
    """
    if not dry_run:
        confirm(f"Delete {', '.join(dag_ids)}, with all runs?", yes=yes)

    def delete_one(dag_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = session.api.document("delete_dag", dag_id=dag_id, dry_run=dry_run or None)
        return answer

    show_each(session, dag_ids, delete_one, _DELETED)


COMMANDS: tuple[click.Command | Callable[..., Any], ...] = (restart, kill, skip, succeed, delete)


def _stop(session: Session, operation_id: str, place: dict[str, Any], *, dry_run: bool, wait: bool) -> None:
    arguments = {**place, "dry_run": dry_run or None, "wait": WAIT_SECONDS if wait and not dry_run else None}
    looking = shlex.join(["managed-dags", "state", place["dag_id"], place["run_id"]])
    with stoppable(f"what was asked for may be done: `{looking}` shows it"):
        answer = session.api.document(operation_id, None, **arguments)
    session.show(answer, answer["task_instances"], _TOUCHED)
    if wait and answer["still_running"]:
        names = ", ".join(f"{task_name(row)} on {row.get('hostname')}" for row in answer["still_running"])
        raise CommandError(f"still there after {WAIT_SECONDS} s: {names}")
    if session.output == "table":
        output.say(f"the run is {answer['state']}")
