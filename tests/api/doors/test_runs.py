"""Runs and task instances at both doors: whole bodies, of what goes well and of every refusal."""

from __future__ import annotations

import re

import pytest

from openmetadata_airflow_apis.runs import processes_after_stop
from support import dag_runs

RUN = {"dag_id": "doors", "run_id": "manual__1"}
RUN_PATH = "/dags/doors/dagRuns/manual__1"
START = "2026-01-02T00:00:00.000000Z"


def problem(status: int, title: str, name: str, detail: str, **more):
    kind = f"/rest_api/api/problems/{name}"
    return status, {"type": kind, "title": title, "status": status, "detail": detail, **more}


def without_times(body: dict) -> dict:
    return {key: value for key, value in body.items() if not re.search("_date$|_at$|_when$|interval", key)}


@pytest.fixture
def run(dag, session):
    """A run of `doors`: first succeeded, second failed, third was not reached."""
    dag_runs.new_run(
        dag, session, {"first": "success", "second": "failed", "third": "upstream_failed"}, run_state="failed"
    )


@pytest.fixture
def running(dag, session):
    """A run of `doors`: first succeeded, second waits in the queue, third is not scheduled."""
    dag_runs.new_run(dag, session, {"first": "success", "second": "queued", "third": None})


class TestDagState:
    """dag_state."""

    def test_the_old_door_answers_in_the_older_plugins_words(self, old_door, run, session):
        """State, camelCase dates with an offset of +0000, and status success."""
        row = dag_runs.run_row("doors", session)
        assert old_door("dag_state", **RUN) == (
            200,
            {
                "state": "failed",
                "startDate": row.start_date.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
                "endDate": row.end_date.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
                "status": "success",
            },
        )

    def test_the_typed_door_answers_in_airflows_words(self, typed_door, run):
        """Everything about the run, dates in RFC 3339."""
        status, body = typed_door("GET", RUN_PATH)
        assert (status, without_times(body)) == (
            200,
            {**RUN, "state": "failed", "run_type": "manual", "external_trigger": True, "conf": {}, "note": None},
        )
        assert body["logical_date"] == START

    def test_a_plus_that_was_not_encoded_is_understood(self, call, dag, session):
        """A run_id with an offset finds its run although curl sent its + as a space."""
        dag_runs.new_run(dag, session, run_id="manual__2026-01-02T00:00:00+00:00")
        answer = call("GET", "/rest_api/api?api=dag_state&dag_id=doors&run_id=manual__2026-01-02T00:00:00+00:00")
        assert (answer.status_code, answer.json["state"]) == (200, "running")

    def test_arguments_come_from_query_form_or_json(self, old_door, run):
        """The three places are equal, and the operation's name is read without case and blanks."""
        expected = old_door("dag_state", **RUN)
        assert expected[0] == 200
        assert old_door("dag_state", method="POST", form=RUN) == expected
        assert old_door("dag_state", method="POST", json=RUN) == expected
        assert old_door("dag_state", method="POST", json={"run_id": "manual__1"}, dag_id="doors") == expected
        assert old_door(" DAG_State ", **RUN) == expected
        assert old_door("dag_state", path="/admin/rest_api/api", **RUN) == expected


class TestTaskInstanceDetail:
    """task_instance_detail."""

    def test_the_old_door_prints_numbers_as_strings(self, old_door, run, session):
        """Numbers are strings, null where unset or zero."""
        row = dag_runs.task_instance_rows("doors", session)["second", -1]
        assert old_door("task_instance_detail", **RUN, task_id="second") == (
            200,
            {
                "taskId": "second",
                "dagId": "doors",
                "state": "failed",
                "tryNumber": "1",
                "maxTries": None,
                "startDate": row["start_date"].strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
                "endDate": row["end_date"].strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
                "duration": "30.0",
                "status": "success",
            },
        )

    def test_the_typed_door_answers_in_airflows_words(self, typed_door, run):
        """Integers are integers; map_index -1 is a task that is not mapped."""
        status, body = typed_door("GET", f"{RUN_PATH}/taskInstances/second?map_index=-1")
        assert (status, without_times(body)) == (
            200,
            {
                **RUN,
                "task_id": "second",
                "map_index": -1,
                "count": 1,
                "state": "failed",
                "duration": 30.0,
                "try_number": 1,
                "max_tries": 0,
                "hostname": None,
                "pid": None,
                "operator": "EmptyOperator",
                "pool": "default_pool",
                "queue": "default",
            },
        )

    def test_a_map_index_that_is_no_number_is_refused(self, typed_door, run):
        """The parameter, its value and its type are named."""
        assert typed_door("GET", f"{RUN_PATH}/taskInstances/second?map_index=one") == problem(
            400, "Bad Request", "invalid-argument", "The argument 'map_index' is 'one'; give a whole number"
        )


