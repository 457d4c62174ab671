"""Collects what is wrong with a definition, at the places of the document as it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.places import look_up, split
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.definition import Reading
    from openmetadata_airflow_apis.definition.places import CanonicalPlace, Part


class Findings:
    """Faults that were found after the reading, which has its own.

    places: where they are in the canonical definition; the parts at these places can't be built.
    left_to_processor: the tasks, by index, of which only the author's code could show whether they can be built.
    incomplete: the tasks, by index, that can't be built because what their operator requires was read with a fault.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.faults: list[Fault] = []
        self.places: set[CanonicalPlace] = set()
        self.left_to_processor: set[int] = set()
        self.incomplete: set[int] = set()
        self._made_of: dict[CanonicalPlace, CanonicalPlace] = {}

    def add(self, place: CanonicalPlace, detail: str) -> None:
        """Note a fault at a place of the canonical definition."""
        self.places.add(place)
        self.faults.append(Fault(self._reading.pointer(*self._as_read(place)), detail))

    def made_of(self, place: CanonicalPlace, source: CanonicalPlace) -> None:
        """Remember that the value at a place was made, after the reading, of the value at the source."""
        self._made_of[place] = source

    def _as_read(self, place: CanonicalPlace) -> CanonicalPlace:
        above = next((above for above in place.lineage() if above in self._made_of), None)
        return place if above is None else self._made_of[above].below(place[len(above) :])

    def has(self, *place: Part) -> bool:
        """Tell whether a fault was noted at that place or below it."""
        return any(at_fault[: len(place)] == place for at_fault in self.places)

    def is_of_default_block(self, place: CanonicalPlace) -> bool:
        """Tell whether the value at a place comes from the `default` block, which is for every DAG of a file."""
        return self._reading.pointer(*place).startswith("/workflow/dag_config/default/")

    def was_sent(self, place: CanonicalPlace, value: object) -> bool:
        """Tell whether the value at a place was sent just like that, and not made of another value."""
        sent, exists = look_up(self._reading.origin.document, self._reading.pointer(*place))
        return exists and sent == value

    def read_badly(self, task: int, argument: str) -> bool:
        """Tell whether the reading found a fault in the keys that an argument of a task is made from.

        python_callable comes from python_callable_name and python_callable_file, say.
        """
        return any(key.startswith(argument) for key, _ in self._keys_read_badly(task))

    def arguments_read_badly(self, task: int) -> set[str]:
        """Return the arguments, mapped ones included, that a task does give but with a fault that the reading found."""
        return {below if key in ("expand", "partial") else key for key, below in self._keys_read_badly(task)}

    def _keys_read_badly(self, task: int) -> Iterator[tuple[str, str]]:
        """Yield the task's key, and the key below it or "", of each fault that the reading found in a task."""
        if not self._reading.faults:
            return  # without working out where everything stands
        heads = self._reading.heads_of_task(task)
        for fault in self._reading.faults:
            for head in heads:
                if fault.pointer.startswith(head + "/"):
                    key, *below = split(fault.pointer[len(head) :])
                    yield key, below[0] if below else ""
