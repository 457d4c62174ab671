"""Whether [openmetadata_airflow_apis] has options that do not exist, in airflow.cfg or the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding
from openmetadata_airflow_apis.settings import SECTION, option_docs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem for each unknown option."""
    from airflow.configuration import conf

    known_options = option_docs()
    prefix = f"AIRFLOW__{SECTION.upper()}__"
    environment_options = {name[len(prefix) :].lower() for name in os.environ if name.startswith(prefix)}
    file_options = set(conf.options(SECTION)) if conf.has_section(SECTION) else set()
    for name in sorted(environment_options | file_options):
        if name not in known_options:
            yield Finding(
                PROBLEM,
                "section",
                f"[{SECTION}] {name} is not an option",
                f"known are: {', '.join(sorted(known_options))}",
            )
