"""The page's entries in Airflow's menu, and who is shown them."""

from __future__ import annotations

from typing import Any

from openmetadata_airflow_apis.security.operation_permissions import MENU_ENTRY

# "Deployed workflows" is shown to whoever has Airflow's own entry "DAGs": all of Airflow's roles, and others that may
# look at DAGs. So nobody has to grant a permission for it.
_DAGS_MENU_ENTRY = "DAGs"


def add_menu_entries(appbuilder: Any) -> None:
    """Add "Deployed workflows" below Browse, and the operations below Admin."""
    appbuilder.add_link(_DAGS_MENU_ENTRY, "ConsoleView.index", label="Deployed workflows", category="Browse")
    appbuilder.add_link(MENU_ENTRY, "ConsoleView.operations", category="Admin")
