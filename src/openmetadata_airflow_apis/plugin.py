"""What Airflow loads, in every one of its processes: it must stay light.

Plugins are imported by the scheduler, the DAG processor and each task run as well as by the
webserver. Only the webserver (and command line tools that build its application) registers
blueprints, so that everything that serves HTTP is imported there, by LateBlueprint.register.

What builds DAGs is imported here all the same, in some 4 ms: the DAG processor loads the plugins and then forks a
process for each parse of each file, every one of which would have to import it. A task process would, too.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin
from flask import Blueprint

import openmetadata_airflow_apis.dagbuild
import openmetadata_airflow_apis.settings  # noqa: F401 - for the files with callables
from openmetadata_airflow_apis import __version__


class LateBlueprint(Blueprint):
    """A blueprint that builds the API when, and only when, a web application registers it."""

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Register the API and the page with Airflow's web application."""
        super().register(app, options)
        from openmetadata_airflow_apis.api.webserver_start import register_api
        from openmetadata_airflow_apis.console import page

        register_api(app)
        page.register(app)


class OpenMetadataAirflowApisPlugin(AirflowPlugin):
    """The plugin, as `airflow plugins` lists it."""

    name = f"openmetadata_airflow_apis {__version__}"
    flask_blueprints = [LateBlueprint("openmetadata_airflow_apis_loader", __name__)]  # noqa: RUF012 - Airflow's own convention
