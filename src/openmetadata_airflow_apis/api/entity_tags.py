"""ETag, If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1): a deployment's tag is its revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from openmetadata_airflow_apis.deploy.preconditions import ANY, Precondition
from openmetadata_airflow_apis.errors import InvalidArgument

if TYPE_CHECKING:
    from werkzeug.datastructures import ETags


def header_of(revision: str) -> dict[str, str]:
    """Return the header that an answer about what is deployed has."""
    return {"ETag": f'"{revision}"'}


def precondition() -> Precondition:
    """Return what the request's headers ask of what is deployed. Raises InvalidArgument for one without a tag.

    A weak tag is never equal in If-Match, where tags are compared strongly, and may be in If-None-Match.
    """
    return Precondition(
        one_of=_revisions("If-Match", request.if_match, weak=False),
        none_of=_revisions("If-None-Match", request.if_none_match, weak=True),
    )


def _revisions(name: str, tags: ETags, *, weak: bool) -> frozenset[str] | None:
    if name not in request.headers:
        return None
    if tags.star_tag:
        return frozenset({ANY})
    all_tags = tags.as_set(include_weak=True)
    if not all_tags:
        raise InvalidArgument(name, 'has no entity tag; give the ETag of an answer, such as "2cf24d…", or *')
    # A "*" in quotes is a tag, which no revision has.
    return frozenset((all_tags if weak else tags.as_set()) - {ANY})
