"""What must be deployed for a change to be made, so that two callers do not undo each other's change unseen.

It is compared with If-Match and If-None-Match; and a deploy over something needs `force`.
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
    """What a change asks of what is deployed under the name when it gets its turn.

    one_of: the revisions of which one must be deployed; none_of: those of which none may be. ANY among them stands for
    every revision. None asks nothing.
    """

    one_of: frozenset[str] | None = None
    none_of: frozenset[str] | None = None

    def check(self, dag_id: str, deployed: str | None) -> None:
        """Raise PreconditionFailed if this is not so. deployed: the revision that is deployed, None if nothing is."""
        if self.one_of is not None and not _is_among(deployed, self.one_of):
            raise PreconditionFailed(dag_id, "If-Match", deployed)
        if self.none_of is not None and _is_among(deployed, self.none_of):
            raise PreconditionFailed(dag_id, "If-None-Match", deployed)


WHATEVER = Precondition()


def lacks_force(workflow: Workflow, deployed: StoredDocument | None) -> bool:
    """Say whether something is deployed under a workflow's name that it does not say to replace, by `force: true`.

    A deploy is refused then (DagExists), and so is taking such a DAG into a bundle. What a bundle has already, it
    replaces without force.
    """
    return deployed is not None and not workflow.force


def _is_among(deployed: str | None, revisions: frozenset[str]) -> bool:
    return deployed is not None and (ANY in revisions or deployed in revisions)
