"""Whether the options of [openmetadata_airflow_apis] have values that can be used: the webserver refuses others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding
from openmetadata_airflow_apis.errors import ConfigurationError
from openmetadata_airflow_apis.settings import Settings, option_docs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem for each option whose value cannot be used."""
    for name in option_docs():
        try:
            Settings.load_option(name)
        except ConfigurationError as error:
            yield Finding(PROBLEM, "section", str(error), "correct it in airflow.cfg or the environment")