class TestRestart:
    """restart_failed_task."""

    def test_the_old_door_counts(self, old_door, run, session):
        """Failed ones, and all that were cleared."""
        assert old_door("restart_failed_task", **RUN) == (
            200,
            {"failed_task_count": 1, "clear_task_count": 2, "status": "success"},
        )
        assert dag_runs.states("doors", session) == {"first": "success", "second": None, "third": None}

    def test_the_typed_door_lists(self, typed_door, run):
        """Each task instance cleared, with its state before."""
        status, body = typed_door("POST", f"{RUN_PATH}/restart")
        touched = [(item["task_id"], item["state_before"], item["state_after"]) for item in body["task_instances"]]
        assert (status, touched) == (200, [("second", "failed", None), ("third", "upstream_failed", None)])
        assert (body["failed_task_count"], body["clear_task_count"], body["dry_run"]) == (1, 2, False)

    def test_a_dry_run_changes_nothing(self, typed_door, run, session):
        """The same answer, and every state as it was."""
        status, body = typed_door("POST", f"{RUN_PATH}/restart?dry_run=true")
        assert (status, body["clear_task_count"], body["dry_run"]) == (200, 2, True)
        assert dag_runs.states("doors", session) == {
            "first": "success",
            "second": "failed",
            "third": "upstream_failed",
        }

    def test_chosen_tasks_are_restarted(self, old_door, typed_door, run, session):
        """From a task that has succeeded on, and alone: at both doors, in the body of each."""
        status, body = typed_door("POST", f"{RUN_PATH}/restart", json={"task_ids": ["first"], "only_failed": False})
        assert (status, body["failed_task_count"], body["clear_task_count"]) == (200, 1, 3)
        dag_runs.put_states("doors", {"first": "success", "second": "failed", "third": "success"}, session)
        chosen = {"task_ids": ["third"], "only_failed": False, "include_downstream": False}
        assert old_door("restart_failed_task", method="POST", json={**RUN, **chosen}) == (
            200,
            {"failed_task_count": 0, "clear_task_count": 1, "status": "success"},
        )
        assert dag_runs.states("doors", session) == {"first": "success", "second": "failed", "third": None}

    def test_a_choice_that_is_not_there(self, old_door, typed_door, run, session):
        """A task is named with the near ones; nothing is restarted."""
        sentence = "The task with task_id: `secnd` was not found in the DAG `doors`; did you mean `second`?"
        assert typed_door("POST", f"{RUN_PATH}/restart", json={"task_ids": ["first", "secnd"]}) == problem(
            404, "Not Found", "task-not-found", sentence
        )
        assert old_door("restart_failed_task", **RUN, task_ids="first,secnd") == (
            404,
            {"error": "dag task of secnd is not found"},
        )
        assert dag_runs.states("doors", session)["second"] == "failed"

    def test_a_choice_in_which_nothing_failed(self, old_door, typed_door, run):
        """It says how to restart it all the same; what has not begun is not restarted."""
        assert typed_door("POST", f"{RUN_PATH}/restart", json={"task_ids": ["first"]}) == problem(
            409,
            "Conflict",
            "nothing-failed",
            "The DagRun `manual__1` of the DAG `doors` has no failed task instances of `first`; "
            "`only_failed: false` restarts them whatever their state",
        )
        assert old_door("restart_failed_task", **RUN, task_ids="first") == (
            404,
            {"error": "dagRun don't have failed tasks"},
        )

    def test_what_has_not_begun(self, old_door, typed_door, running):
        """There is nothing to restart of it, whatever its state."""
        detail = "In the DagRun `manual__1` of the DAG `doors` none of `third` has begun yet"
        body = {"task_ids": ["third"], "only_failed": False}
        assert typed_door("POST", f"{RUN_PATH}/restart", json=body) == problem(
            409, "Conflict", "nothing-to-restart", detail
        )
        assert old_door("restart_failed_task", **RUN, task_ids="third", only_failed="false") == (409, {"error": detail})

    def test_every_fault_of_a_choice_at_once(self, typed_door, run):
        """Each with its pointer."""
        body = {"task_ids": [], "map_index": "one", "only_failed": "no", "tasks": ["first"]}
        status, answer = typed_door("POST", f"{RUN_PATH}/restart", json=body)
        assert (status, [fault["pointer"] for fault in answer["errors"]]) == (
            400,
            ["/map_index", "/only_failed", "/task_ids", "/tasks"],
        )

    def test_a_run_without_failures(self, old_door, typed_door, running):
        """There is nothing to restart."""
        assert old_door("restart_failed_task", **RUN) == (404, {"error": "dagRun don't have failed tasks"})
        assert typed_door("POST", f"{RUN_PATH}/restart") == problem(
            409, "Conflict", "nothing-failed", "The DagRun `manual__1` of the DAG `doors` has no failed task instances"
        )

    def test_a_killed_process_that_stays(self, old_door, typed_door, run, session, monkeypatch):
        """What has been killed is not restarted before its process is gone; both doors name the process."""
        process = {"job_id": dag_runs.new_job(session), "hostname": "worker-1", "pid": 4711}
        dag_runs.put_states("doors", {"second": "failed"}, session, **process)
        monkeypatch.setattr(processes_after_stop, "STOPPING_PATIENCE_SECONDS", 0)
        detail = (
            "The last process of the task `second` (host worker-1, pid 4711) has not ended yet in the DagRun "
            "`manual__1` of the DAG `doors`; nothing was changed, try again in a moment"
        )
        assert old_door("restart_failed_task", **RUN) == (409, {"error": detail})
        assert typed_door("POST", f"{RUN_PATH}/restart") == problem(409, "Conflict", "task-is-stopping", detail)
        assert dag_runs.states("doors", session) == {
            "first": "success",
            "second": "failed",
            "third": "upstream_failed",
        }


