"""The settings that the API was registered with, which are kept on Airflow's web application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from flask import Flask

    from openmetadata_airflow_apis.settings import Settings

# Where Flask's application keeps what the API has of it.
EXTENSION = "openmetadata_airflow_apis"


@dataclass(frozen=True)
class Extension:
    """What the API keeps on the application, under app.extensions[EXTENSION]."""

    settings: Settings


def keep_settings(app: Flask, settings: Settings) -> None:
    """Keep the settings for the application's requests."""
    app.extensions[EXTENSION] = Extension(settings=settings)


def settings() -> Settings:
    """Return the settings that the API was registered with."""
    extension: Extension = current_app.extensions[EXTENSION]
    return extension.settings
