"""Whether [webserver] base_url is a URL without a slash at its end: the API is found below its path."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem if base_url is not such a URL, and a note with the API's URL if it has a path."""
    from airflow.configuration import conf

    url = conf.get("webserver", "base_url", fallback="")
    parts = urlsplit(url)
    subject = "[webserver] base_url"
    if parts.scheme not in ("http", "https") or not parts.netloc:
        yield Finding(
            PROBLEM, subject, f"is '{url}', no URL", "give the URL that users type, such as https://host/airflow"
        )
    elif parts.path.endswith("/"):
        yield Finding(PROBLEM, subject, f"is '{url}', with a slash at its end", "take the slash away")
    elif parts.path:
        yield Finding(NOTE, subject, f"has the path {parts.path}", f"the API is at {url}/rest_api/api")
