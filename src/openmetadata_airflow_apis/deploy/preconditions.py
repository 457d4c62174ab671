"""What must be deployed before a change is made, so that two callers do not overwrite each other's change unseen.

If-Match and If-None-Match name the revisions; replacing what is deployed needs `force`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.errors import PreconditionFailed

if TYPE_CHECKING:
    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.definition import Workflow

ANY = "*"


@dataclass(frozen=True)
class Precondition:
    """The revisions that must or must not be deployed when a change is made.

    one_of: one of these must be deployed. none_of: none of these may be. ANY among them stands for every revision;
    None sets no condition.
    """

    one_of: frozenset[str] | None = None
    none_of: frozenset[str] | None = None

    def check(self, dag_id: str, deployed: str | None) -> None:
        """Raise PreconditionFailed if this does not hold. deployed: the deployed revision, None if there is none."""
        if self.one_of is not None and not _is_among(deployed, self.one_of):
            raise PreconditionFailed(dag_id, "If-Match", deployed)
        if self.none_of is not None and _is_among(deployed, self.none_of):
            raise PreconditionFailed(dag_id, "If-None-Match", deployed)


WHATEVER = Precondition()


def lacks_force(workflow: Workflow, deployed: StoredDocument | None) -> bool:
    """Say whether something is deployed under the workflow's name and the workflow has no `force: true` to replace it.

    Then a deploy raises DagExists, and a bundle can't take the DAG in. A bundle replaces its own DAGs without force.
    """
    return deployed is not None and not workflow.force


def _is_among(deployed: str | None, revisions: frozenset[str]) -> bool:
    return deployed is not None and (ANY in revisions or deployed in revisions)
