"""The page at /rest_api/ for a signed-in browser: the operations with forms, the table of deployed DAGs.

page.py serves it, below Airflow's own navigation; static/ is plain JavaScript and CSS that the browser
loads as it lies there. What the page does, it does through the API, as any other caller would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Add the page, and "REST API" in the menu Admin, to Airflow's web application."""
    from openmetadata_airflow_apis.console.page import ConsoleView
    from openmetadata_airflow_apis.security.permissions import MENU_ENTRY

    getattr(app, "appbuilder").add_view(ConsoleView, MENU_ENTRY, category="Admin")  # noqa: B009 - Airflow adds it to Flask's class
