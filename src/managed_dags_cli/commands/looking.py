"""list, get, runs, state, explain, logs: looking, and following what goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import output
from managed_dags_cli.command_options import with_session
from managed_dags_cli.errors import CommandError, stoppable
from managed_dags_cli.helpful_commands import command_for
from managed_dags_cli.output import Table, moment
from managed_dags_cli.run_watch import task_instances, task_name, task_table, watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from managed_dags_cli.command_options import Session
    from managed_dags_cli.connection import Api

_PAGE = 100
_DAGS = Table(
    {
        "dag": "dag_id",
        "state": "state",
        "paused": "is_paused",
        "schedule": "timetable_description",
        "last run": lambda dag: (dag.get("last_run") or {}).get("state"),
        "deployed by": "deployed_by",
        "deployed at": moment("deployed_at"),
    },
    "dag_id",
)
_RUNS = Table(
    {
        "run": "run_id",
        "state": "state",
        "type": "run_type",
        "logical date": moment("logical_date"),
        "start": moment("start_date"),
        "end": moment("end_date"),
    },
    "run_id",
)


@click.command("list")
@click.argument("pattern", required=False)
@click.option("--state", type=click.Choice(["parsed", "pending", "failed"]), multiple=True, help="Of the deployment.")
@click.option(
    "--run-state", type=click.Choice(["queued", "running", "success", "failed"]), multiple=True, help="Of the last run."
)
@click.option("--tag", multiple=True, help="DAGs with this tag; may be given several times.")
@click.option("--paused/--unpaused", default=None, help="Only those that are paused, or are not.")
@with_session()
def list_dags(
    session: Session,
    pattern: str | None,
    state: tuple[str, ...],
    run_state: tuple[str, ...],
    tag: tuple[str, ...],
    *,
    paused: bool | None,
) -> None:
    """List the deployed DAGs.

    With PATTERN those whose id has it in it; `%` stands for anything.
    """
    arguments = {
        "dag_id_pattern": f"%{pattern}%" if pattern else None,
        "state": state or None,
        "last_dag_run_state": run_state or None,
        "tags": tag or None,
        "paused": paused,
    }
    dags = list(_pages(session, "list_dags", "dags", arguments))
    is_filtered = any(value is not None for value in arguments.values())
    session.show(dags, dags, _DAGS, "no such DAG" if is_filtered else "no deployed DAG that you may read")


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.option("--definition", is_flag=True, help="Print the definition alone, as it was sent.")
@with_session()
def get(session: Session, dag_id: str, *, definition: bool) -> None:
    """Show a deployed DAG."""
    dag = session.api.document("get_dag", dag_id=dag_id)
    if definition:
        click.echo(output.as_yaml(dag["definition"]) if session.output == "yaml" else output.as_json(dag["definition"]))
        return
    if session.output == "table":
        output.show_object(dag, session.output, without=("definition", "params"))
        return
    session.show(dag, [dag], _DAGS)


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.option("--state", type=click.Choice(["queued", "running", "success", "failed"]), multiple=True)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, the newest first."
)
@with_session()
def runs(session: Session, dag_id: str, state: tuple[str, ...], limit: int) -> None:
    """List the runs of a DAG."""
    answer = session.api.document("list_dag_runs", dag_id=dag_id, state=state or None, limit=limit)
    session.show(answer["dag_runs"], answer["dag_runs"], _RUNS, "no such run" if state else "no run yet")


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until it has ended; exit with 1 if it failed.")
@with_session()
def state(session: Session, dag_id: str, run_id: str | None, *, follow: bool) -> None:
    """Show a run and its tasks.

    The newest run, without RUN.
    """
    run_id = run_id or _latest_run_id(session.api, dag_id)
    run = watch(session, dag_id, run_id) if follow else session.api.document("dag_state", dag_id=dag_id, run_id=run_id)
    tasks = task_instances(session.api, dag_id, run_id)
    if session.output == "table":
        output.say(f"{dag_id}, run {run_id}: {run['state']}")
    elif session.output == "name":
        click.echo(run["state"])
        tasks = []
    session.show({**run, "task_instances": tasks}, tasks, task_table)
    if follow and run["state"] == "failed":
        raise CommandError(f"the run failed; `managed-dags explain {dag_id} {run_id}` says why")


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="[RUN]", required=False)
@with_session()
def explain(session: Session, dag_id: str, run_id: str | None) -> None:
    """Say why a run failed, or what it waits for.

    Of the newest run, without RUN.
    """
    run_id = run_id or _latest_run_id(session.api, dag_id)
    answer = session.api.document("explain_dag_run", dag_id=dag_id, run_id=run_id)
    if session.output == "table":
        click.echo(answer["summary"])
        for failure in answer["failures"]:
            click.echo(f"\n{task_name(failure)}, try {failure['try_number']}: {failure['reason']}")
            for line in failure.get("log_lines") or ():
                click.echo(f"    {line}")
        for call in answer["calls"]:
            click.echo(f"\n{call['reason']}\n    {command_for(call)}")
        return
    session.show(answer, answer["failures"], Table({}, "task_id"))


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="RUN")
@click.argument("task_id", metavar="TASK")
@click.option("--try", "try_number", type=click.IntRange(min=1), help="Which try.  [default: the latest]")
@click.option("--map-index", type=click.IntRange(min=-1), help="Which instance of a mapped task.")
@click.option("--tail", type=click.IntRange(min=1), metavar="LINES", help="Only the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the task has ended.")
@with_session()
def logs(
    session: Session,
    dag_id: str,
    run_id: str,
    task_id: str,
    try_number: int | None,
    map_index: int | None,
    tail: int | None,
    *,
    follow: bool,
) -> None:
    """Print the log of a task."""
    place = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index, "try_number": try_number}
    pages = _log_pages(session, place, tail, follow=follow)
    with stoppable("the task goes on, if it had not ended"):
        if session.output == "table":
            for page in pages:
                click.echo(page["content"], nl=False)
            return
        all_pages = list(pages)
    whole_log = {
        **all_pages[-1],
        "offset": all_pages[0]["offset"],
        "content": "".join(page["content"] for page in all_pages),
    }
    session.show(whole_log, [whole_log], Table({}, "task_id"))


COMMANDS = (list_dags, get, runs, state, explain, logs)


def _pages(session: Session, operation_id: str, key: str, arguments: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the items of all pages of a list."""
    offset = 0
    while True:
        answer = session.api.document(operation_id, **arguments, limit=_PAGE, offset=offset)
        yield from answer[key]
        offset += len(answer[key])
        if not answer[key] or offset >= answer["total_entries"]:
            return


def _latest_run_id(api: Api, dag_id: str) -> str:
    """Return the id of the run that was created last; raise CommandError if the DAG never ran."""
    runs = api.document("list_dag_runs", dag_id=dag_id, limit=1)["dag_runs"]
    if not runs:
        raise CommandError(f"the DAG '{dag_id}' has no run; `managed-dags trigger {dag_id}` starts one")
    return str(runs[0]["run_id"])


def _log_pages(session: Session, place: Mapping[str, Any], tail: int | None, *, follow: bool) -> Iterator[Any]:
    """Yield a log page by page: up to its present end, or with follow until the task has ended."""
    page = session.api.document("task_log", **place, tail_lines=tail)
    while True:
        yield page
        if page["end_of_log"] or not (follow or page["content"]):
            return
        if not page["content"]:
            time.sleep(1)
        page = session.api.document("task_log", **place, offset=page["next_offset"])
