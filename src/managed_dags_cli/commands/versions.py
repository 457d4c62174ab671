"""versions, restore: what was deployed before, and going back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import output
from managed_dags_cli.change_lines import changed_lines
from managed_dags_cli.command_options import (
    WAIT_SECONDS,
    check_nodes,
    confirm,
    dry_run_option,
    nodes_option,
    with_session,
    yes_option,
)
from managed_dags_cli.errors import CommandError, Refused, stoppable
from managed_dags_cli.output import Table, moment

if TYPE_CHECKING:
    from managed_dags_cli.command_options import Session

_VERSIONS = Table(
    {
        "version": "version_number",
        "created at": moment("created_at"),
        "by": "created_by",
        "comment": "comment",
        "deleted at": moment("deleted_at"),
        "revision": lambda version: version["revision"][:12],
    },
    "version_number",
)
_RESTORED = Table({"dag": "dag_id", "version": "version_number", "state": "state", "changed": "changed"}, "dag_id")


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.argument("version_number", metavar="[VERSION]", type=click.IntRange(min=1), required=False)
@click.option(
    "--against", type=click.IntRange(min=1), metavar="VERSION", help="What to compare with.  [default: the one before]"
)
@click.option("--definition", is_flag=True, help="Print the definition of the VERSION, as it was sent.")
@with_session()
def versions(
    session: Session, dag_id: str, version_number: int | None, *, against: int | None, definition: bool
) -> None:
    """List the versions of a DAG.

    With VERSION, what that one changed.
    """
    if version_number is None:
        if against is not None or definition:
            raise click.UsageError("--against and --definition want a VERSION beside the DAG")
        versions = session.api.document("list_dag_versions", dag_id=dag_id, limit=100)["dag_versions"]
        session.show(versions, versions, _VERSIONS)
        return
    place = {"dag_id": dag_id, "version_number": version_number}
    if definition:
        answer = session.api.document("get_dag_version", **place)["definition"]
        click.echo(output.as_yaml(answer) if session.output == "yaml" else output.as_json(answer))
        return
    answer = session.api.document("compare_dag_versions", **place, against=against)
    if session.output != "table":
        session.show(answer, [answer], _VERSIONS)
        return
    for line in changed_lines(answer["changes"]):
        output.say_line(line)


@click.command()
@click.argument("dag_id", metavar="DAG")
@click.argument("version_number", metavar="VERSION", type=click.IntRange(min=1))
@click.option("--comment", metavar="TEXT", help="What this is for; it stands in `versions`.")
@click.option("--wait", is_flag=True, help="Return when Airflow has parsed it; exit with 1 if it could not.")
@nodes_option
@dry_run_option
@yes_option
@with_session()
def restore(
    session: Session,
    dag_id: str,
    version_number: int,
    *,
    comment: str | None,
    wait: bool,
    wait_for_nodes: int | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Deploy a former VERSION again.

    As a new version; of a deleted DAG too. What would change is shown first. What somebody else deploys in that moment
    is not replaced unseen.
    """
    check_nodes(wait_for_nodes, wait=wait)
    place = {"dag_id": dag_id, "version_number": version_number}
    condition = _as_it_is(session, dag_id)
    planned = session.api.call("restore_dag_version", None, {**place, "dry_run": True}, condition).document
    if session.output == "table":
        for line in changed_lines(planned.get("changes") or {}):
            output.say_line(line)
    if dry_run:
        session.show(planned, [planned], _RESTORED)
        return
    confirm(f"Deploy version {version_number} of {dag_id} again?", yes=yes)
    arguments: dict[str, Any] = {
        **place,
        "comment": comment,
        "wait": WAIT_SECONDS if wait else None,
        "wait_for_nodes": wait_for_nodes,
    }
    may_be = f"version {version_number} of {dag_id} may be deployed: `managed-dags get {dag_id}` shows it"
    with stoppable(may_be), output.progress(f"restoring {dag_id}"):
        answer = session.api.call("restore_dag_version", None, arguments, condition).document
    session.show(answer, [answer], _RESTORED)
    if answer["state"] == "failed":
        raise CommandError(f"Airflow cannot import it: {answer.get('import_error')}")
    if wait and answer["state"] == "pending":
        raise CommandError(f"it is deployed, and Airflow has not parsed it in {WAIT_SECONDS} s")


COMMANDS = (versions, restore)


def _as_it_is(session: Session, dag_id: str) -> dict[str, str]:
    """Return the header by which the server refuses a change if something else is deployed by then."""
    try:
        tag = session.api.call("get_dag", None, {"dag_id": dag_id}).headers.get("ETag")
    except Refused as error:
        if error.status == 404:
            return {"If-None-Match": "*"}
        raise
    return {"If-Match": tag} if tag else {}
