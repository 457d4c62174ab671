"""Parameters of paths and queries, checked against the specification in the sentences of everything else here."""

from __future__ import annotations

from typing import Any

from connexion.decorators.validation import ParameterValidator as ConnexionsValidator
from connexion.decorators.validation import TypeValidationError, coerce_type
from jsonschema import Draft7Validator, validators

from openmetadata_airflow_apis.definition import fault_messages
from openmetadata_airflow_apis.errors import InvalidArgument

_Validator: Any = validators.extend(Draft7Validator, validators=fault_messages.keywords())  # type: ignore[no-untyped-call]


class ParameterValidator(ConnexionsValidator):
    """connexion's hook for parameters; connexion's own answers a schema and a value of any length."""

    @staticmethod
    def validate_parameter(
        parameter_type: str,
        value: Any,
        param: dict[str, Any],
        param_name: str | None = None,  # noqa: ARG004 - connexion's signature
    ) -> None:
        """Raise InvalidArgument where the value does not fit the parameter's schema; none at all always fits."""
        if value is None:
            return
        try:
            converted = coerce_type(param, value, parameter_type)
        except TypeValidationError:
            expected = fault_messages.one_of([param["schema"]["type"]])
            raise InvalidArgument(param["name"], f"is {fault_messages.quoted(value)}; give {expected}") from None
        if isinstance(converted, str) and "\0" in converted:
            raise InvalidArgument(param["name"], "has a NUL in it, which no database keeps")
        for error in _Validator(param["schema"]).iter_errors(converted):
            raise InvalidArgument(param["name"], fault_messages.sentence(error))
