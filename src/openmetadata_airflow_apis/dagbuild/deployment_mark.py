"""The mark that a DAG carries into Airflow's serialized_dag table: which deployment it was built from.

Airflow writes a DAG's two rows, `dag` and `serialized_dag`, at different times, and a parse that began before a deploy
may end after it. So each row has to say which deployment it is of. Of all that Airflow 2.7 to 2.11 serializes with a
DAG, only edge_info is kept as it is, may be text, and is shown nowhere but between the two tasks whose ids are its
keys: no task_id has a `#`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.models.dag import DAG

# Where the mark is in the serialized DAG's JSON.
MARK_PATH = ("dag", "edge_info", "#deployed", "#", "label")


def deployment_mark(revision: str, deployed_at: str | None) -> str:
    """Return the mark of a deployment: its definition's sha256, and when it was deployed, in ISO 8601."""
    return f"{revision} {deployed_at}"


def mark_dag(dag: DAG, mark: str) -> None:
    """Give a DAG its mark, before it is serialized."""
    *_, upstream, downstream, label = MARK_PATH
    dag.edge_info[upstream] = {downstream: {label: mark}}


def __getattr__(name: str) -> Any:
    """Return the class DeployedDag of late_file_rows, so that a DAG that 1.0.0rc1 pickled can be unpickled."""
    if name != "DeployedDag":
        raise AttributeError(name)
    from openmetadata_airflow_apis.dagbuild.late_file_rows import DeployedDag

    return DeployedDag
