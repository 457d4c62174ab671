"""What the readers of one definition share: where things stand in the document, and what is wrong so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.definition.workflow import existing, split
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path as FilePath

    from openmetadata_airflow_apis.definition.workflow import Origin, Path


class Absent:
    """Stands for a value that was at fault: whoever meets it leaves the key out."""


ABSENT = Absent()


@dataclass
class Context:
    """The reading of one definition, under way.

    zone: the DAG's `timezone`, once it is read.
    output_of: the full id of the task that a `+task_id` names; None where there are no tasks to name.
    skip: the paths at which, or below which, the schema found a fault already, and all of their ancestors.
    """

    document: object
    origin: Origin
    now: datetime
    allowed_packages: tuple[str, ...] = ()
    managed_operators: FilePath | None = None
    zone: str | None = None
    output_of: Callable[[str, Path], str | None] | None = None
    faults: list[Fault] = field(default_factory=list)
    places: dict[Path, Path] = field(default_factory=dict)
    skip: set[Path] = field(default_factory=set)
    outputs_used: list[str] = field(default_factory=list)

    def fault(self, path: Path, detail: str) -> Absent:
        """Note a fault at a path of the plain definition, or at its nearest ancestor that was sent."""
        self.faults.append(Fault(existing(self.document, "", split(self.origin.pointer(path))), detail))
        return ABSENT

    def fault_at(self, pointer: str, detail: str) -> None:
        """Note a fault at a place of the document as sent."""
        self.faults.append(Fault(pointer, detail))

    def place(self, canonical: Path, path: Path) -> None:
        """Remember where a part of the canonical definition comes from."""
        self.places[canonical] = path

    def skipped(self, path: Path) -> bool:
        """Tell whether something at the path or below it is at fault already, so that it isn't read."""
        return path in self.skip
