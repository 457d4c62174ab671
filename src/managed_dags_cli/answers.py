"""What an answer means: the operation's own, a refusal, no login, or nobody who speaks this API; and if it is lost.

Sent again after a lost answer are GET, PATCH, PUT, and requests with an Idempotency-Key. All others, such as a delete,
may have been carried out, and the caller is told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from managed_dags_cli.errors import NotReachable, NotSignedIn, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.connection import Answer
    from managed_dags_cli.operations import Operation

_REPEATABLE = frozenset({"GET", "PATCH", "PUT"})
# Where this API says why it refuses; the JSON of others, such as gateways, has other keys.
_REASONS = frozenset({"detail", "title", "msg", "error"})


def is_repeatable(called_operation: Operation, request_headers: Mapping[str, str]) -> bool:
    """Tell whether a request may be sent again after its answer was lost."""
    return called_operation.method in _REPEATABLE or "Idempotency-Key" in request_headers


def accepted(answer: Answer, url: str, called_operation: Operation, *, repeatable: bool) -> Answer:
    """Return the answer of an operation; raise Refused, NotSignedIn or NotReachable for any other.

    url: the server's. repeatable: whether the request may be sent again.
    """
    if answer.status < 300 and isinstance(answer.document, dict) and called_operation.is_answer(answer.document):
        return answer
    if not is_refusal(answer):
        raise from_elsewhere(answer, url, repeatable=repeatable)
    problem = answer.document
    if answer.status == 401:
        reason = problem.get("detail") or problem.get("msg")
        raise NotSignedIn(f"{url}: {reason}; `managed-dags login {url}`, or give another token")
    raise Refused({"status": answer.status, **problem})


def is_refusal(answer: Answer) -> bool:
    """Tell whether this API says no, and why; a proxy, or another API, says it otherwise."""
    problem = answer.document
    return answer.status >= 400 and isinstance(problem, dict) and not problem.keys().isdisjoint(_REASONS)


def from_elsewhere(answer: Answer, url: str, *, repeatable: bool = True) -> NotReachable:
    """Return the error for an answer that is none of this API's: it says what answers there, and what to do."""
    if 300 <= answer.status < 400 and answer.headers.get("Location"):
        return NotReachable(f"{url} leads to {answer.headers['Location']}; give the URL that answers itself")
    if not isinstance(answer.document, dict) and answer.status in {502, 503, 504}:
        advice = "try again" if repeatable else "whether it was done is not known: look before you try again"
        return NotReachable(f"{url} answers HTTP {answer.status}: a proxy there does not reach the webserver; {advice}")
    kind = answer.headers.get("Content-Type", "nothing").partition(";")[0]
    return NotReachable(
        f"{url} answers HTTP {answer.status} with {kind}, as no webserver with openmetadata-airflow-apis does; "
        "check the URL, and on that machine `openmetadata-airflow-apis doctor`"
    )
