"""validate, deploy, diff: the user's files and the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import dag_results, faults, output
from managed_dags_cli.change_lines import changed_lines
from managed_dags_cli.command_options import (
    WAIT_SECONDS,
    check_nodes,
    dry_run_option,
    nodes_option,
    timeout_option,
    with_session,
)
from managed_dags_cli.dag_results import Outcome
from managed_dags_cli.errors import CommandError, Refused, stoppable
from managed_dags_cli.file_requests import FileRequest, read_files
from managed_dags_cli.parse_watch import parsed_state

if TYPE_CHECKING:
    from managed_dags_cli.command_options import Session

_VALIDATED = output.Table({"dag": "dag_id", "result": "result", "file": "file"}, "dag_id")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--server", is_flag=True, help="Ask the server too: operators, callables, what is installed there.")
@with_session(*faults.FORMATS)
def validate(session: Session, files: tuple[str, ...], server: bool) -> None:  # noqa: FBT001
    """Check workflow FILEs.

    They are JSON or YAML; `-` reads standard input.

    Without a server: the format, values, names, and the graph of the tasks, as `deploy` would say it; a key of a task
    that may be misspelt is a warning. With --server all that the server knows of a definition: "can read on Managed
    DAGs" is the permission for it. What is deployed is not looked at; `diff` does that.
    """
    results: list[Outcome] = []
    with dag_results.told_if_cut_short(results, session, _VALIDATED):
        for item in read_files(files):
            if not isinstance(item, FileRequest):
                results.append(Outcome(item[0].file, "", "invalid", faults=item))
                continue
            offline_faults = item.checked()
            if server and not offline_faults:
                results.append(_validated(session, item))
            else:
                result = "invalid" if offline_faults else "valid"
                results.append(Outcome(item.file, item.dag_id, result, faults=offline_faults, warnings=item.doubtful()))
    dag_results.tell(results, session, _VALIDATED)
    if not server and session.output == "table":
        output.say("not checked, since only --server can: operators, their arguments, callable files")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--force", is_flag=True, help="Replace what is deployed.")
@click.option("--pause/--unpause", "paused", default=None, help="Leave the DAG paused, or not.  [default: as it is]")
@click.option("--comment", metavar="TEXT", help="What this deploy is for; it stands in `versions`.")
@click.option("--wait", is_flag=True, help="Return when Airflow has parsed it; exit with 1 if it could not.")
@nodes_option
@click.option("--restore-on-error", is_flag=True, help="With --wait, take a version back that Airflow cannot import.")
@click.option("--if-revision", metavar="SHA256", help="Only where this revision is deployed; `diff` and `get` show it.")
@dry_run_option
@timeout_option
@with_session(*faults.FORMATS)
def deploy(
    session: Session,
    files: tuple[str, ...],
    *,
    force: bool,
    paused: bool | None,
    comment: str | None,
    wait: bool,
    wait_for_nodes: int | None,
    restore_on_error: bool,
    if_revision: str | None,
    dry_run: bool,
    timeout: int,
) -> None:
    """Deploy the workflows of FILEs.

    They are JSON or YAML, also a dag-factory file of several DAGs; `-` reads standard input.

    Each DAG stands for itself: one that is refused keeps no other back. `diff` shows first what would change.
    """
    if restore_on_error and not wait:
        raise click.UsageError("--restore-on-error needs --wait: only a parse shows what cannot be imported")
    check_nodes(wait_for_nodes, wait=wait)
    flags = {"force": True} if force else {}
    if paused is not None:
        flags.update({"pause": paused, "unpause": not paused})
    arguments: dict[str, Any] = {"comment": comment, "dry_run": dry_run or None}
    if if_revision is not None:
        arguments["If-Match"] = f'"{if_revision}"'
    if wait and not dry_run:
        arguments.update(wait=min(WAIT_SECONDS, timeout), wait_for_nodes=wait_for_nodes)
        if restore_on_error:
            arguments["on_import_error"] = "restore"
    results: list[Outcome] = []
    with dag_results.told_if_cut_short(results, session):
        for item in list(read_files(files)):
            if not isinstance(item, FileRequest):
                results.append(Outcome(item[0].file, "", "refused", faults=item))
                continue
            done = ", ".join(outcome.dag_id for outcome in results if not outcome.failed) or "none"
            may_be = f"{item.dag_id} may be deployed: `managed-dags get {item.dag_id}` shows it; before it were: {done}"
            with stoppable(may_be), output.progress(f"deploying {item.dag_id}"):
                results.append(_deployed(session, item, arguments, flags))
                if wait and not dry_run:
                    results[-1] = _parsed(session, results[-1], time.monotonic() + timeout, wait_for_nodes)
    dag_results.tell(results, session)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where a FILE differs from what is deployed.")
@with_session(*faults.FORMATS)
def diff(session: Session, files: tuple[str, ...], exit_code: bool) -> None:  # noqa: FBT001
    """Show what deploying the FILEs would change.

    Value by value, of what is deployed; `-` reads standard input.
    """
    results: list[Outcome] = []
    with dag_results.told_if_cut_short(results, session):
        for item in read_files(files):
            if not isinstance(item, FileRequest):
                results.append(Outcome(item[0].file, "", "refused", faults=item))
                continue
            results.append(_deployed(session, item, {"dry_run": True}, {"force": True}))
    if session.output == "table":
        for outcome in results:
            for line in _described(outcome):
                output.say_line(line)
        failed = [outcome for outcome in results if outcome.failed]
        if failed:
            dag_results.tell(failed, session)
    else:
        dag_results.tell(results, session)
    if exit_code and any(outcome.result != "unchanged" for outcome in results):
        raise CommandError("")


COMMANDS = (validate, deploy, diff)


def _validated(session: Session, item: FileRequest) -> Outcome:
    """Let the server check a request of a file; return the outcome."""
    try:
        answer = session.api.document("validate_dag", item.body)
    except Refused as error:
        return _refused(item, error, "invalid")
    return Outcome(item.file, answer["dag_id"], "valid", answer)


def _deployed(session: Session, item: FileRequest, arguments: dict[str, Any], flags: dict[str, bool]) -> Outcome:
    """Deploy a request of a file; return the outcome."""
    try:
        answer = session.api.document("deploy_dag", _with_flags(item.body, flags), **arguments)
    except Refused as error:
        return _refused(item, error, "refused")
    result = "created" if answer["created"] else "changed" if answer["changed"] else "unchanged"
    failed = answer["state"] == "failed" and not answer["dry_run"]
    reason = f"Airflow cannot import it: {answer.get('import_error')}" if failed else None
    return Outcome(item.file, answer["dag_id"], result, answer, reason=reason)


def _refused(item: FileRequest, error: Refused, result: str) -> Outcome:
    """Return an outcome with the faults at their places in the file, or with the server's sentence."""
    placed_faults = item.placed(error.problem.get("errors") or [])
    return Outcome(
        item.file, item.dag_id, result, faults=placed_faults, reason=None if placed_faults else _with_cure(error)
    )


