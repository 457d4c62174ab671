"""A deployed DAG whose callable file does not import, at the operations that make or change its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel

from support.parsing import parse_deployed
from support.workflows import python, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SENTENCE = (
    "The DAG `broken` has import errors and cannot be run (task `first`: boom.py, line 1: No module named "
    "'no_such_lib'); mend its file or deploy it anew"
)


@pytest.fixture
def broken(typed_door, callables: Path) -> Iterator[None]:
    """The DAG `broken`, deployed, with a run, and parsed after its callable file was broken."""
    (callables / "boom.py").write_text("def work():\n    pass\n")
    body = request("broken", tasks={"first": python("work", "boom.py")})
    assert typed_door("POST", "/dags", json=body)[0] == 201
    assert typed_door("POST", "/dags/broken/dagRuns", json={"run_id": "before"})[0] == 201
    (callables / "boom.py").write_text("import no_such_lib\n\n\ndef work():\n    pass\n")
    assert "no_such_lib" in parse_deployed("broken")
    yield
    assert typed_door("DELETE", "/dags/broken")[0] == 200


@pytest.fixture
def deactivated(broken: None, session) -> None:
    """The same DAG after a while: Airflow has deactivated it and taken away its serialized form."""
    session.query(DagModel).filter_by(dag_id="broken").update({"is_active": False})
    SerializedDagModel.remove_dag("broken", session=session)
    session.commit()


@pytest.mark.parametrize("state", ["broken", "deactivated"])
def test_a_dag_that_does_not_import_is_a_conflict_whatever_airflow_made_of_it(
    request: pytest.FixtureRequest, typed_door, old_door, state: str
):
    """A run of a DAG whose file does not import is 409 with the sentence, also when Airflow has deactivated the DAG."""
    request.getfixturevalue(state)

    for path, asked in (("dagRuns", {}), ("dagRuns/partial", {"task_ids": ["first"]})):
        status, problem = typed_door("POST", f"/dags/broken/{path}", json=asked)
        assert (status, problem["detail"]) == (409, SENTENCE)
    assert old_door("trigger_dag", method="POST", json={"workflow_name": "broken"}) == (409, {"error": SENTENCE})


def test_what_needs_the_tasks_of_a_deactivated_dag_says_why_it_has_none(deactivated: None, typed_door):
    """Skipping a task in a run of a DAG that Airflow has deactivated is 409 with the import error's sentence."""
    status, problem = typed_door("POST", "/dags/broken/dagRuns/before/taskInstances/first/skip")

    assert (status, problem["detail"]) == (409, SENTENCE)
