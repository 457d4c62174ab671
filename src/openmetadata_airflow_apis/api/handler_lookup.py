"""The function that serves an operation, for both doors."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Callable

from openmetadata_airflow_apis.api.replayed_answers import once

if TYPE_CHECKING:
    from openmetadata_airflow_apis.api.operations import Operation


def handler_of(operation: Operation) -> Callable[..., Any]:
    """Return the function of the operationId's name in the controller module; it acts once for each Idempotency-Key."""
    handler: Callable[..., Any] = getattr(importlib.import_module(operation.controller), operation.operation_id)
    if operation.takes_idempotency_key:
        return once(operation.operation_id, handler, reads_body=operation.old_door.whole_body)
    return handler
