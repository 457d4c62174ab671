"""ETag, If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1): a deployment's tag is its revision."""

from __future__ import annotations

import re

from flask import request

from openmetadata_airflow_apis.deploy.preconditions import ANY, Precondition
from openmetadata_airflow_apis.errors import InvalidArgument

# A part of the header's list: a tag, weak or not. One without its quotes is a caller's slip, and is taken.
_TAG = re.compile(r'([Ww]/)?(?:"([^"]*)"|([^"\s]+))')
_LIST = re.compile(r'(?:"[^"]*"|[^,])+')  # a comma may be in a tag


def header_of(revision: str) -> dict[str, str]:
    """Return the header that an answer about what is deployed has."""
    return {"ETag": f'"{revision}"'}


def precondition() -> Precondition:
    """Return what the request's headers ask of what is deployed. Raises InvalidArgument for one without a tag.

    A weak tag is never equal in If-Match, where tags are compared strongly, and may be in If-None-Match. Werkzeug's own
    reading is not asked: that of Airflow < 2.11 finds an empty tag between two commas, and a star in any list.
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
    # A "*" among others is a tag, which no revision has.
    return frozenset(tag[2] or tag[3] or "" for tag in tags if weak or not tag[1]) - {ANY}
