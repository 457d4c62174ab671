"""Idempotency-Key: a request that is repeated gets the first one's answer, and changes nothing again.

`once` wraps the handler of each operation that takes the header in the specification, for both doors. The stored answer
is that of the typed door.
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
from openmetadata_airflow_apis.api import body, deploy_answers, json_answers, run_answers
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
# Seconds added to gunicorn's limit for a request, and the limit if gunicorn has none.
_SECONDS_MORE = 30
_SECONDS_AT_MOST = 3600
# The key of the claim in the request's environ; not in flask.g, which requests in one application context share.
_CLAIM = "openmetadata_airflow_apis_idempotency_claim"

Answer = tuple[Any, int, dict[str, str]]

# operation_id → a function that makes the answer, before any waiting, from what the operation's transaction returns.
_ANSWERS: dict[str, Callable[[Any], Answer]] = {
    "deploy_dag": deploy_answers.answer_at_once,
    "restore_dag_version": deploy_answers.answer_at_once,
    "apply_bundle": deploy_answers.answer_bundle_at_once,
    "trigger_dag": lambda run: (json_answers.to_json(run), 201, {}),
    "run_task_instance": lambda plan: (json_answers.to_json(plan.partial_run(dry_run=False)), 201, {}),
    "restart_failed_task": lambda plans: (run_answers.restarted(plans[0].restarted(dry_run=False)), 200, {}),
    "kill_running_tasks": lambda plans: _stopped(runs.KilledRun, plans),
    "skip_task_instance": lambda plans: _stopped(runs.SkippedTask, plans),
    "succeed_task_instance": lambda plans: _stopped(runs.SucceededTask, plans),
    "restart_dag_runs": lambda plans: (run_answers.restarted_runs(runs.restarted_runs(plans, dry_run=False)), 200, {}),
    "kill_dag_runs": lambda plans: _all_killed(runs.killed_runs(plans, dry_run=False)),
    "patch_dag": lambda patched: (json_answers.to_json(patched), 200, {}),
}


def _stopped(kind: type[runs.KilledRun | runs.SkippedTask | runs.SucceededTask], plans: Any) -> Answer:
    return run_answers.stopped(kind(**plans[0].outcome(), dry_run=False), ()), 200, {}


def _all_killed(killed: runs.KilledRuns) -> Answer:
    return run_answers.killed_runs(killed, [()] * len(killed.dag_runs)), 200, {}


def once(operation_id: str, handler: Callable[..., Any], *, reads_body: bool) -> Callable[..., Any]:
    """Return a handler that acts once for each Idempotency-Key, and every time for a request without one.

    reads_body: whether the handler reads the request's body itself, so that it is not among its arguments.
    """
    signature = inspect.signature(handler)

    @functools.wraps(handler)
    def wrapper(**arguments: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(**arguments)
        bound = signature.bind(**arguments)
        bound.apply_defaults()  # one door passes defaults for what was left out, the other does not
        sent_arguments = {name: value or {} if name == "body" else value for name, value in bound.arguments.items()}
        key_claim = _claim(key, [operation_id, sent_arguments, body.read_json() if reads_body else None])
        if key_claim.answer is not None:
            content, status, headers = key_claim.answer
            return content, status, {**headers, REPLAYED: "true"}
        return _act(operation_id, handler, arguments, key_claim)

    return wrapper


def began_before() -> datetime | None:
    """Return when this request was first sent, if an earlier try began and its outcome is unknown; else None."""
    key_claim: idempotency_keys.Claim | None = request.environ.get(_CLAIM)
    return key_claim.since if key_claim is not None and key_claim.is_repeated else None


def _claim(key: str, request_parts: list[Any]) -> idempotency_keys.Claim:
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidArgument(HEADER, f"has {len(key)} characters; give 1 to {_LONGEST_KEY}, such as a UUID")
    limit = conf.getint("webserver", "web_server_worker_timeout")
    seconds = (limit if limit > 0 else _SECONDS_AT_MOST) + _SECONDS_MORE
    try:
        return idempotency_keys.claim(
            key, user=user_name(), request=json.dumps(request_parts, sort_keys=True), seconds=seconds
        )
    except SQLAlchemyError as error:
        log.exception("The table %s cannot be used", idempotency_keys.TABLE.name)
        raise Unavailable(
            f"It cannot be known whether the request with this {HEADER} was made before: Airflow's database does not "
            "answer; nothing was changed, try again later"
        ) from error


def _act(
    operation_id: str, handler: Callable[..., Any], arguments: dict[str, Any], key_claim: idempotency_keys.Claim
) -> Any:
    written_answers: list[Any] = []

    def write(answer: Any, session: Session) -> None:
        written_answers[:] = [list(_ANSWERS[operation_id](answer))]
        idempotency_keys.write_answer(key_claim, written_answers[0], session=session)

    request.environ[_CLAIM] = key_claim
    try:
        with written_beside(write):
            answer = handler(**arguments)
    except ManagedDagsError as error:
        # If the outcome is unknown, the repetition goes on from what this try has done.
        _note(idempotency_keys.let_go if isinstance(error, Unavailable) else idempotency_keys.forget, key_claim)
        raise
    except BaseException:
        _note(idempotency_keys.let_go, key_claim)
        raise
    given_answer = list(_in_full(answer))
    if written_answers != [given_answer]:
        _note(lambda key_claim: idempotency_keys.finish(key_claim, given_answer), key_claim)
    return answer


def _note(note: Callable[[idempotency_keys.Claim], None], key_claim: idempotency_keys.Claim) -> None:
    """Call `note` with the claim; if the database fails, log that, since the answer stays the same."""
    try:
        note(key_claim)
    except SQLAlchemyError as error:
        log.warning("What became of a request with an %s cannot be noted: %s", HEADER, error)


def _in_full(answer: Any) -> Answer:
    """Return body, status and headers of a handler's answer, which may have the body only, or no headers."""
    if not isinstance(answer, tuple):
        return answer, 200, {}
    content, status, *headers = answer
    return content, status, headers[0] if headers else {}
