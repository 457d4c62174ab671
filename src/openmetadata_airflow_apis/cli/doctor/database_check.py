"""Whether Airflow's database answers and has the tables of this Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem if the database does not answer, or its tables are of another Airflow."""
    from airflow.utils.db import check_migrations
    from airflow.utils.session import create_session
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            session.execute(text("SELECT version_num FROM alembic_version"))
        check_migrations(0)
    except SQLAlchemyError as error:
        reason = str(error).partition("\n")[0]
        yield Finding(PROBLEM, "database", f"cannot be asked ({reason})", "start it, then `airflow db migrate`")
    except TimeoutError:  # check_migrations raises this for tables of another version, even without waiting
        from airflow import __version__

        yield Finding(
            PROBLEM,
            "database",
            f"its tables are another Airflow's than {__version__}",
            "run `airflow db migrate` with the newest Airflow that uses it",
        )