class TestKill:
    """kill_running_tasks."""

    def test_the_old_door_fails_what_is_unfinished(self, old_door, running, session):
        """Every unfinished task instance and the run are failed."""
        assert old_door("kill_running_tasks", **RUN) == (200, {"status": "success"})
        assert dag_runs.states("doors", session) == {"first": "success", "second": "failed", "third": "failed"}
        assert dag_runs.run_row("doors", session).state == "failed"

    def test_one_task_alone(self, old_door, running, session):
        """With task_id only that one is failed."""
        assert old_door("kill_running_tasks", **RUN, task_id="second") == (200, {"status": "success"})
        assert dag_runs.states("doors", session) == {"first": "success", "second": "failed", "third": None}

    def test_the_typed_door_lists(self, typed_door, running):
        """Each task instance killed with its state before, and none whose process is still there."""
        status, body = typed_door("POST", f"{RUN_PATH}/kill?wait=1")
        touched = [(item["task_id"], item["state_before"], item["state_after"]) for item in body["task_instances"]]
        assert (status, touched, body["still_running"]) == (
            200,
            [("second", "queued", "failed"), ("third", None, "failed")],
            [],
        )

    def test_nothing_to_kill(self, old_door, typed_door, run):
        """A finished run, or a finished task, has nothing to kill."""
        assert old_door("kill_running_tasks", **RUN) == (404, {"error": "dagRun don't have running tasks"})
        assert old_door("kill_running_tasks", **RUN, task_id="second") == (
            404,
            {"error": "task is not found or state is neither RUNNING nor NONE"},
        )
        assert typed_door("POST", f"{RUN_PATH}/kill") == problem(
            409,
            "Conflict",
            "nothing-running",
            "The DagRun `manual__1` of the DAG `doors` has no unfinished task instances",
        )
        assert typed_door("POST", f"{RUN_PATH}/kill?task_id=second") == problem(
            409, "Conflict", "nothing-running", "The DagRun `manual__1` of the DAG `doors` has no unfinished `second`"
        )


