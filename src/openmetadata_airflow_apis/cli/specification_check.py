"""Whether the installed openapi.yaml is whole: an edited or cut one stops the webserver, or misleads its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from openmetadata_airflow_apis.resources import specification_path

if TYPE_CHECKING:
    from collections.abc import Iterator


def faults() -> Iterator[str]:
    """Yield what is wrong with the document; beyond its being there and YAML only with the extra `spec` installed."""
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
