"""Checks the arguments of paths and queries, and those of the old door, against the specification: names and values.

Faults read as those of definitions do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connexion.decorators.validation import ParameterValidator as ConnexionsValidator
from connexion.decorators.validation import TypeValidationError, coerce_type
from flask import request
from jsonschema import Draft7Validator, validators

from openmetadata_airflow_apis.definition import schema_faults
from openmetadata_airflow_apis.definition.fault_messages import one_of, quoted
from openmetadata_airflow_apis.errors import InvalidArgument

if TYPE_CHECKING:
    from openmetadata_airflow_apis.api.operations import Operation

GIVEN_TWICE = "is given more than once, with different values; give it once"

_Validator: Any = validators.extend(Draft7Validator, validators=schema_faults.keywords())  # type: ignore[no-untyped-call]


class ParameterValidator(ConnexionsValidator):
    """connexion's hook for parameters; its own validator would answer with the schema, and a value of any length."""

    @staticmethod
    def validate_parameter(
        parameter_type: str,
        value: Any,
        param: dict[str, Any],
        param_name: str | None = None,  # noqa: ARG004 - connexion's signature
    ) -> None:
        """Raise InvalidArgument if the value does not fit the parameter's schema; a missing value always fits."""
        if value is not None:
            read_argument(param["name"], value, param["schema"], parameter_type)


def check_query(operation: Operation) -> None:
    """Raise InvalidArgument for a query parameter that the operation does not have, or that has several values."""
    query_parameters = operation.query_parameters
    for name, values in request.args.lists():
        if name not in query_parameters:
            if name in operation.body_keys:
                raise InvalidArgument(name, "belongs into the JSON body, not into the query string")
            raise InvalidArgument(name, f"is not known here; known are: {', '.join(query_parameters) or 'none'}")
        if len(set(values)) > 1 and name not in operation.lists:
            raise InvalidArgument(name, GIVEN_TWICE)


def read_argument(name: str, text: str, schema: dict[str, Any], place: str = "query") -> Any:
    """Return an argument of a path or a query as its schema's type. Raises InvalidArgument if it does not fit."""
    try:
        value = coerce_type({"name": name, "schema": schema}, text, place)
    except TypeValidationError:
        expected = one_of([schema["type"]])
        raise InvalidArgument(name, f"is {quoted(text)}; give {expected}") from None
    check_argument(name, value, schema)
    return value


def check_argument(name: str, value: Any, schema: dict[str, Any]) -> None:
    """Raise InvalidArgument if a value does not fit the argument's schema."""
    values = value if isinstance(value, list) else [value]
    if any("\0" in text for text in values if isinstance(text, str)):
        raise InvalidArgument(name, "has a NUL in it, which no database keeps")
    for error in _Validator(schema).iter_errors(value):
        raise InvalidArgument(name, schema_faults.sentence(error))
