"""What several checks look at, read once: the section of airflow.cfg, and webserver_config.py."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.settings import Settings

if TYPE_CHECKING:
    from flask import Config


class Installation:
    """This installation, as the process that looks at it sees it. Reading a part of it raises what is wrong there."""

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
        """What webserver_config.py sets. It is Python of the operator's own, and may raise anything."""
        from flask import Flask

        app = Flask("doctor")
        with app.app_context():
            app.config.from_pyfile(self.webserver_config_path, silent=True)
        return app.config
