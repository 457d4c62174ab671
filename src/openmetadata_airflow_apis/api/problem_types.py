"""The kinds of problems: each error's HTTP status, its `type` and `title`, what it means and what to do.

The names are part of the contract: callers match on them. docs/errors.md has this table for people.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from werkzeug.http import HTTP_STATUS_CODES

from openmetadata_airflow_apis import conflict_errors, errors


@dataclass(frozen=True)
class ProblemType:
    """A kind of problem. name: the last part of `type`; meaning and remedy: sentences for the caller."""

    name: str
    status: int
    meaning: str
    remedy: str


# The path of the pages that explain them.
PATH = "/rest_api/api/problems"
TITLES = {**HTTP_STATUS_CODES, 413: "Content Too Large", 422: "Unprocessable Content"}
_OPERATOR = "Tell whoever runs this Airflow: `openmetadata-airflow-apis doctor` on the webserver's machine"

BY_ERROR: dict[type[errors.ManagedDagsError], ProblemType] = {
    errors.ConfigurationError: ProblemType(
        "configuration-error",
        503,
        "An option of `[openmetadata_airflow_apis]`, or the installation itself, is wrong.",
        f"{_OPERATOR} names what is wrong and the cure.",
    ),
    errors.InvalidRequest: ProblemType(
        "invalid-request",
        400,
        "Something in the request cannot be acted on.",
        "`detail` says what. Change it and send the request again.",
    ),
    errors.MissingArguments: ProblemType(
        "missing-arguments",
        400,
        "Arguments that the operation needs were not sent.",
        "Send the arguments that `detail` names.",
    ),
    errors.InvalidArgument: ProblemType(
        "invalid-argument",
        400,
        "An argument cannot be used: its value is not of the right form, or the operation does not have it.",
        "`detail` names the argument and what would be right. Nothing was changed.",
    ),
    errors.IdempotencyKeyReused: ProblemType(
        "idempotency-key-reused",
        422,
        "The `Idempotency-Key` was sent with another request within the last 24 hours. Nothing was changed.",
        "Give each request a key of its own, such as a UUID, and repeat it word for word.",
    ),
    errors.OperationNotNamed: ProblemType(
        "operation-not-named",
        400,
        "A call at `?api=` does not say which operation is meant.",
        "Add `api=OPERATION`, an operation's name such as `dag_state`.",
    ),
    errors.UnknownOperation: ProblemType(
        "unknown-operation",
        400,
        "The old door, `?api=`, has no operation of that name.",
        "`detail` says where the operation is, if it has a path of its own; `/rest_api/api/openapi.json` has all.",
    ),
    errors.InvalidBody: ProblemType(
        "invalid-body",
        400,
        "The JSON body does not fit the operation's schema.",
        "`errors` has every fault with a JSON pointer to its place. Mend them all and send the body again.",
    ),
    errors.InvalidDefinition: ProblemType(
        "invalid-definition",
        400,
        "The workflow definition cannot become a DAG. Nothing was deployed.",
        "`errors` has every fault with a JSON pointer to its place. Mend them all and deploy again; "
        "`dry_run` checks without deploying.",
    ),
    errors.MalformedBody: ProblemType(
        "malformed-body",
        400,
        "The body is not JSON in UTF-8, or is JSON that two readers could understand differently.",
        "`detail` says what is wrong and where. A JSON library's own output is always right.",
    ),
    errors.BodyTooLarge: ProblemType(
        "body-too-large",
        413,
        "The body is larger than this webserver reads.",
        "Send less; or an operator raises `[openmetadata_airflow_apis] max_body_bytes` and "
        "`[webserver] allowed_payload_size`.",
    ),
    errors.UnsupportedMediaType: ProblemType(
        "unsupported-media-type",
        415,
        "The body came under a content type that the operation does not read. Nothing of it was used.",
        "Send JSON with the header `Content-Type: application/json`; curl sends another unless told.",
    ),
    errors.NotFound: ProblemType(
        "not-found",
        404,
        "What the request names does not exist, or the caller may not see it.",
        "Compare the path with `/rest_api/api/openapi.json`.",
    ),
    errors.DagNotFound: ProblemType(
        "dag-not-found",
        404,
        "There is no DAG of that dag_id, or it was not deployed here where only such a one will do.",
        "Compare the dag_id with what `list_dags` answers. Upper and lower case count.",
    ),
    errors.DagVersionNotFound: ProblemType(
        "dag-version-not-found",
        404,
        "The DAG has no version of that number: there never was one, or it is no longer kept.",
        "Compare the number with what `list_dag_versions` answers. `[openmetadata_airflow_apis] keep_versions` and "
        "`keep_deleted_days` say what is kept.",
    ),
    errors.BundleNotFound: ProblemType(
        "bundle-not-found",
        404,
        "No DAG belongs to a bundle of that name, or none that the caller may read.",
        "Compare the name with what `list_bundles` answers. A bundle is there once `apply_bundle` has deployed a DAG "
        "of it, and gone with its last DAG.",
    ),
    errors.DagRunNotFound: ProblemType(
        "dag-run-not-found",
        404,
        "The DAG has no run of that run_id.",
        "Compare the run_id with what `list_dag_runs` answers. A `+` in a URL must be written `%2B`.",
    ),
    errors.TaskNotFound: ProblemType(
        "task-not-found",
        404,
        "The DAG, or this run of it, has no task of that task_id, or no instance of that map_index.",
        "Compare the task_id with what `list_task_instances` or `get_dag` answers. The id of a task in a group "
        "starts with the group's: `group.task`.",
    ),
    errors.TaskLogNotFound: ProblemType(
        "task-log-not-found",
        404,
        "That try of the task has no log, or its log is nowhere that Airflow looks any more.",
        "`detail` says where it was looked for. Logs that a worker took along with it are kept by "
        "`[logging] remote_logging`.",
    ),
    errors.Conflict: ProblemType(
        "conflict",
        409,
        "The request is understood, but the present state does not allow it. Nothing was changed.",
        "`detail` says what is in the way.",
    ),
    conflict_errors.IdempotencyKeyInUse: ProblemType(
        "idempotency-key-in-use",
        409,
        "The first request with this `Idempotency-Key` is still under way.",
        "Send it again as soon as `Retry-After` says: it is then given the first one's answer.",
    ),
    conflict_errors.BundleConflict: ProblemType(
        "bundle-conflict",
        409,
        "Workflows of the bundle may not become its own: they belong to another bundle, or were deployed without one, "
        "or not here. Nothing was changed.",
        "`errors` has each with a JSON pointer to its place. Send `force: true` for what was deployed without a "
        "bundle; delete what belongs to another one first, or leave it out.",
    ),
    conflict_errors.DagExists: ProblemType(
        "dag-exists",
        409,
        "A workflow of that name is deployed already. It was left as it is.",
        "Send `force: true` to replace it, or deploy under another name.",
    ),
    conflict_errors.DiffersInCase: ProblemType(
        "differs-in-case",
        409,
        "A DAG is deployed whose dag_id is the same but for upper and lower case. Nothing was changed.",
        "Write the dag_id as `detail` has it to mean that DAG, or deploy under another name.",
    ),
    conflict_errors.NotDeployedHere: ProblemType(
        "not-deployed-here",
        409,
        "The DAG, or the file in its place, was not deployed through this API, which leaves it alone.",
        "Change it where it came from, or deploy under another name. `detail` names the file.",
    ),
    conflict_errors.DagIsRunning: ProblemType(
        "dag-is-running",
        409,
        "Tasks of the DAG are running, so that it was not deleted.",
        "Wait for them, or end them with `kill_running_tasks` and its `wait`; then delete.",
    ),
    conflict_errors.DagHasImportErrors: ProblemType(
        "dag-has-import-errors",
        409,
        "The DAG's file does not import, so that no run of it was created.",
        "`get_dag` shows the import error. Mend what it names, or deploy the workflow anew.",
    ),
    conflict_errors.ImportFailed: ProblemType(
        "import-failed",
        409,
        "The DAG processor could not import what was deployed with `on_import_error=restore`, so that it was taken "
        "back.",
        "`import_error` has the error and `detail` says what is deployed now. Mend what the error names and deploy "
        "again.",
    ),
    conflict_errors.ScheduleFails: ProblemType(
        "schedule-fails",
        409,
        "The DAG's schedule, or the code of its timetable, fails when it is asked about the run. Nothing was changed.",
        "Mend the schedule that `detail` names and deploy the workflow again; a timetable of your own in its plugin.",
    ),
    conflict_errors.DagRunExists: ProblemType(
        "dag-run-exists",
        409,
        "The DAG has a run of that run_id or logical date already. No other was created.",
        "Choose another run_id, or leave it out; ask for the state of the run that is there with `dag_state`.",
    ),
    conflict_errors.NothingFailed: ProblemType(
        "nothing-failed",
        409,
        "Neither the run nor any of the chosen runs has failed task instances, so that there is nothing to restart.",
        "Look at the run with `dag_state` and `list_task_instances`; it may be under way again already.",
    ),
    conflict_errors.NothingToRestart: ProblemType(
        "nothing-to-restart",
        409,
        "Nothing of what a restart was to begin with has begun yet, or it is in the DAG no more.",
        "Look at the run with `list_task_instances`; `explain_dag_run` says what it waits for.",
    ),
    conflict_errors.NothingRunning: ProblemType(
        "nothing-running",
        409,
        "The run, the task in it, or each of the chosen runs has nothing unfinished, so that there is nothing to kill.",
        "Look at the run with `dag_state` and `list_task_instances`; it may have ended by itself.",
    ),
    conflict_errors.TooManyRuns: ProblemType(
        "too-many-runs",
        409,
        "More runs fit the choice than may be changed at once. Nothing was changed.",
        "Choose fewer by `logical_date_gte` and `logical_date_lte`, one part after the other; or an operator raises "
        "`[openmetadata_airflow_apis] max_runs_at_once`.",
    ),
    conflict_errors.TaskIsStopping: ProblemType(
        "task-is-stopping",
        409,
        "The last process of a task that was stopped has not ended yet, and would fail a new try.",
        "Try again in some seconds. If it stays, look at the process on the host that `detail` names.",
    ),
    conflict_errors.TaskNotStoppable: ProblemType(
        "task-not-stoppable",
        409,
        "The task instance is in a state that the operation cannot change.",
        "`detail` names the state. What has succeeded cannot be skipped any more.",
    ),
    errors.PreconditionFailed: ProblemType(
        "precondition-failed",
        412,
        "Something else is deployed than `If-Match` or `If-None-Match` asks for: somebody was faster. Nothing was "
        "changed.",
        "Look at what is deployed with `get_dag`, and send the request again with its `ETag`, or not at all.",
    ),
    errors.NotSignedIn: ProblemType(
        "not-signed-in",
        401,
        "No credentials came with the request, or they do not hold. `msg` says which.",
        "Sign in with `login` and send `Authorization: Bearer <access_token>`; renew a token that has expired with "
        "`refresh`.",
    ),
    errors.NotAllowed: ProblemType(
        "not-allowed",
        403,
        "The user is known, but may not do this.",
        "Ask an Airflow Admin for the permission that `detail` names.",
    ),
    errors.LoginUnsupported: ProblemType(
        "login-unsupported",
        400,
        "This Airflow does not sign users in with a password of that provider.",
        "`detail` says how it signs users in.",
    ),
    errors.TooManyTries: ProblemType(
        "too-many-tries",
        429,
        "Too many wrong passwords came from this address, or for this user, in a short time.",
        "Wait for as many seconds as the header `Retry-After` says, then try once.",
    ),
    errors.DamagedDocument: ProblemType(
        "damaged-document",
        409,
        "The stored definition of a deployed DAG was torn or edited by hand, and is not trusted.",
        "`detail` names the file and what to do with it.",
    ),
    errors.DagNotBuilt: ProblemType(
        "dag-not-built",
        400,
        "The definition is well formed, but this Airflow or one of its operators refuses it. Nothing was deployed.",
        "`detail` has the refusal in the words of Airflow or of the operator. Mend what it names and deploy again.",
    ),
    errors.Unavailable: ProblemType(
        "unavailable",
        503,
        "Something that the operation needs, such as Airflow's database, does not answer now.",
        "Try again later. `detail` says what does not answer, and what was done.",
    ),
    errors.OutcomeUnknown: ProblemType(
        "outcome-unknown",
        503,
        "Airflow's database broke off while it took the change, and it can't be told whether it was made.",
        "Look first, at what `detail` names; then try again, or not.",
    ),
    errors.StorageFull: ProblemType(
        "storage-full",
        507,
        "There is no room to write. What was deployed before is as it was.",
        f"{_OPERATOR} names the folder.",
    ),
}

NO_PASSWORD_LOGIN = ProblemType(
    "no-password-login",
    501,
    "Airflow's auth manager has no passwords, so that nobody signs in here with one.",
    "Sign in on Airflow's own page and use that session.",
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed",
    405,
    "The path is there, but not for this HTTP method.",
    "The header `Allow` has the methods that it takes.",
)
INTERNAL_ERROR = ProblemType(
    "internal-error",
    500,
    "The webserver failed, which is no fault of the request.",
    "The webserver's log has the reason, under the time of the answer. Please report it.",
)
HTTP_ERROR = ProblemType(
    "http-error",
    400,
    "The webserver refused the request as HTTP; `title` and `status` say for which of HTTP's reasons.",
    "`detail` says what is wrong with the request.",
)

BY_NAME = {
    problem_type.name: problem_type
    for problem_type in (*BY_ERROR.values(), NO_PASSWORD_LOGIN, METHOD_NOT_ALLOWED, INTERNAL_ERROR, HTTP_ERROR)
}

# For refusals that come with a status, and not as an error of ours.
_BY_STATUS = {
    400: BY_ERROR[errors.InvalidRequest],
    401: BY_ERROR[errors.NotSignedIn],
    403: BY_ERROR[errors.NotAllowed],
    404: BY_ERROR[errors.NotFound],
    405: METHOD_NOT_ALLOWED,
    409: BY_ERROR[errors.Conflict],
    412: BY_ERROR[errors.PreconditionFailed],
    413: BY_ERROR[errors.BodyTooLarge],
    415: BY_ERROR[errors.UnsupportedMediaType],
    500: INTERNAL_ERROR,
    503: BY_ERROR[errors.Unavailable],
}


def of_error(error: errors.ManagedDagsError) -> ProblemType:
    """Return the problem type of an error."""
    if isinstance(error, errors.LoginUnsupported) and error.by_auth_manager:
        return NO_PASSWORD_LOGIN
    return BY_ERROR[type(error)]


def of_status(status: int) -> ProblemType:
    """Return the problem type for a status, if there is no error of ours."""
    return _BY_STATUS.get(status, HTTP_ERROR)


def type_of(problem_type: ProblemType) -> str:
    """Return the `type` of a problem: the path of its page on this webserver, with the webserver's prefix."""
    return f"{request.script_root}{PATH}/{problem_type.name}"
