"""The page at /rest_api/ for a signed-in browser: the deployed DAGs and their runs, deploying, each operation's form.

page.py serves it, below Airflow's own navigation; static/ is plain JavaScript and CSS that the browser
loads as it lies there. What the page does, it does through the API, as any other caller would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Add the page to Airflow's web application, and its menu entries: below Browse, and the operations below Admin."""
    from openmetadata_airflow_apis.console.page import ConsoleView
    from openmetadata_airflow_apis.security.permissions import DAGS_MENU_ENTRY, MENU_ENTRY

    appbuilder: Any = getattr(app, "appbuilder")  # noqa: B009 - Airflow adds it to Flask's class
    appbuilder.add_view_no_menu(ConsoleView)
    appbuilder.add_link(DAGS_MENU_ENTRY, "ConsoleView.index", label="Deployed workflows", category="Browse")
    appbuilder.add_link(MENU_ENTRY, "ConsoleView.operations", category="Admin")
