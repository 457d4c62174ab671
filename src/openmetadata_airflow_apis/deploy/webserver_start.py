"""What a webserver does once at its start: it makes our tables, and records and prunes versions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.utils.session import create_session
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis.deploy.new_versions import prune, record_missing, unrecorded
from openmetadata_airflow_apis.errors import ManagedDagsError
from openmetadata_airflow_apis.own_tables import check_tables
from openmetadata_airflow_apis.stores import idempotency_keys, open_store, version_rows

if TYPE_CHECKING:
    from openmetadata_airflow_apis.settings import Settings

log = logging.getLogger(__name__)


def make_ready_at_start(settings: Settings) -> None:
    """Make our tables, record the missing versions of what is deployed, and delete those that are no longer kept.

    Versions are missing if they were deployed before versions existed, or if a crash kept them from being recorded.
    A failure is logged, not raised: the next deploy tries again and raises it.
    """
    try:
        version_rows.make_tables()
        idempotency_keys.make_table()
        store = open_store(settings)
        store.make_ready()
        with create_session() as session:
            check_tables(version_rows.TABLE, session=session)
            revisions = {dag_id: head.revision for dag_id, head in store.heads().items()}
            record_missing(unrecorded(revisions, session=session), store, session=session)
            prune(settings, session=session)
    except (SQLAlchemyError, ManagedDagsError):
        log.exception("The table %s cannot be made or written in Airflow's database", version_rows.TABLE.name)
