"""Reads the date-times of a request: RFC 3339 with an offset, in UTC."""

from __future__ import annotations

from datetime import datetime, timezone

from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.errors import Fault, InvalidArgument, InvalidBody

_BEYOND_THE_CALENDAR = "is in UTC before the year 1 or after the year 9999; give a date between them"


def date_time(text: str | None, pointer: str) -> datetime | None:
    """Return an RFC 3339 date-time of a body, in UTC. Raises InvalidBody if it is none or has no offset."""
    if text is None:
        return None
    try:
        moment = _moment_of(text)
    except ValueError:
        raise InvalidBody([Fault(pointer, f"'{text}' is not a date-time such as 2024-01-31T12:00:00Z")]) from None
    except OverflowError:
        raise InvalidBody([Fault(pointer, f"'{text}' {_BEYOND_THE_CALENDAR}")]) from None
    if moment is None:
        raise InvalidBody([Fault(pointer, f"'{text}' has no offset; write it as {text}Z or {text}+01:00")])
    return moment


def date_times(**texts: str | None) -> dict[str, datetime | None]:
    """Return RFC 3339 date-times of parameters by argument name. Raises InvalidArgument for a text that is none.

    A space counts as a plus: an unencoded plus in a query string arrives as a space.
    """
    return {name: None if text is None else _of_parameter(name, text.replace(" ", "+")) for name, text in texts.items()}


def _of_parameter(name: str, text: str) -> datetime:
    try:
        moment = _moment_of(text)
    except ValueError:
        moment = None
    except OverflowError:
        raise InvalidArgument(name, f"is {quoted(text)}, which {_BEYOND_THE_CALENDAR}") from None
    if moment is None:
        raise InvalidArgument(name, f"is {quoted(text)}; give a date-time such as 2024-01-31T12:00:00Z")
    return moment


def _moment_of(text: str) -> datetime | None:
    """Return an RFC 3339 date-time in UTC, None if it has no offset.

    Raises ValueError if it is not a date-time, OverflowError if it is outside the years 1 to 9999 in UTC.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    return None if moment.tzinfo is None else moment.astimezone(timezone.utc)
