"""What a webserver does once, at its start: it reads the settings, makes our tables, and registers the API.

It does not start with a setting that cannot be used. It also records and prunes versions.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.utils.session import create_session
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis.airflow_versions import forked_processes, webserver
from openmetadata_airflow_apis.api.blueprint import OURS, answer_unrouted, make_blueprint
from openmetadata_airflow_apis.api.current_settings import keep_settings
from openmetadata_airflow_apis.deploy.new_versions import prune, record_missing, unrecorded
from openmetadata_airflow_apis.errors import ManagedDagsError
from openmetadata_airflow_apis.own_tables import check_tables
from openmetadata_airflow_apis.security import login_limits, own_permissions, revocation
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import idempotency_keys, open_store, version_rows

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)


def register_api(app: Flask) -> None:
    """Register the API with Airflow's web application; raise ConfigurationError if a setting is wrong."""
    settings = Settings.load()
    open_store(settings).check_configuration()
    keep_settings(app, settings)
    make_sign_ins_ready(app)
    make_versions_ready(settings)
    blueprint = make_blueprint(validate_responses=bool(app.config.get("TESTING")))
    app.register_blueprint(blueprint)
    # The gate checks the CSRF token itself, only for browser sessions; Flask-WTF would require it from API tokens too.
    if "csrf" in app.extensions:
        app.extensions["csrf"].exempt(blueprint)
    forked_processes.connect_anew_in_forked_processes()
    webserver.answer_in_json_below(OURS)  # no page is rendered for what answer_unrouted replaces
    app.after_request(answer_unrouted)


def make_sign_ins_ready(app: Flask) -> None:
    """Create the tables of sign-ins and our own permissions, if they are missing, before the first request."""
    revocation.create_table()
    login_limits.create_table()
    own_permissions.create_permissions(app)


def make_versions_ready(settings: Settings) -> None:
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