class TestSkip:
    """skip_task_instance."""

    def test_the_old_door(self, old_door, running, session):
        """The task and what Airflow would skip with it are skipped."""
        assert old_door("skip_task_instance", **RUN, task_id="second") == (200, {"status": "success"})
        assert dag_runs.states("doors", session) == {"first": "success", "second": "skipped", "third": "skipped"}

    def test_the_typed_door_lists(self, typed_door, running):
        """Each task instance skipped, with its state before."""
        status, body = typed_door("POST", f"{RUN_PATH}/taskInstances/second/skip")
        touched = [(item["task_id"], item["state_before"], item["state_after"]) for item in body["task_instances"]]
        assert (status, touched, body["still_running"]) == (
            200,
            [("second", "queued", "skipped"), ("third", None, "skipped")],
            [],
        )

    def test_a_task_that_has_succeeded(self, old_door, typed_door, running):
        """What has succeeded is not skipped any more."""
        detail = old_door("skip_task_instance", **RUN, task_id="first")[1]["error"]
        assert old_door("skip_task_instance", **RUN, task_id="first")[0] == 409
        assert typed_door("POST", f"{RUN_PATH}/taskInstances/first/skip") == problem(
            409, "Conflict", "task-not-stoppable", detail
        )


class TestSucceed:
    """succeed_task_instance."""

    def test_the_old_door(self, old_door, run, session):
        """The task has succeeded, and what had not run because of it waits again."""
        assert old_door("succeed_task_instance", **RUN, task_id="second") == (200, {"status": "success"})
        assert dag_runs.states("doors", session) == {"first": "success", "second": "success", "third": None}
        assert dag_runs.run_row("doors", session).state == "queued"

    def test_the_typed_door_lists(self, typed_door, run):
        """Each task instance touched, with its state before and after."""
        none = {"map_index": -1, "job_id": None, "hostname": None, "pid": None}
        assert typed_door("POST", f"{RUN_PATH}/taskInstances/second/succeed") == (
            200,
            {
                **RUN,
                "logical_date": START,
                "state": "queued",
                "task_instances": [
                    {"task_id": "second", "state_before": "failed", "state_after": "success", **none},
                    {"task_id": "third", "state_before": "upstream_failed", "state_after": None, **none},
                ],
                "dry_run": False,
                "still_running": [],
            },
        )

    def test_a_task_that_was_removed(self, old_door, typed_door, run, session):
        """An index that is no more is refused."""
        dag_runs.put_states("doors", {"second": "removed"}, session)
        detail = (
            "The task `second` was removed from the DagRun `manual__1` of the DAG `doors` "
            "and cannot be marked as successful"
        )
        assert old_door("succeed_task_instance", **RUN, task_id="second") == (409, {"error": detail})
        assert typed_door("POST", f"{RUN_PATH}/taskInstances/second/succeed") == problem(
            409, "Conflict", "task-not-stoppable", detail
        )


