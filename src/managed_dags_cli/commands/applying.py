"""apply: a folder of workflows becomes a bundle, all of it or nothing."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from managed_dags_cli import dag_results, faults, output
from managed_dags_cli.change_lines import changed_lines
from managed_dags_cli.command_options import (
    WAIT_SECONDS,
    check_nodes,
    confirm,
    dry_run_option,
    nodes_option,
    timeout_option,
    with_session,
    yes_option,
)
from managed_dags_cli.dag_results import Outcome
from managed_dags_cli.errors import CommandError, Refused, stoppable
from managed_dags_cli.file_requests import SUFFIXES, FileRequest, read_files
from managed_dags_cli.output import Table
from managed_dags_cli.parse_watch import parsed_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from managed_dags_cli.command_options import Session

_PLACE = re.compile(r"/workflows/(\d+)(.*)", re.DOTALL)
# Another workflow of the body, in the server's sentence about one.
_OTHER = re.compile(r"/workflows/(\d+)")
# As the specification has it for the path's bundle_name.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_KINDS = ("created", "changed", "unchanged", "deleted")
# What a plan says of each kind, and the sign that a diff would put before it.
_PLANNED = {"created": ("+", "create"), "changed": ("~", "change"), "deleted": ("-", "delete")}
_APPLIED = Table({"dag": "dag_id", "result": "result", "version": "version_number", "state": "state"}, "dag_id")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("--name", metavar="BUNDLE", help="The bundle's name.  [default: the folder's name]")
@click.option("--prune", is_flag=True, help="Delete what the bundle has and the FOLDER lacks.")
@click.option("--force", is_flag=True, help="Take in DAGs that were deployed without a bundle.")
@click.option("--comment", metavar="TEXT", help="What this is for; it stands in `versions`.")
@click.option("--wait", is_flag=True, help="Return when Airflow has parsed them; exit with 1 if it could not.")
@nodes_option
@dry_run_option
@yes_option
@timeout_option
@with_session(*faults.FORMATS)
def apply(
    session: Session,
    folder: str,
    *,
    name: str | None,
    prune: bool,
    force: bool,
    comment: str | None,
    wait: bool,
    wait_for_nodes: int | None,
    dry_run: bool,
    yes: bool,
    timeout: int,
) -> None:
    """Make the workflows in FOLDER a bundle.

    All JSON and YAML files in it and below, together: what is new or changed is deployed, what is the same is left
    alone, and with --prune what the bundle had beside them is deleted. The plan is shown first. Where one workflow has
    a fault, nothing is deployed.
    """
    check_nodes(wait_for_nodes, wait=wait)
    name = _bundle_name(name, folder)
    requests = _read(folder, session)
    body = {"prune": prune, "workflows": [_forced(request.body) if force else request.body for request in requests]}
    with output.progress(f"planning {name}"):
        plan = _applied(session, name, body, requests, {"dry_run": True})
    if dry_run:
        _show(session, plan)
        return
    if session.output == "table":
        for line in _planned(plan):
            output.say_line(line)
    if not any(plan[kind] for kind in _PLANNED):
        output.say(f"{name}: nothing to do")
        if session.output != "table":
            _show(session, plan)
        return
    confirm(f"Apply this to the bundle {name}?", yes=yes)
    arguments = {
        "comment": comment,
        "wait": min(WAIT_SECONDS, timeout) if wait else None,
        "wait_for_nodes": wait_for_nodes,
    }
    may_be = f"the bundle {name} may be applied, or some of it: `managed-dags apply … --dry-run` shows what is left"
    with stoppable(may_be), output.progress(f"applying {name}"):
        answer = _applied(session, name, body, requests, arguments)
        try:
            if wait:
                _wait_for_parses(session, answer, time.monotonic() + timeout, wait_for_nodes)
        finally:
            output.end_progress()
            _show(session, answer)
    _end(answer, wait=wait)


COMMANDS = (apply,)


def _bundle_name(name: str | None, folder: str) -> str:
    """Return the given name of a bundle, or that of the folder; raise UsageError if no bundle can be called so."""
    bundle_name = Path(folder).resolve().name if name is None else name
    if not NAME.fullmatch(bundle_name):
        whose = "the folder's name, and " if name is None else ""
        raise click.UsageError(
            f"'{bundle_name}' is {whose}no name that a bundle can have; give one by --name: letters, digits, `_`, `.` "
            "and `-`, a letter or digit first, 200 at most"
        )
    return bundle_name


def _read(folder: str, session: Session) -> list[FileRequest]:
    """Return the requests of all files; if one can't be read, print all that is wrong and raise CommandError."""
    names = [
        str(path)
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not names:
        raise click.UsageError(f"{folder} has no .json, .yaml or .yml file")
    items = list(read_files(names))
    requests = [item for item in items if isinstance(item, FileRequest)]
    if len(requests) < len(items):
        unread = [
            Outcome(item[0].file, "", "refused", faults=item) for item in items if not isinstance(item, FileRequest)
        ]
        checked = [Outcome(item.file, item.dag_id, "refused", faults=item.checked()) for item in requests]
        dag_results.tell([*unread, *(outcome for outcome in checked if outcome.failed)], session)
    return requests


def _applied(
    session: Session, name: str, body: object, requests: Sequence[FileRequest], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Call apply_bundle; if it refuses, print the faults at their places in the files and raise CommandError."""
    try:
        answer: dict[str, Any] = session.api.document("apply_bundle", body, bundle_name=name, **arguments)
    except Refused as error:
        errors_by_request: dict[int, list[dict[str, str]]] = {}
        for problem in error.problem.get("errors") or ():
            place = _PLACE.fullmatch(problem["pointer"])
            if place is None or int(place[1]) >= len(requests):
                raise
            detail = _OTHER.sub(lambda other: _place_of_name(requests, other), problem["detail"])
            errors_by_request.setdefault(int(place[1]), []).append({"pointer": place[2], "detail": detail})
        if not errors_by_request:
            raise
        refused = [
            Outcome(requests[index].file, requests[index].dag_id, "refused", faults=requests[index].placed(errors))
            for index, errors in sorted(errors_by_request.items())
        ]
        cure = "; --force takes in what was deployed without a bundle" if error.is_of_type("bundle-conflict") else ""
        output.say(f"{name}: nothing was deployed{cure}")
        dag_results.tell(refused, session)
        raise  # not reached: tell() raises CommandError
    return answer


def _place_of_name(requests: Sequence[FileRequest], workflow: re.Match[str]) -> str:
    """Return the file, line and column in which a workflow of the body has its name, in place of its number."""
    if int(workflow[1]) >= len(requests):
        return workflow[0]
    request = requests[int(workflow[1])]
    pointer = "/workflow/name" if "workflow" in request.body else "/name"
    (place,) = request.placed([{"pointer": pointer, "detail": ""}])
    return faults.place_of(place)


def _forced(body: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body.get("workflow"), dict):
        return {**body, "workflow": {**body["workflow"], "force": True}}
    return {**body, "forceDeploy": True}


def _planned(plan: Mapping[str, Any]) -> list[str]:
    lines = []
    for kind, (sign, verb) in _PLANNED.items():
        for dag in plan[kind]:
            lines.append(f"{sign} {verb} {dag['dag_id']}")
            if kind == "changed":
                lines += [f"  {line}" for line in changed_lines(dag.get("changes") or {})]
    unchanged = len(plan["unchanged"])
    return [*lines, f"{unchanged} unchanged"] if unchanged else lines


def _show(session: Session, answer: dict[str, Any]) -> None:
    rows = [{**dag, "result": kind} for kind in _KINDS for dag in answer[kind]]
    if answer["dry_run"] and session.output == "table":
        for line in _planned(answer):
            output.say_line(line)
        return
    output_format = session.output if session.output in output.FORMATS else "table"
    output.show(answer, output_format, [row for row in rows if row["result"] != "unchanged"], _APPLIED)


def _wait_for_parses(session: Session, answer: Mapping[str, Any], deadline: float, nodes: int | None) -> None:
    for dag in (*answer["created"], *answer["changed"]):
        dag.update(parsed_state(session.api, dag, deadline, nodes))


def _end(answer: Mapping[str, Any], *, wait: bool) -> None:
    """Raise CommandError if a DAG could not be imported, or was not parsed in time."""
    deployed = (*answer["created"], *answer["changed"])
    failed = [dag for dag in deployed if dag["state"] == "failed"]
    for dag in failed:
        output.say(f"{dag['dag_id']}: Airflow cannot import it: {dag.get('import_error')}")
    not_in_time = [dag["dag_id"] for dag in deployed if wait and dag["state"] == "pending"]
    if not_in_time:
        output.say(f"deployed, and not parsed in time: {', '.join(not_in_time)}")
    if failed or not_in_time:
        raise CommandError("")