def _with_cure(error: Refused) -> str:
    if error.is_of_type("dag-exists"):
        return f"{error} (here: --force)"
    if error.problem.get("import_error"):
        return f"{error}\n{error.problem['import_error']}"
    return str(error)


def _with_flags(body: dict[str, Any], flags: dict[str, bool]) -> dict[str, Any]:
    """Return a request with flags of the command line, which win over those of the file."""
    if not flags:
        return body
    if isinstance(body.get("workflow"), dict):
        other_keys = {key: value for key, value in body["workflow"].items() if key not in flags}
        return {**body, "workflow": {**other_keys, **flags}}
    flat = {"force": "forceDeploy", "pause": "pauseWorkflow", "unpause": "unpauseWorkflow"}
    return {**body, **{flat[name]: value for name, value in flags.items()}}


def _parsed(session: Session, outcome: Outcome, deadline: float, nodes: int | None) -> Outcome:
    """Return the outcome when the DAG processor has parsed the DAG, or the time is up."""
    if outcome.answer is None or outcome.failed:
        return outcome
    answer = {**outcome.answer, **parsed_state(session.api, outcome.answer, deadline, nodes)}
    reason = None
    if answer["state"] == "failed":
        reason = f"Airflow cannot import it: {answer['import_error']}"
    elif answer["state"] == "pending":
        reason = "it is deployed, and Airflow has not parsed it in time; `managed-dags get` shows when it has"
    return Outcome(outcome.file, outcome.dag_id, outcome.result, answer, reason=reason)


def _described(outcome: Outcome) -> list[str]:
    if outcome.answer is None:
        return []
    revision = outcome.answer["revision"]
    header = f"{outcome.dag_id}: {outcome.result} ({outcome.file}; revision {revision})"
    return [header, *changed_lines(outcome.answer.get("changes") or {})]