class TestPartialRun:
    """run_task_instance."""

    def test_the_old_door_takes_a_form(self, old_door, dag, session):
        """The seed's call: tasks split by commas, in a multipart form."""
        status, body = old_door(
            "run_task_instance",
            method="POST",
            form={
                "dag_id": "doors",
                "run_id": "partial_1",
                "tasks": "second,third",
                "conf": '{"a": 1}',
            },
        )
        assert (status, sorted(body)) == (200, ["execution_date", "status"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000", body["execution_date"])
        assert dag_runs.states("doors", session, "partial_1") == {"first": "success", "second": None, "third": None}
        assert dag_runs.run_row("doors", session, "partial_1").conf == {"a": 1}

    def test_the_typed_door_lists(self, typed_door, dag):
        """Every task instance of the new run: those with no state run, the others never."""
        status, body = typed_door("POST", "/dags/doors/dagRuns/partial", json={"task_ids": ["second"], "run_id": "p"})
        touched = [(item["task_id"], item["state_after"]) for item in body["task_instances"]]
        assert (status, touched) == (201, [("first", "success"), ("second", None), ("third", "skipped")])

    def test_a_dry_run_creates_nothing(self, typed_door, dag):
        """The same answer, and no run."""
        body = {"task_ids": ["second"], "run_id": "p"}
        assert typed_door("POST", "/dags/doors/dagRuns/partial?dry_run=true", json=body)[0] == 200
        assert typed_door("GET", "/dags/doors/dagRuns/p")[0] == 404

    def test_an_unknown_task(self, old_door, typed_door, dag):
        """The task is named, and no run is created."""
        form = {"dag_id": "doors", "run_id": "p", "tasks": "second,nope"}
        assert old_door("run_task_instance", method="POST", form=form) == (
            404,
            {"error": "dag task of nope is not found"},
        )
        assert typed_door("POST", "/dags/doors/dagRuns/partial", json={"task_ids": ["nope"]}) == problem(
            404, "Not Found", "task-not-found", "The task with task_id: `nope` was not found in the DAG `doors`"
        )
        assert old_door("dag_state", dag_id="doors", run_id="p") == (404, {"error": "dag run is not found"})

    def test_a_run_id_that_is_taken(self, old_door, typed_door, running):
        """The run that has it stays as it is."""
        form = {**RUN, "tasks": "second"}
        assert old_door("run_task_instance", method="POST", form=form) == (
            404,
            {"error": "run_id manual__1 already exists"},
        )
        body = {"task_ids": ["second"], "run_id": "manual__1"}
        assert typed_door("POST", "/dags/doors/dagRuns/partial", json=body) == problem(
            409,
            "Conflict",
            "dag-run-exists",
            "A DagRun with run_id: `manual__1` of the DAG `doors` already exists; give another run_id, or leave it out",
        )

    def test_a_choice_that_could_never_start(self, old_door, typed_door, session):
        """A task that waits for another's failure has nothing to wait for; the argument is named as it was sent."""
        from airflow.operators.empty import EmptyOperator

        alarm = dag_runs.new_dag("alarm")
        with alarm:
            EmptyOperator(task_id="work") >> EmptyOperator(task_id="tell", trigger_rule="one_failed")
        dag_runs.store(alarm, session)
        form = {"dag_id": "alarm", "run_id": "p", "tasks": "tell"}
        status, body = old_door("run_task_instance", method="POST", form=form)
        assert (status, body["error"].startswith("The argument 'tasks' ")) == (400, True)
        status, body = typed_door("POST", "/dags/alarm/dagRuns/partial", json={"task_ids": ["tell"]})
        assert (status, body["detail"].startswith("The argument 'task_ids' ")) == (400, True)

    def test_a_conf_that_is_no_object(self, old_door, dag):
        """What was given is shown."""
        form = {"dag_id": "doors", "run_id": "p", "tasks": "second", "conf": "[1]"}
        assert old_door("run_task_instance", method="POST", form=form) == (
            400,
            {"error": "The argument 'conf' is [1]; give a JSON object"},
        )


class TestTrigger:
    """trigger_dag."""

    def test_the_old_door(self, old_door, dag, session):
        """A workflow's name and a run_id in JSON."""
        assert old_door("trigger_dag", method="POST", json={"workflow_name": "doors", "run_id": "t1"}) == (
            200,
            {"message": "Workflow [doors] has been triggered as t1", "status": "success"},
        )
        assert dag_runs.run_row("doors", session, "t1").state == "queued"

    def test_the_typed_door(self, typed_door, dag):
        """201 and the run, with its configuration, note and logical date."""
        body = {"run_id": "t2", "conf": {"x": [1]}, "note": "by hand", "logical_date": "2026-02-01T12:00:00+01:00"}
        status, run = typed_door("POST", "/dags/doors/dagRuns", json=body)
        assert (status, without_times(run)) == (
            201,
            {
                "dag_id": "doors",
                "run_id": "t2",
                "state": "queued",
                "run_type": "manual",
                "external_trigger": True,
                "conf": {"x": [1]},
                "note": "by hand",
                "is_paused": False,
                "dry_run": False,
            },
        )
        assert run["logical_date"] == "2026-02-01T11:00:00.000000Z"

    def test_no_body_is_needed(self, typed_door, dag):
        """Airflow makes up the run_id."""
        status, run = typed_door("POST", "/dags/doors/dagRuns")
        assert (status, run["run_id"].startswith("manual__")) == (201, True)

    def test_every_fault_of_a_body_at_once(self, typed_door, dag):
        """Each with its pointer."""
        status, body = typed_door("POST", "/dags/doors/dagRuns", json={"run_id": 1, "config": {}, "conf": []})
        assert (status, body["errors"]) == (
            400,
            [
                {"pointer": "/conf", "detail": "is a list; give a map"},
                {"pointer": "/config", "detail": "unknown key 'config'; did you mean 'conf'?"},
                {"pointer": "/run_id", "detail": "is the number 1; give a text"},
            ],
        )

    def test_a_date_without_an_offset(self, typed_door, dag):
        """Whose midnight is meant must be said."""
        status, body = typed_door("POST", "/dags/doors/dagRuns", json={"logical_date": "2026-02-01T12:00:00"})
        detail = "'2026-02-01T12:00:00' has no offset; write it as 2026-02-01T12:00:00Z or 2026-02-01T12:00:00+01:00"
        assert (status, body["errors"]) == (400, [{"pointer": "/logical_date", "detail": detail}])


ONE_OF_A_RUN = [
    ("dag_state", {}, "GET", ""),
    ("restart_failed_task", {}, "POST", "/restart"),
    ("kill_running_tasks", {}, "POST", "/kill"),
    ("task_instance_detail", {"task_id": "second"}, "GET", "/taskInstances/second"),
    ("skip_task_instance", {"task_id": "second"}, "POST", "/taskInstances/second/skip"),
    ("succeed_task_instance", {"task_id": "second"}, "POST", "/taskInstances/second/succeed"),
]


@pytest.mark.parametrize(("api", "more", "method", "tail"), ONE_OF_A_RUN, ids=lambda value: str(value))
class TestUnknown:
    """What a call names and does not exist."""

    def test_an_unknown_dag(self, old_door, typed_door, database, api, more, method, tail):
        """The DAG is named."""
        assert old_door(api, dag_id="ghost", run_id="r", **more) == (
            400,
            {"error": "The DAG ID 'ghost' does not exist"},
        )
        assert typed_door(method, f"/dags/ghost/dagRuns/r{tail}") == problem(
            404, "Not Found", "dag-not-found", "The DAG with dag_id: `ghost` was not found"
        )

    def test_an_unknown_run(self, old_door, typed_door, run, api, more, method, tail):
        """The run is named."""
        assert old_door(api, dag_id="doors", run_id="ghost", **more) == (404, {"error": "dag run is not found"})
        assert typed_door(method, f"/dags/doors/dagRuns/ghost{tail}") == problem(
            404, "Not Found", "dag-run-not-found", "The DagRun with dag_id: `doors` and run_id: `ghost` was not found"
        )

    def test_missing_arguments(self, old_door, run, api, more, method, tail):
        """All that are missing are named, in one answer."""
        names = ["dag_id", "run_id", *more]
        assert old_door(api) == (400, {"error": f"The argument(s) {names} are required"})
        assert old_door(api, dag_id="doors") == (400, {"error": f"The argument(s) {names[1:]} are required"})


@pytest.mark.parametrize(
    ("api", "method", "tail"),
    [
        ("task_instance_detail", "GET", ""),
        ("skip_task_instance", "POST", "/skip"),
        ("succeed_task_instance", "POST", "/succeed"),
    ],
    ids=["task_instance_detail", "skip_task_instance", "succeed_task_instance"],
)
def test_an_unknown_task(old_door, typed_door, run, api, method, tail):
    """The task is named."""
    assert old_door(api, **RUN, task_id="ghost") == (404, {"error": "dag task is not found"})
    assert typed_door(method, f"{RUN_PATH}/taskInstances/ghost{tail}") == problem(
        404,
        "Not Found",
        "task-not-found",
        "The task with task_id: `ghost` was not found in the DagRun `manual__1` of the DAG `doors`",
    )


def test_an_unknown_dag_is_not_triggered(old_door, typed_door, database):
    """trigger_dag names the DAG."""
    assert old_door("trigger_dag", method="POST", json={"workflow_name": "ghost"}) == (
        400,
        {"error": "The DAG ID 'ghost' does not exist"},
    )
    assert typed_door("POST", "/dags/ghost/dagRuns") == problem(
        404, "Not Found", "dag-not-found", "The DAG with dag_id: `ghost` was not found"
    )


RUN_AND_EDIT = "'can edit on DAG:doors' (or on DAGs) and 'can create on DAG Runs'"
TASKS_AND_EDIT = "'can edit on DAG:doors' (or on DAGs) and 'can edit on DAG Runs' and 'can edit on Task Instances'"
CHANGES = [
    ("restart_failed_task", RUN, f"{RUN_PATH}/restart", None, TASKS_AND_EDIT),
    ("kill_running_tasks", RUN, f"{RUN_PATH}/kill", None, TASKS_AND_EDIT),
    (
        "skip_task_instance",
        {**RUN, "task_id": "second"},
        f"{RUN_PATH}/taskInstances/second/skip",
        None,
        TASKS_AND_EDIT,
    ),
    (
        "succeed_task_instance",
        {**RUN, "task_id": "second"},
        f"{RUN_PATH}/taskInstances/second/succeed",
        None,
        TASKS_AND_EDIT,
    ),
    (
        "run_task_instance",
        {**RUN, "tasks": "second"},
        "/dags/doors/dagRuns/partial",
        {"task_ids": ["second"]},
        RUN_AND_EDIT,
    ),
    ("trigger_dag", {"workflow_name": "doors"}, "/dags/doors/dagRuns", {}, RUN_AND_EDIT),
]


@pytest.mark.parametrize(("api", "query", "path", "body", "permission"), CHANGES, ids=[row[0] for row in CHANGES])
class TestRefused:
    """Who may not change runs."""

    def test_a_viewer_is_told_what_is_missing(self, call, run, session, api, query, path, body, permission):
        """403 names the permissions, and nothing is changed."""
        before = dag_runs.states("doors", session)
        detail = f"{api} needs the permission {permission}"
        answer = call("POST", "/rest_api/api", user="viewer", query_string={"api": api, **query})
        assert (answer.status_code, answer.json) == (403, {"error": detail})
        answer = call("POST", f"/rest_api/api{path}", user="viewer", json=body)
        assert (answer.status_code, answer.json) == problem(403, "Forbidden", "not-allowed", detail)
        assert dag_runs.states("doors", session) == before

    def test_nobody_is_let_in(self, call, run, api, query, path, body, permission):
        """401 at both doors without credentials."""
        missing = "Missing Authorization Header"
        answer = call("POST", "/rest_api/api", user=None, query_string={"api": api, **query})
        assert (answer.status_code, answer.json) == (401, {"msg": missing})
        answer = call("POST", f"/rest_api/api{path}", user=None, json=body)
        cure = "log in at /api/v1/security/login and send 'Authorization: Bearer <access_token>'"
        assert (answer.status_code, answer.json) == problem(
            401, "Unauthorized", "not-signed-in", f"{missing}; {cure}", msg=missing
        )
