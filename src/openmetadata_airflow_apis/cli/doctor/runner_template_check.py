"""Whether the template of deployed DAG files can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem where it cannot."""
    try:
        installation.settings.runner_template().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield Finding(
            PROBLEM, "dag_runner_template", f"cannot be read ({error})", "correct the option, or leave it out"
        )
