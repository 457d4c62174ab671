"""ETag, If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1): a deployment's tag is its revision."""

from __future__ import annotations

import re

from flask import request

from openmetadata_airflow_apis.deploy.preconditions import ANY, Precondition
from openmetadata_airflow_apis.errors import InvalidArgument

# A tag of the header's list, weak or not. One without quotes is accepted too, as a caller's slip.
_TAG = re.compile(r'([Ww]/)?(?:"([^"]*)"|([^"\s]+))')
_LIST = re.compile(r'(?:"[^"]*"|[^,])+')  # a comma may be in a tag


def header_of(revision: str) -> dict[str, str]:
    """Return the ETag header for the answer about a deployment."""
    return {"ETag": f'"{revision}"'}


def precondition() -> Precondition:
    """Return the precondition of the request's headers. Raises InvalidArgument for a header without a tag.

    If-Match compares tags strongly, so a weak tag never matches; in If-None-Match it can. Werkzeug's parser is not
    used: with Airflow < 2.11 it finds an empty tag between two commas, and takes a star in any list.
    """
    return Precondition(
        one_of=_revisions("If-Match", weak=False),
        none_of=_revisions("If-None-Match", weak=True),
    )


def _revisions(name: str, *, weak: bool) -> frozenset[str] | None:
    header = request.headers.get(name)
    if header is None:
        return None
    if header.strip() == "*":
        return frozenset({ANY})
    tags = [tag for part in _LIST.findall(header) if (tag := _TAG.fullmatch(part.strip()))]
    if not tags:
        raise InvalidArgument(name, 'has no entity tag; give the ETag of an answer, such as "2cf24d…", or *')
    # A "*" beside other tags is an ordinary tag, which matches no revision.
    return frozenset(tag[2] or tag[3] or "" for tag in tags if weak or not tag[1]) - {ANY}
