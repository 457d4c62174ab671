"""YAML as JSON would have it, with each value's place: tags of dag-factory read, anchors bounded, no key twice."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from openmetadata_airflow_apis.definition.file_encodings import decoded
from openmetadata_airflow_apis.definition.json_limits import pointer_of
from openmetadata_airflow_apis.definition.line_numbers import Place, twice, with_place
from openmetadata_airflow_apis.errors import Fault, InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openmetadata_airflow_apis.definition.json_limits import SentObject, Way

_MARKS = {"!join": "__join__", "!and": "__and__", "!or": "__or__"}
_STANDARD = "tag:yaml.org,2002:"
_PYTHON = f"{_STANDARD}python/"
_MERGE = f"{_STANDARD}merge"
# What a key or a value is to YAML where it has no tag of its own.
_PLAIN_KEYS = {_STANDARD + name for name in ("str", "int", "float", "bool", "null", "timestamp", "value")}
_PLAIN_COLLECTIONS = {f"{_STANDARD}seq", f"{_STANDARD}map"}


class YamlDocument(NamedTuple):
    """A document as JSON would have it. places: a pointer into it → where it stands."""

    value: Any
    places: Mapping[str, Place]


def read_yaml_document(text: str | bytes) -> YamlDocument:
    """Read one document; raise InvalidDefinition, with places, for what is no YAML or can't be said in JSON."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(decoded(text), Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidDefinition([_unreadable(error)]) from None
    if node is None:
        raise InvalidDefinition([Fault("", "is empty")])
    faults: list[Fault] = []
    reader = _YamlReader(loader("").construct_object, faults)
    document = reader.value(node, None, 0)
    places: dict[str, Place] = {pointer_of(way): place for way, place in reader.places}
    if faults:
        raise InvalidDefinition([with_place(fault, places) for fault in faults])
    return YamlDocument(document, places)


def _unreadable(error: Exception) -> Fault:
    """Return what the YAML parser says as one sentence, with the place that it stopped at."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if problem is None or mark is None:
        return Fault("", f"is no YAML: {' '.join(str(error).split())}")
    context_mark = getattr(error, "context_mark", None)
    context = f"{error.context} from line {context_mark.line + 1}, " if context_mark is not None else ""  # type: ignore[attr-defined]
    return Fault("", f"is no YAML: {context}{problem}", *_place_of(mark))


def _place_of(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class _YamlReader:
    """Makes JSON of composed YAML nodes, and remembers the place of each."""

    def __init__(self, scalar: Callable[[Any], Any], faults: list[Fault]) -> None:
        self._scalar = scalar
        self._faults = faults
        self._nodes = 0
        self.places: list[tuple[Way, Place]] = []

    def value(self, node: Any, way: Way, depth: int) -> Any:
        """Return the JSON value of a node. Anchors may multiply nodes, so that their number is limited."""
        self._nodes += 1
        self.places.append((way, _place_of(node.start_mark)))
        if self._nodes > 500_000 or depth > 200:
            if not self._faults:
                self._faults.append(Fault("", "has too many nodes or levels; anchors may have multiplied them"))
            return None
        if node.id == "sequence" and node.tag in _MARKS:
            # dag-factory before 1.0 wrote a mark of the format as a tag.
            mark = _MARKS[node.tag]
            return {mark: self._list(node, (way, mark), depth)}
        if node.tag in _MARKS:
            self._faults.append(Fault(pointer_of(way), f"has the tag '{node.tag}', which stands before a list"))
            return None
        if node.id == "scalar":
            is_known = node.tag.startswith(_STANDARD) and not node.tag.startswith(_PYTHON)
        else:
            is_known = node.tag in _PLAIN_COLLECTIONS
        if not is_known:
            self._unknown_tag(node, way)
            return None
        if node.id == "sequence":
            return self._list(node, way, depth)
        if node.id == "mapping":
            return self._map(node, way, depth)
        return self._scalar_value(node, way)

    def _unknown_tag(self, node: Any, way: Way) -> None:
        tag = node.tag.replace(_STANDARD, "!!")
        self._faults.append(Fault(pointer_of(way), f"has the unknown tag '{tag}'; known are !join, !and and !or"))

    def _list(self, node: Any, way: Way, depth: int) -> list[Any]:
        return [self.value(item, (way, index), depth + 1) for index, item in enumerate(node.value)]

    def _map(self, node: Any, way: Way, depth: int) -> SentObject:
        # The merged keys first: where the map has a key itself, that one's place is the last to be noted.
        merged_keys = self._merged_keys(node, way, depth)
        own_keys: SentObject = {}
        own_places: dict[str, Place] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                continue
            key = key_node.value if key_node.id == "scalar" else None
            if key is None:
                self._faults.append(Fault(pointer_of(way), "has a key that is no text"))
            elif key_node.tag not in _PLAIN_KEYS:
                self._unknown_tag(key_node, (way, key))
            elif key in own_keys:
                self._faults.append(twice(pointer_of((way, key)), _place_of(key_node.start_mark), own_places[key]))
                self.value(value_node, (way, key), depth + 1)  # to note the faults in it
            else:
                own_places[key] = _place_of(key_node.start_mark)
                own_keys[key] = self.value(value_node, (way, key), depth + 1)
                # A fault in a block is shown at its key rather than at the block's first line.
                self.places.append(((way, key), own_places[key]))
        return {**merged_keys, **own_keys}

    def _merged_keys(self, node: Any, way: Way, depth: int) -> SentObject:
        """Return what `<<: *anchor` puts into a map; each key has its place at the anchor, the map keeps its own."""
        merged_keys: SentObject = {}
        for key_node, value_node in node.value:
            if key_node.tag != _MERGE:
                continue
            self.places.append(((way, "<<"), _place_of(key_node.start_mark)))
            for source in value_node.value if value_node.id == "sequence" else [value_node]:
                if source.id != "mapping":
                    self._faults.append(
                        Fault(pointer_of((way, "<<")), "is merged, and is no map; give a map, or a list of maps")
                    )
                    continue
                place_of_source = len(self.places)
                keys = self.value(source, way, depth + 1)
                del self.places[place_of_source]
                if isinstance(keys, dict):
                    merged_keys = {**keys, **merged_keys}
        return merged_keys

    def _scalar_value(self, node: Any, way: Way) -> Any:
        import yaml

        try:
            value = self._scalar(node)
        except (yaml.YAMLError, ValueError) as error:
            self._faults.append(Fault(pointer_of(way), " ".join(str(error).split())))
            return None
        # Dates without quotes are dates to YAML; the format writes them as texts.
        if isinstance(value, (datetime, date)):
            return value.isoformat()
        if isinstance(value, (set, bytes)):
            self._faults.append(Fault(pointer_of(way), "has a YAML type that JSON doesn't know"))
            return None
        return value
