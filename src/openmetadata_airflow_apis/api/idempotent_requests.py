"""Idempotency-Key: a request that is repeated gets the first one's answer, and changes nothing again.

It stands around the handler of each operation that takes the header in the specification, for both doors. The answer is
kept as the typed door gives it.
"""

from __future__ import annotations

import functools
import inspect
import json
import logging
from typing import TYPE_CHECKING, Any, Callable

from airflow.configuration import conf
from flask import request
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import body, deployed_answers, wire
from openmetadata_airflow_apis.errors import InvalidArgument, ManagedDagsError, Unavailable
from openmetadata_airflow_apis.security.identity import user_name
from openmetadata_airflow_apis.stores import idempotency_keys
from openmetadata_airflow_apis.transactions import written_beside

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_LONGEST_KEY = 255
# What a request takes beside what gunicorn lets it take, and where gunicorn sets no limit.
_SECONDS_MORE = 30
_SECONDS_AT_MOST = 3600
# Where the claim is kept: not in flask.g, which requests share that are made within an application context.
_CLAIM = "openmetadata_airflow_apis_idempotency_claim"

Answer = tuple[Any, int, dict[str, str]]

# What each operation answers, of what its transaction gives, before anything is waited for.
_ANSWERS: dict[str, Callable[[Any], Answer]] = {
    "deploy_dag": deployed_answers.answer_at_once,
    "restore_dag_version": deployed_answers.answer_at_once,
    "apply_bundle": deployed_answers.answer_bundle_at_once,
    "trigger_dag": lambda run: (wire.to_json(run), 201, {}),
    "run_task_instance": lambda plan: (wire.to_json(plan.partial_run(dry_run=False)), 201, {}),
    "restart_failed_task": lambda plans: (wire.restarted(plans[0].restarted(dry_run=False)), 200, {}),
    "kill_running_tasks": lambda plans: _stopped(runs.KilledRun, plans),
    "skip_task_instance": lambda plans: _stopped(runs.SkippedTask, plans),
    "succeed_task_instance": lambda plans: _stopped(runs.SucceededTask, plans),
    "restart_dag_runs": lambda plans: (wire.restarted_runs(runs.restarted_runs(plans, dry_run=False)), 200, {}),
    "kill_dag_runs": lambda plans: _all_killed(runs.killed_runs(plans, dry_run=False)),
    "patch_dag": lambda patched: (wire.to_json(patched), 200, {}),
}


def _stopped(kind: type[runs.KilledRun | runs.SkippedTask | runs.SucceededTask], plans: Any) -> Answer:
    return wire.stopped(kind(**plans[0].outcome(), dry_run=False), ()), 200, {}


def _all_killed(killed: runs.KilledRuns) -> Answer:
    return wire.killed_runs(killed, [()] * len(killed.dag_runs)), 200, {}


def once(operation_id: str, handler: Callable[..., Any], *, reads_body: bool) -> Callable[..., Any]:
    """Return a handler that acts once for each Idempotency-Key, and always where the request has none.

    reads_body: whether it reads the request's body by itself, and is not given it among its arguments.
    """
    signature = inspect.signature(handler)

    @functools.wraps(handler)
    def wrapper(**arguments: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(**arguments)
        given = signature.bind(**arguments)
        given.apply_defaults()  # one door gives what was left out, the other does not
        sent = {name: value or {} if name == "body" else value for name, value in given.arguments.items()}
        claimed = _claim(key, [operation_id, sent, body.read_json() if reads_body else None])
        if claimed.answer is not None:
            content, status, headers = claimed.answer
            return content, status, {**headers, REPLAYED: "true"}
        return _act(operation_id, handler, arguments, claimed)

    return wrapper


def began_before() -> datetime | None:
    """Return when this request was first sent, if a process that has died, or did not know, had begun with it."""
    claimed: idempotency_keys.Claim | None = request.environ.get(_CLAIM)
    return claimed.since if claimed is not None and claimed.is_repeated else None


def _claim(key: str, sent: list[Any]) -> idempotency_keys.Claim:
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidArgument(HEADER, f"has {len(key)} characters; give 1 to {_LONGEST_KEY}, such as a UUID")
    limit = conf.getint("webserver", "web_server_worker_timeout")
    seconds = (limit if limit > 0 else _SECONDS_AT_MOST) + _SECONDS_MORE
    try:
        return idempotency_keys.claim(key, user=user_name(), request=json.dumps(sent, sort_keys=True), seconds=seconds)
    except SQLAlchemyError as error:
        log.exception("The table %s cannot be used", idempotency_keys.TABLE.name)
        raise Unavailable(
            f"It cannot be known whether the request with this {HEADER} was made before: Airflow's database does not "
            "answer; nothing was changed, try again later"
        ) from error


def _act(
    operation_id: str, handler: Callable[..., Any], arguments: dict[str, Any], claimed: idempotency_keys.Claim
) -> Any:
    written: list[Any] = []

    def write(answer: Any, session: Session) -> None:
        written[:] = [list(_ANSWERS[operation_id](answer))]
        idempotency_keys.write_answer(claimed, written[0], session=session)

    request.environ[_CLAIM] = claimed
    try:
        with written_beside(write):
            answer = handler(**arguments)
    except ManagedDagsError as error:
        # Where it isn't known what was done, the repetition goes on from there.
        _note(idempotency_keys.let_go if isinstance(error, Unavailable) else idempotency_keys.forget, claimed)
        raise
    except BaseException:
        _note(idempotency_keys.let_go, claimed)
        raise
    given = list(_in_full(answer))
    if written != [given]:
        _note(lambda of: idempotency_keys.finish(of, given), claimed)
    return answer


def _note(note: Callable[[idempotency_keys.Claim], None], claimed: idempotency_keys.Claim) -> None:
    """Note what became of a request; that it can't be noted changes nothing of the answer."""
    try:
        note(claimed)
    except SQLAlchemyError as error:
        log.warning("What became of a request with an %s cannot be noted: %s", HEADER, error)


def _in_full(answer: Any) -> Answer:
    """Return body, status and headers of what a handler answers, which may leave the last two out."""
    if not isinstance(answer, tuple):
        return answer, 200, {}
    content, status, *headers = answer
    return content, status, headers[0] if headers else {}
