"""What a document was read as."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.places import WORKFLOW_KEYS, CanonicalPlace, Pointer, nearest_existing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.definition.dag_keys import DagRead
    from openmetadata_airflow_apis.definition.places import Origin, Part
    from openmetadata_airflow_apis.errors import Fault


@dataclass(frozen=True)
class Workflow:
    """A workflow without a fault.

    force: whether one that is deployed already may be replaced.
    is_paused: the DAG's state after the deployment; None leaves it.
    source: the workflow as it was sent.
    checked_dag: the Airflow DAG that a check has built of the definition, None where it has to be built (again).
    """

    dag_id: str
    force: bool
    is_paused: bool | None
    definition: Definition
    source: dict[str, Any]
    checked_dag: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Reading:
    """What came of reading a document: a workflow, or its faults and as much of it as could be read.

    workflow: None where there are faults.
    faults: each once, in the document's order.
    definition: the canonical definition; what was at fault is left out of it.
    dag: the last step of the reading, None where there was no DAG to read. origin: where its parts stand as sent.
    """

    workflow: Workflow | None
    faults: tuple[Fault, ...]
    definition: Definition
    dag: DagRead | None = field(repr=False)
    origin: Origin = field(repr=False)

    @cached_property
    def places(self) -> Mapping[CanonicalPlace, Pointer]:
        """Where the parts of the canonical definition stand in the document."""
        paths = {CanonicalPlace(("dag_id",)): WORKFLOW_KEYS / "name", **(self.dag.paths if self.dag else {})}
        return {place: self.origin.pointer(path) for place, path in paths.items()}

    def pointer(self, *place: Part) -> Pointer:
        """Return where a part of the canonical definition, or its nearest ancestor, stands in the document."""
        for above in CanonicalPlace(place).lineage():
            pointer = self.places.get(above)
            if pointer is not None:
                return nearest_existing(self.origin.document, pointer, place[len(above) :])
        return Pointer("")

    def at_fault(self, *place: Part) -> bool:
        """Tell whether a fault stands at that place of the canonical definition, or below it."""
        pointer = self.pointer(*place)
        return any(fault.pointer == pointer or fault.pointer.startswith(pointer + "/") for fault in self.faults)
