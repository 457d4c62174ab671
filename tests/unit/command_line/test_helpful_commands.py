"""What the server recommends, written as commands of the client."""

from __future__ import annotations

import pytest

from managed_dags_cli.helpful_commands import command_for

SKIP = "/rest_api/api/dags/nightly/dagRuns/manual__1/taskInstances/a/skip"
RUN = "/rest_api/api/dags/nightly/dagRuns/manual__1"


def call(operation_id: str, path: str, method: str = "POST", body: object = None) -> dict[str, object]:
    return {"operation_id": operation_id, "method": method, "path": path, "body": body}


@pytest.mark.parametrize(
    ("recommended", "command"),
    [
        (call("skip_task_instance", SKIP), "skip nightly manual__1 a"),
        (
            call("skip_task_instance", f"{SKIP}?map_index=0"),
            "skip nightly manual__1 a --map-index 0",
        ),
        (
            call("skip_task_instance", f"{SKIP}?map_index=3"),
            "skip nightly manual__1 a --map-index 3",
        ),
        (
            call("succeed_task_instance", f"{RUN}/taskInstances/a/succeed?map_index=0"),
            "succeed nightly manual__1 a --map-index 0",
        ),
        (call("task_log", f"{RUN}/taskInstances/a/logs?try_number=0", "GET"), "logs nightly manual__1 a"),
        (
            call("task_log", f"{RUN}/taskInstances/a/logs?try_number=2&map_index=0", "GET"),
            "logs nightly manual__1 a --try 2 --map-index 0",
        ),
        (call("restart_failed_task", f"{RUN}/restart"), "restart nightly manual__1"),
        (call("patch_dag", "/rest_api/api/dags/nightly", "PATCH", {"is_paused": False}), "unpause nightly"),
    ],
)
def test_a_recommended_call_is_a_command(recommended, command) -> None:
    """The command acts on what the call names, the first instance of a mapped task (map_index 0) included."""
    assert command_for(recommended) == f"managed-dags {command}"
