"""What several checks read, read once: our section of airflow.cfg, and webserver_config.py."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.settings import Settings

if TYPE_CHECKING:
    from flask import Config


class Installation:
    """This installation, as this process sees it. A property raises what is wrong with its part."""

    @cached_property
    def settings(self) -> Settings:
        """The options of [openmetadata_airflow_apis]. Raises ConfigurationError."""
        return Settings.load()

    @property
    def webserver_config_path(self) -> str:
        """The path of webserver_config.py, which need not exist."""
        from airflow.configuration import conf

        return str(conf.get("webserver", "config_file", fallback=""))

    @cached_property
    def webserver_config(self) -> Config:
        """What webserver_config.py sets. This executes the operator's own Python, which may raise anything."""
        from flask import Flask

        app = Flask("doctor")
        with app.app_context():
            app.config.from_pyfile(self.webserver_config_path, silent=True)
        return app.config
