"""Whether the template of deployed DAG files renders files that load their DAG; the webserver refuses others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding
from openmetadata_airflow_apis.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem if the template does not."""
    from openmetadata_airflow_apis.stores import runner_template

    settings = installation.settings
    if settings.definition_store != "files":
        return  # the database store renders no files
    try:
        runner_template.check(settings.runner_template(), settings.dag_generated_configs)
    except ConfigurationError as error:
        detail = error.reason.removeprefix(f"{runner_template.OPTION} ")
        yield Finding(PROBLEM, "dag_runner_template", detail, error.cure)
