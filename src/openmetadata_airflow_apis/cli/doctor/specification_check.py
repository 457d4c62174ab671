"""Whether the installed openapi.yaml is whole; an edited or cut one stops the webserver or misleads clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding
from openmetadata_airflow_apis.resources import specification_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem for each fault of the document."""
    for fault in faults():
        yield Finding(PROBLEM, "specification", fault, "reinstall openmetadata-airflow-apis")


def faults() -> Iterator[str]:
    """Yield what is wrong with the document; without the extra `spec`, only whether it is there and is YAML."""
    import yaml

    try:
        with specification_path().open(encoding="utf-8") as stream:
            document = yaml.safe_load(stream)
    except (OSError, yaml.YAMLError) as error:
        yield str(error)
        return
    try:
        from openapi_spec_validator import OpenAPIV30SpecValidator
    except ImportError:
        return
    for fault in OpenAPIV30SpecValidator(document).iter_errors():
        yield f"/{'/'.join(map(str, fault.absolute_path))}: {fault.message.splitlines()[0]}"
