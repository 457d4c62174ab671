"""What tests of doctor share."""

from __future__ import annotations

from openmetadata_airflow_apis.cli import doctor

OPTION = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"


def look(*names: str) -> list[doctor.Finding]:
    """What the checks of these names find, in their order."""
    checks = [check for check in doctor.CHECKS if check.name in names]
    assert len(checks) == len(names)
    return list(doctor.findings(doctor.Installation(), checks))
