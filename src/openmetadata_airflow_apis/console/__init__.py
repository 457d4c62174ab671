"""The page at /rest_api/ for a signed-in browser: the deployed DAGs and their runs, deploying, each operation's form.

What the page does, it does through the API, as any other caller would.

    page.py              serves it below Airflow's navigation: its files, its content security policy, who may do what
    definition_check.py  what the editor is told of a text that somebody is writing: its DAGs, and every fault
    static/              plain JavaScript and CSS, which the browser loads as it lies there
    templates/           the page's HTML, around which Airflow's navigation stands
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
