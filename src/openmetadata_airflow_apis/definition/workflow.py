"""What reading a document gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.places import WORKFLOW_KEYS, CanonicalPlace, Pointer, join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.definition.dag_keys import DagRead
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import Origin, Part, PlainPath
    from openmetadata_airflow_apis.errors import Fault


@dataclass(frozen=True)
class Workflow:
    """A workflow without a fault.

    force: whether a workflow of this name that is deployed already may be replaced.
    is_paused: the DAG's state after the deployment; None leaves it as it is.
    source: the workflow as it was sent.
    checked_dag: the Airflow DAG that a check has built of the definition, None if it is still to be built.
    """

    dag_id: str
    force: bool
    is_paused: bool | None
    definition: Definition
    source: SentObject
    checked_dag: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Reading:
    """The result of reading a document: a workflow, or the faults and as much as could be read.

    workflow: None if there are faults.
    faults: each once, in the document's order.
    definition: the canonical definition; what was at fault is left out of it.
    dag: the result of the last step, None if there was no DAG to read. origin: where its parts stand as sent.
    """

    workflow: Workflow | None
    faults: tuple[Fault, ...]
    definition: Definition
    dag: DagRead | None = field(repr=False)
    origin: Origin = field(repr=False)

    @cached_property
    def _paths(self) -> Mapping[CanonicalPlace, PlainPath]:
        return {CanonicalPlace(("dag_id",)): WORKFLOW_KEYS / "name", **(self.dag.paths if self.dag else {})}

    def pointer(self, *place: Part) -> Pointer:
        """Return where a part of the canonical definition, or its nearest ancestor, stands in the document."""
        for above in CanonicalPlace(place).lineage():
            path = self._paths.get(above)
            if path is not None:
                return self.origin.nearest_below(path, place[len(above) :])
        return Pointer("")

    def heads_of_task(self, index: int) -> frozenset[Pointer]:
        """Return the pointers to the maps with a task's keys: in the DAG itself, in the default block, or in both."""
        path = self._paths[CanonicalPlace(("tasks", index))]
        return frozenset({self.origin.pointer(path), *self._heads_in_default_block.get(path, ())})

    @cached_property
    def _heads_in_default_block(self) -> Mapping[PlainPath, set[Pointer]]:
        heads: dict[PlainPath, set[Pointer]] = {}
        for path, pointer in self.origin.starts.items():
            keys = join(path[2:])
            if path[:1] == ("tasks",) and keys and pointer.endswith(keys):
                heads.setdefault(path.top(2), set()).add(Pointer(pointer[: -len(keys)]))
        return heads

    def at_fault(self, *place: Part) -> bool:
        """Tell whether a fault stands at that place of the canonical definition, or below it."""
        pointer = self.pointer(*place)
        return any(fault.pointer == pointer or fault.pointer.startswith(pointer + "/") for fault in self.faults)
