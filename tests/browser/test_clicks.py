"""What people come for, from Airflow's home and with the page alone, by the clicks that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from support import airflow_home
from support.callers import basic
from support.page_steps import BASH, TRUE, press, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

_COUNT = 'addEventListener("pointerdown", () => (sessionStorage.clicks = Number(sessionStorage.clicks) + 1), true)'
# The role of docs/security.md, for somebody who works in the browser.
_DEPLOYER = {
    "Managed DAGs": ["can_create", "can_read", "can_delete"],
    "DAGs": ["can_read", "can_edit", "can_delete", "menu_access"],
    "DAG Runs": ["can_read", "can_create", "can_edit"],
    "Task Instances": ["can_read", "can_edit"],
    "Task Logs": ["can_read"],
    "Website": ["can_read"],
    "Browse": ["menu_access"],
}


@pytest.fixture
def deployer(client, monkeypatch) -> Iterator[None]:
    """A user `deployer`, who has the role Deployer; gone after the test."""
    monkeypatch.setitem(airflow_home.USERS, "deployer", ("Deployer", "deployer-secret"))
    names = {"username": "deployer", "first_name": "D", "last_name": "Test", "email": "deployer@example.org"}
    actions = [
        {"action": {"name": action}, "resource": {"name": resource}}
        for resource, granted in _DEPLOYER.items()
        for action in granted
    ]

    def ask(method: str, path: str, body: Any = None) -> None:
        # Airflow's own API takes a name and a password, and no token of ours.
        headers = basic("admin", airflow_home.USERS["admin"][1])
        client.request(method, f"/api/v1/{path}", json=body, headers=headers).raise_for_status()

    ask("POST", "roles", {"name": "Deployer", "actions": actions})
    ask("POST", "users", {**names, "password": "deployer-secret", "roles": [{"name": "Deployer"}]})
    yield
    ask("DELETE", "users/deployer")
    ask("DELETE", "roles/Deployer")


@pytest.fixture
def at_home(airflow_live, sign_in, request) -> Callable[[str], Page]:
    """Opens Airflow's home as a user, whose clicks are counted from there."""

    def at_home(user: str) -> Page:
        if user == "deployer":
            request.getfixturevalue("deployer")
        page = sign_in(airflow_live.url, user, "/home")
        page.add_init_script(_COUNT)
        return page

    return at_home


def open_list(page: Page) -> None:
    """Go from Airflow's home to the list of deployed DAGs; clicks are counted from here."""
    page.goto("/".join([*page.url.split("/")[:3], "home"]))
    page.evaluate("sessionStorage.clicks = 0")
    page.get_by_text("Browse", exact=True).click()
    page.get_by_role("link", name="Deployed workflows").click()


def clicks(page: Page) -> int:
    """Return how often the mouse was pressed."""
    return page.evaluate("Number(sessionStorage.clicks)")


@pytest.mark.parametrize("user", ["admin", "user"])
def test_why_a_run_failed_is_found_in_three_clicks_and_repaired_in_five(user, at_home, client, airflow_live, tmp_path):
    """The row of the DAG leads to the reason; once what was missing is there, the run goes on from where it failed."""
    name, orders = f"0_night_of_{user}", tmp_path / "orders"  # the first in the list, which is ordered by name
    check = f"test -e {orders} || {{ echo 'no orders have arrived'; exit 1; }}"
    tasks = {"load": TRUE, "check": {"operator": BASH, "bash_command": check, "dependencies": ["load"]}}
    headers = {"Content-Type": "application/json"}
    client.post("/rest_api/api/dags", data=workflow(name, tasks, force=True), headers=headers).raise_for_status()
    client.post(f"/rest_api/api/dags/{name}/dagRuns", json={"run_id": "last_night"}).raise_for_status()
    airflow_live.wait_for(lambda: airflow_live.run_state(name, "last_night") == "failed", "the run's failure")
    page = at_home(user)
    open_list(page)
    page.get_by_role("row").filter(has_text=name).get_by_role("link").filter(has_text="failed").click()
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("no orders have arrived")
    assert clicks(page) == 3
    orders.touch()
    press(page, "Restart failed")
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    expect(page.locator(".run-state .state")).to_have_text("success")
    assert clicks(page) == 5
    assert client.delete(f"/rest_api/api/dags/{name}").status_code == 200


@pytest.mark.parametrize("user", ["admin", "deployer"])
def test_a_broken_file_is_mended_and_a_bad_version_taken_back(user, at_home, client, tmp_path):
    """A file with a fault is understood, mended and deployed in seven clicks; a bad version is taken back in six."""
    name = f"0_mended_by_{user}"
    good = workflow(name, {"greet": TRUE})
    broken = tmp_path / "workflow.json"
    broken.write_text(good.replace("BashOperator", "BashOperater"))
    page = at_home(user)
    open_list(page)
    page.get_by_label("Deployed workflows").get_by_role("link", name="Deploy", exact=True).click()
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Take it from a file").click()
    chooser.value.set_files(broken)
    expect(page.locator(".faults li")).to_contain_text(["did you mean 'BashOperator'?"])
    press(page, "Deploy")
    expect(page.locator(".notice.bad")).to_contain_text("Nothing was deployed.")
    press(page, "Line 14")
    page.keyboard.insert_text(f'"operator": "{BASH}"')
    expect(page.locator(".editor-status")).to_have_text("JSON: no faults, 1 task")
    press(page, "Deploy")
    expect(page.locator(".notice.good")).to_contain_text(f"Deployed {name} (201")
    assert clicks(page) == 7

    bad = workflow(name, {"greet": {**TRUE, "bash_command": "false"}}, force=True)
    client.post("/rest_api/api/dags", data=bad, headers={"Content-Type": "application/json"}).raise_for_status()
    open_list(page)
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="History").click()
    press(page, "Restore version 1")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("bash_command")
    dialog.get_by_role("button", name="Restore version 1").click()
    expect(page.locator(".notice.good")).to_contain_text("Restored version 1; it is version 3 now.")
    assert clicks(page) == 6
    definition = client.get(f"/rest_api/api/dags/{name}").json()["definition"]
    assert '"bash_command": "true"' in str(definition).replace("'", '"')
    assert client.delete(f"/rest_api/api/dags/{name}").status_code == 200
