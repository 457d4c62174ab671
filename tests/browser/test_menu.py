"""The way from Airflow's home to the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("user", ["viewer", "admin"])
def test_the_deployed_workflows_are_below_browse(airflow_live, sign_in, user):
    """From Airflow's home, "Deployed workflows" below Browse opens the list."""
    page = sign_in(airflow_live.url, user)
    page.goto(f"{airflow_live.url}/home")
    page.get_by_text("Browse").hover()
    page.get_by_role("link", name="Deployed workflows").click()
    expect(page.get_by_role("heading", name="Deployed DAGs")).to_be_visible()


def test_the_operations_are_below_admin(airflow_live, sign_in):
    """An Admin finds the operations with their forms as "REST API" below Admin, where the older plugin had them."""
    page = sign_in(airflow_live.url, "admin")
    page.goto(f"{airflow_live.url}/home")
    page.get_by_text("Admin", exact=True).hover()
    page.get_by_role("link", name="REST API", exact=True).click()
    expect(page.locator("#operation-deploy_dag")).to_be_visible()


def test_the_menu_covers_nothing_where_it_takes_two_lines(page):
    """In a window in which Airflow's menu needs two lines, the page begins below it."""
    page.set_viewport_size({"width": 1000, "height": 800})
    page.get_by_role("heading", name="Deployed workflows").click(trial=True)  # what is covered can't be clicked
