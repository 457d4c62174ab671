"""What Airflow loads, in every one of its processes: it must stay light.

Plugins are imported by the scheduler, the DAG processor and each task run as well as by the
webserver. Only the webserver (and command line tools that build its application) registers
blueprints, so that everything that serves HTTP is imported there, by LateBlueprint.register.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin
from flask import Blueprint

from openmetadata_airflow_apis import __version__


class LateBlueprint(Blueprint):
    """A blueprint that builds the API when, and only when, a web application registers it."""

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Register the API and the page with Airflow's web application."""
        super().register(app, options)
        from openmetadata_airflow_apis import console
        from openmetadata_airflow_apis.api.blueprint import register_api

        register_api(app)
        console.register(app)


class OpenMetadataAirflowApisPlugin(AirflowPlugin):
    """The plugin, as `airflow plugins` lists it."""

    name = f"openmetadata_airflow_apis {__version__}"
    flask_blueprints = [LateBlueprint("openmetadata_airflow_apis_loader", __name__)]  # noqa: RUF012 - Airflow's own convention
