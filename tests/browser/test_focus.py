"""The focus of a keyboard or a screen reader stays where it was while the page renews itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.page_steps import TRUE, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "focused"


@pytest.fixture(scope="module")
def run_once(client, airflow_live) -> Iterator[str]:
    """A DAG of one task, with a run of it."""
    headers = {"Content-Type": "application/json"}
    client.post("/rest_api/api/dags", data=workflow(NAME, {"one": TRUE}, force=True), headers=headers)
    client.post(f"/rest_api/api/dags/{NAME}/dagRuns", json={"run_id": "first"}).raise_for_status()
    airflow_live.wait_for(lambda: airflow_live.run_state(NAME, "first") == "success", "the run's success")
    yield NAME
    client.delete(f"/rest_api/api/dags/{NAME}")


def test_the_heading_of_what_unfolds_keeps_the_focus(page, run_once, client):
    """Where the facts of a DAG are renewed, the focus stays on the line that unfolds its definition."""
    go(page, f"#dags/{run_once}")
    definition = page.locator("summary", has_text="Definition as it was sent")
    definition.focus()
    client.patch(f"/rest_api/api/dags/{run_once}", json={"is_paused": True}).raise_for_status()
    expect(page.get_by_role("switch", name=f"{run_once} is on")).not_to_be_checked()
    expect(definition).to_be_focused()
    client.patch(f"/rest_api/api/dags/{run_once}", json={"is_paused": False}).raise_for_status()


def test_a_cell_of_the_grid_keeps_the_focus(page, run_once, client):
    """A run that is started meanwhile gets its column, and the focus stays on the cell that had it."""
    go(page, f"#dags/{run_once}")
    cell = page.get_by_label("one in first: success")
    cell.focus()
    client.post(f"/rest_api/api/dags/{run_once}/dagRuns", json={"run_id": "second"}).raise_for_status()
    expect(page.get_by_label("one in second")).to_be_visible()
    expect(cell).to_be_focused()


def test_a_closed_log_gives_the_focus_back(page, run_once):
    """Who closes a log is at the button again that opened it."""
    go(page, f"#dags/{run_once}/first")
    press(page, "Log one")
    expect(page.get_by_role("heading", name="Log of one, try 1")).to_be_focused()
    press(page, "Close the log")
    expect(page.get_by_role("button", name="Log one", exact=True)).to_be_focused()
