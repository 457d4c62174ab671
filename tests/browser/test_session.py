"""A session that ends while the page is open: what is shown and written stays, and goes on after a new sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from browser.conftest import log_in
from support.page_steps import SLEEP, TRUE, fill_definition, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

ENDED = "Your session has ended. Sign in again in another tab, and go on here: what you have written stays."


@pytest.fixture
def alone(airflow_live, browse) -> Page:
    """The page with a session that no other test has, so that it may be ended."""
    page = browse()
    log_in(page, airflow_live.url, "admin", "/rest_api/")
    return page


@pytest.fixture
def kept(client, deployed) -> Iterator[Callable[..., str]]:
    """Deploys DAGs, and deletes them after the test."""
    names: list[str] = []

    def deploy(name: str, tasks: dict[str, Any]) -> str:
        deployed(workflow(name, tasks, force=True))
        names.append(name)
        return name

    yield deploy
    for name in names:
        client.delete(f"/rest_api/api/dags/{name}")


def wait_until_loaded(page: Page) -> None:
    """Return when all that belongs to a page is there: each of Airflow's own files sets the session's cookie anew."""
    page.wait_for_load_state("networkidle")


def lose_session(page: Page) -> None:
    """Forget the cookie, as a browser does with one that is too old."""
    wait_until_loaded(page)
    page.context.clear_cookies()


def sign_out_elsewhere(page: Page, url: str) -> None:
    """Sign out in another tab of the same browser, by Airflow's own button."""
    wait_until_loaded(page)
    tab = page.context.new_page()
    tab.goto(f"{url}/rest_api/")
    wait_until_loaded(tab)
    tab.locator("form[action$='/logout/']").evaluate("form => form.submit()")
    tab.wait_for_url("**/login/**")
    tab.close()


def sign_in_elsewhere(page: Page, url: str, user: str = "admin") -> None:
    """Follow the page's link to a new tab, and sign in there."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again in another tab").click()
    log_in(opened.value, url, user, "/rest_api/")
    wait_until_loaded(opened.value)
    opened.value.close()


def test_a_list_stays_and_goes_on(alone, kept, airflow_live):
    """Signed out in another tab, the list stays and says so; signed in again, it renews itself and takes changes."""
    name = kept("session_list", {"one": TRUE})
    alone.get_by_label("Name has").fill("session_list")
    expect(alone.locator("#rest-api .dag-name")).to_have_text([name])
    sign_out_elsewhere(alone, airflow_live.url)
    expect(alone.locator(".connection")).to_have_text(ENDED)
    expect(alone.locator("#rest-api .dag-name")).to_have_text([name])
    press(alone, f"Trigger {name}")
    expect(alone.locator(".outcome .notice.bad")).to_have_text(
        "Your session has ended: sign in again in another tab, then do this again here."
    )
    sign_in_elsewhere(alone, airflow_live.url)
    expect(alone.locator(".connection")).to_have_text("")
    kept("session_list_2", {"one": TRUE})
    expect(alone.locator("#rest-api .dag-name")).to_have_text([name, "session_list_2"])
    press(alone, f"Trigger {name}")
    expect(alone.locator(".outcome .notice.good")).to_contain_text("Started ")


def test_a_run_that_is_looked_at_goes_on(alone, kept, client, airflow_live):
    """A run's view whose cookie is gone keeps its tasks, and follows and kills them after a new sign-in."""
    name = kept("session_run", {"asleep": SLEEP})
    client.post(f"/rest_api/api/dags/{name}/dagRuns", json={"run_id": "night"}).raise_for_status()
    airflow_live.wait_for(lambda: airflow_live.task_states(name, "night") == {"asleep": "running"}, "the task")
    go(alone, f"#dags/{name}/night")
    row = alone.get_by_role("table", name="Tasks of night").locator("tbody tr")
    expect(row).to_contain_text("running")
    lose_session(alone)
    expect(alone.locator(".connection")).to_have_text(ENDED)
    expect(row).to_contain_text("running")
    sign_in_elsewhere(alone, airflow_live.url)
    expect(alone.locator(".connection")).to_have_text("")
    press(alone, "Kill asleep")
    alone.get_by_role("dialog").get_by_role("button", name="Kill asleep").click()
    expect(alone.locator(".notice.good")).to_contain_text("Killed: asleep.")
    expect(row).to_contain_text("failed")


def test_what_is_written_stays(alone, kept, client, airflow_live):
    """In the editor nothing typed is lost; what was written meanwhile is checked by itself, and deploys."""
    name = kept("session_editor", {"one": TRUE})
    text = workflow(name, {"one": TRUE, "two": TRUE})
    fill_definition(alone, text)
    press(alone, "Deploy")
    dialog = alone.get_by_role("dialog")
    dialog.get_by_label("Comment").fill("a second task")
    lose_session(alone)
    dialog.get_by_role("button", name="Replace").click()
    expect(alone.locator(".outcome .notice.bad")).to_contain_text("Your session has ended")
    editor = alone.get_by_label("Workflow definition")
    editor.fill(text.replace('"two"', '"second"'))
    expect(alone.locator(".faults li")).to_have_text(
        ["Your session has ended. Sign in again in another tab; then this is looked at by itself."]
    )
    sign_in_elsewhere(alone, airflow_live.url)
    expect(alone.locator(".editor-status")).to_have_text("JSON: no faults, 2 tasks")
    press(alone, "Deploy")
    expect(dialog.get_by_label("Comment")).to_have_value("a second task")
    dialog.get_by_role("button", name="Replace").click()
    expect(alone.locator(".notice.good")).to_contain_text(f"Replaced {name} (200")
    assert client.get(f"/rest_api/api/dags/{name}").json()["task_ids"] == ["one", "second"]


def test_what_is_opened_meanwhile_comes_after_a_sign_in(alone, kept, airflow_live):
    """A view that is opened without a session is filled by itself after a new sign-in."""
    name = kept("session_history", {"one": TRUE})
    expect(alone.get_by_role("heading", name="Deployed DAGs")).to_be_visible()
    lose_session(alone)
    go(alone, f"#history/{name}")
    expect(alone.locator(".connection")).to_have_text(ENDED)
    sign_in_elsewhere(alone, airflow_live.url)
    rows = alone.get_by_role("table", name=f"Versions of {name}").locator("tbody tr")
    expect(rows.first).to_contain_text("deployed now")


def test_somebody_else_is_offered_what_they_may_do(alone, kept, airflow_live):
    """Where a Viewer signs in after an Admin, the views offer what the Viewer may do, without being opened again."""
    name = kept("session_of_another", {"one": TRUE})
    go(alone, f"#dags/{name}")
    expect(alone.get_by_role("button", name="Trigger", exact=True)).to_be_visible()
    navigation = alone.get_by_label("Deployed workflows")
    expect(navigation.get_by_role("link", name="Deploy", exact=True)).to_be_visible()
    lose_session(alone)
    expect(alone.locator(".connection")).to_have_text(ENDED)
    sign_in_elsewhere(alone, airflow_live.url, "viewer")
    expect(alone.locator(".connection")).to_have_text("")
    expect(alone.get_by_role("button", name="Trigger", exact=True)).to_have_count(0)
    expect(alone.locator(".facts")).to_be_visible()
    expect(navigation.get_by_role("link", name="Deploy", exact=True)).to_have_count(0)
