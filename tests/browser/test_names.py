"""Names that catalogues make, UUIDs and parts with dots, on the page and in Swagger UI."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

NAMES = ["service.schema.pipeline", "2372c559-0000-4000-8000-c33e471cb05d"]


def workflow(name: str) -> str:
    """Return the body of a request that deploys a DAG of one task."""
    task = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"}
    definition = {"schedule": None, "default_args": {"start_date": "2024-01-01T00:00:00Z"}, "tasks": {"only": task}}
    return json.dumps({"workflow": {"name": name, "unpause": True, "force": True, "dag_config": {name: definition}}})


@pytest.mark.parametrize("name", NAMES)
def test_on_the_page(airflow_live, sign_in, name: str):
    """A person deploys such a DAG, follows its link, runs it to its end, and deletes it."""
    page = sign_in(airflow_live.url, "admin")
    page.get_by_label("Deployed workflows").get_by_role("link", name="Deploy", exact=True).click()
    page.get_by_label("Workflow definition").fill(workflow(name))
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.locator(".notice.good")).to_contain_text(f"Deployed {name} (201")
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("button", name="Trigger", exact=True).click()
    page.locator(".notice.good").get_by_role("link").click()
    expect(page.get_by_role("row", name="only").locator(".state")).to_have_text("success")
    page.evaluate("name => { window.location.hash = '#dags/' + encodeURIComponent(name); }", name)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name=f"Delete {name}", exact=True).click()
    expect(page.locator(".notice.good")).to_have_text(f"Deleted {name}.")


@pytest.mark.parametrize("name", NAMES)
def test_in_swagger_ui(airflow_live, browse, name: str):
    """Swagger UI puts such a name into a path as it is, and the operation finds the DAG."""
    client = airflow_live.client("admin")
    answer = client.post("/rest_api/api/dags", data=workflow(name), headers={"Content-Type": "application/json"})
    assert answer.status_code in {200, 201}, answer.text
    page = browse()
    page.goto(f"{airflow_live.url}/rest_api/api/ui/")
    page.get_by_role("button", name="Authorize", exact=True).click()
    bearer = page.locator(".auth-container", has_text="bearer").first
    bearer.locator("input").fill(client.token)
    bearer.get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux").get_by_role("button", name="Close").last.click()
    operation = page.locator("#operations-dags-get_dag")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("tr[data-param-name=dag_id] input").fill(name)
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(operation.locator(".request-url")).to_contain_text(f"/rest_api/api/dags/{name}")
    assert client.delete(f"/rest_api/api/dags/{name}").status_code == 200
