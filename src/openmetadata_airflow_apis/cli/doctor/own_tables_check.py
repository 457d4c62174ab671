"""Whether our tables, which the webserver makes when it starts, exist, and are not of a newer release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for each missing table and index, and for tables of a newer release."""
    from openmetadata_airflow_apis import own_tables
    from openmetadata_airflow_apis.security import login_limits, revocation
    from openmetadata_airflow_apis.stores import idempotency_keys, version_rows

    expected_tables = [
        (revocation.TABLE, "the table of revoked tokens is missing, so that every token is refused"),
        (login_limits.TABLE, "the table of password tries is missing, so that every login is refused"),
        (own_tables.SCHEMA, "the table of our tables' version is missing, so that nothing is deployed"),
        (version_rows.TABLE, "the table of deployed versions is missing, so that nothing is deployed"),
        (idempotency_keys.TABLE, "the table of Idempotency-Keys is missing, so that every request with one is refused"),
    ]
    if _is_database_store(installation):
        from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, IMPORT_ERROR, PARSED_DAG

        expected_tables += [
            (DEPLOYED_DAG, "the table of deployed definitions is missing, so that no DAG is loaded"),
            (IMPORT_ERROR, "the table of DAGs' import errors is missing, so that no DAG is loaded"),
            (PARSED_DAG, "the table of what nodes have parsed is missing, so that no DAG is loaded"),
        ]
    for table, sentence in expected_tables:
        if not own_tables.is_there(table):
            yield Finding(
                PROBLEM, "database", sentence, "restart the webserver; its log says why it cannot make the table"
            )
            continue
        for index in own_tables.missing_indexes(table):
            yield Finding(
                PROBLEM,
                "database",
                f"the index {index.name} of the table {table.name} is missing, so that it is slower with each row",
                "restart the webserver, which makes it; where it cannot, its log says why",
            )
        if table is own_tables.SCHEMA:
            yield from _newer_tables()


def _is_database_store(installation: Installation) -> bool:
    from openmetadata_airflow_apis.errors import ConfigurationError

    try:
        return installation.settings.definition_store == "database"
    except ConfigurationError:
        return False  # the check of the options reports it


def _newer_tables() -> Iterator[Finding]:
    from openmetadata_airflow_apis import own_tables
    from openmetadata_airflow_apis.errors import ConfigurationError

    try:
        own_tables.refuse_newer_tables()
    except ConfigurationError as error:
        yield Finding(PROBLEM, "database", error.reason, error.cure)
