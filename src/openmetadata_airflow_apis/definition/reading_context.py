"""What all readers of one definition know, and where they note what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Callable, Final, Literal, Protocol, Union

from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from datetime import datetime

    from openmetadata_airflow_apis.definition.canonical import Value
    from openmetadata_airflow_apis.definition.places import Origin, PlainPath

    # What a reader returns: a value of the canonical definition, or ABSENT with its faults noted.
    Read = Union[Value, "Literal[Absent.ABSENT]"]
    # Takes, at a path, the output of the task that a name means. Returns its task_id, or None after noting a fault at
    # the path that ends with the advice.
    TakeOutput = Callable[[str, PlainPath, str], "str | None"]


class Absent(Enum):
    """Stands for a value that was at fault; its key is left out of the definition."""

    ABSENT = "absent"


ABSENT: Final[Literal[Absent.ABSENT]] = Absent.ABSENT


class DatasetNames(Protocol):
    """Looks up datasets by their names in files below dag_managed_operators, as datasets.DatasetFiles does."""

    def uris(self, file: str) -> Mapping[str, str]:
        """Return the URI of each name in a file; raise ValueError, saying what is wrong with the file and where."""


@dataclass(frozen=True)
class Context:
    """What all readers of one definition know. Only the list of faults changes: it grows.

    now: what relative dates count from. allowed_packages: what dotted paths may name beside Airflow itself.
    zone: the time zone of dates without an offset, None for Airflow's default.
    take_output: None where no output of a task can stand. refused_outputs: the names of the tasks whose outputs are
    faults there, None if each task's are. dataset_files: where datasets are looked up by their names.
    every_dag_needs_a_start: whether a DAG without a schedule needs a start date too.
    skipped_paths: the paths at or below which the schema has found a fault already; what stands there is not read.
    """

    origin: Origin
    now: datetime
    dataset_files: DatasetNames
    allowed_packages: tuple[str, ...] = ()
    zone: str | None = None
    take_output: TakeOutput | None = None
    refused_outputs: Container[str] | None = ()
    every_dag_needs_a_start: bool = False
    skipped_paths: frozenset[PlainPath] = frozenset()
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: PlainPath, detail: str) -> Literal[Absent.ABSENT]:
        """Note a fault at a path of the plain definition, or at its nearest ancestor that was sent."""
        self.faults.append(Fault(self.origin.nearest(path), detail))
        return ABSENT
