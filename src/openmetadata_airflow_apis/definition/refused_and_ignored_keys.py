"""Keys that openapi.yaml refuses (x-refused), such as a DAG's access_control; keys without effect (x-role: ignored).

One without effect, such as provide_context, is left out: it reaches neither the DAG nor its default_args.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openmetadata_airflow_apis.definition.workflow_schema import Schema


def refused_keys(of_value: Schema) -> Mapping[str, str]:
    """Return the keys that an object's schema refuses, and for each the reason with the cure."""
    return of_value.get("x-refused", {})


def refuse(_: Any, reasons: Mapping[str, str], value: Any, __: Schema) -> Iterator[ValidationError]:
    """Yield a fault for each key that is refused: the validator of the keyword x-refused."""
    if isinstance(value, dict):
        for key in value:
            if key in reasons:
                yield ValidationError(f"'{key}' is not accepted: {reasons[key]}", path=[key])


def is_argument(of_key: Schema) -> bool:
    """Tell whether a key is an argument of Airflow's: it is read elsewhere, or ignored, if it has an x-role."""
    return of_key.get("x-role") is None


def is_ignored(of_key: Schema) -> bool:
    """Tell whether a key has no effect."""
    return of_key.get("x-role") == "ignored"
