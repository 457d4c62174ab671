"""What a person does on the page, and what the browser tests deploy for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

BASH = "airflow.operators.bash.BashOperator"


def workflow(name: str, tasks: dict[str, Any], **flags: Any) -> str:
    """Return a request body that deploys a DAG of those tasks, unpaused, one key a line."""
    default_args = {"owner": "data-team", "start_date": "2024-01-01T00:00:00Z"}
    definition = {"schedule": None, "default_args": default_args, "tasks": tasks}
    flags = {"unpause": True, **flags}
    return json.dumps({"workflow": {"name": name, **flags, "dag_config": {name: definition}}}, indent=2)


SLEEP = {"operator": BASH, "bash_command": "sleep 300"}
TRUE = {"operator": BASH, "bash_command": "true"}


def barriers(page: Page) -> list[Any]:
    """Return what axe-core finds serious on the page, below Airflow's own navigation."""
    found = Axe().run(page, context={"include": [["html"]], "exclude": [["header"], ["footer.footer"]]})
    serious = [item for item in found.response["violations"] if item["impact"] in {"serious", "critical"}]
    return [(item["id"], item["nodes"]) for item in serious]


def go(page: Page, fragment: str) -> None:
    """Follow a link within the page."""
    page.evaluate("fragment => { window.location.hash = fragment; }", fragment)


def fill_definition(page: Page, text: str) -> None:
    """Paste a definition into the view Deploy."""
    page.get_by_label("Deployed workflows").get_by_role("link", name="Deploy", exact=True).click()
    page.get_by_label("Workflow definition").fill(text)


def press(page: Page, name: str) -> None:
    """Press the button of that name."""
    page.get_by_role("button", name=name, exact=True).click()
