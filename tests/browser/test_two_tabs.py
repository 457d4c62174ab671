"""The same DAG in two tabs: what is redeployed, deleted or restored in one is told in the other, nothing lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.page_steps import TRUE, go, press, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

VIEW = "**/rest_api/api/dags/*"  # what a DAG's view asks again and again


@pytest.fixture
def shared(request, client, deployed) -> Iterator[str]:
    """A DAG of one task, under a name that no other test has."""
    name = f"tabs_{request.node.name.removeprefix('test_')}"
    deployed(workflow(name, {"load": TRUE}, force=True))
    yield name
    client.delete(f"/rest_api/api/dags/{name}")


@pytest.fixture
def other(page) -> Callable[[str], Page]:
    """Opens a second tab of the same browser at a fragment."""

    def open_tab(fragment: str) -> Page:
        tab = page.context.new_page()
        tab.goto(page.url.partition("#")[0] + fragment)
        return tab

    return open_tab


def version_of(client, name: str) -> int:
    """Return the number of the version that is deployed: one that was deleted before goes on counting."""
    return client.get(f"/rest_api/api/dags/{name}").json()["version_number"]


def replace_in(tab: Page, name: str, tasks: dict[str, object]) -> None:
    """Edit a DAG in its tab, and deploy it."""
    tab.get_by_role("button", name="Edit and redeploy").click()
    tab.get_by_label("Workflow definition").fill(workflow(name, tasks))
    press(tab, "Deploy")
    tab.get_by_role("dialog").get_by_role("button", name="Replace").click()
    expect(tab.locator(".notice.good")).to_contain_text(f"Replaced {name} (200")


def test_a_view_tells_of_a_newer_version_and_shows_it(page, shared, other, client):
    """A DAG's view says who has deployed what since, keeps what is written in its forms, and shows it on demand."""
    version = version_of(client, shared)
    go(page, f"#dags/{shared}")
    expect(page.get_by_role("region", name=f"Graph of {shared}").locator(".node")).to_have_count(1)
    page.get_by_text("Trigger with a configuration").click()
    page.get_by_label("Run id").fill("mine")
    replace_in(other(f"#dags/{shared}"), shared, {"load": TRUE, "report": TRUE})
    notice = page.locator(".notice").filter(has_text=f"has deployed version {version + 1} since")
    expect(notice).to_have_text(
        f"admin has deployed version {version + 1} since. "
        f"The graph and the forms here are of version {version}. Show it What it changed"
    )
    expect(page.get_by_label("Run id")).to_have_value("mine")
    press(page, "Show it")
    expect(page.get_by_role("region", name=f"Graph of {shared}").locator(".node")).to_have_count(2)
    expect(notice).to_have_count(0)


def test_an_edit_of_an_older_version_says_what_it_would_take_back(page, shared, other, client):
    """Who began to edit before another deployed is told so before replacing that, with the way to what it changed."""
    version = version_of(client, shared)
    go(page, f"#dags/{shared}")
    press(page, "Edit and redeploy")
    page.get_by_label("Workflow definition").fill(workflow(shared, {"mine": TRUE}))
    replace_in(other(f"#dags/{shared}"), shared, {"theirs": TRUE})
    press(page, "Deploy")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".notice.bad")).to_have_text(
        f"You began from version {version}. Version {version + 1} was deployed since, by admin; see what it changed. "
        "What is not in your text of it would be taken back."
    )
    expect(dialog.get_by_role("link", name="what it changed")).to_have_attribute("href", f"#history/{shared}")
    dialog.get_by_role("button", name="Replace").click()
    expect(page.locator(".notice.good")).to_contain_text(f"Replaced {shared} (200")
    press(page, "Deploy")
    expect(page.locator(".notice.good")).to_contain_text(f"Replaced {shared} (200")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert client.get(f"/rest_api/api/dags/{shared}").json()["task_ids"] == ["mine"]


def test_several_dags_say_what_they_would_take_back_too(page, shared, other, client):
    """Where the edited text has become one of several DAGs, the newer version is told beside its DAG and when asked."""
    version = version_of(client, shared)
    go(page, f"#dags/{shared}")
    press(page, "Edit and redeploy")
    second = f"{shared}_second"
    mine = json.loads(workflow(shared, {"mine": TRUE}))["workflow"]["dag_config"]
    added = json.loads(workflow(second, {"more": TRUE}))["workflow"]["dag_config"]
    page.get_by_label("Workflow definition").fill(json.dumps({**mine, **added}))
    replace_in(other(f"#dags/{shared}"), shared, {"theirs": TRUE})
    press(page, "Deploy")
    newer = (
        f"You began from version {version}. Version {version + 1} was deployed since, by admin; see what it changed. "
        "What is not in your text of it would be taken back."
    )
    expect(page.get_by_role("table", name="DAGs of this text").locator(".notice.bad")).to_have_text([newer])
    press(page, "Deploy all 2")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".notice.bad")).to_have_text([newer])
    dialog.get_by_role("button", name="Deploy all").click()
    expect(page.locator(".notice.good")).to_contain_text([f"Replaced {shared} (200", f"Deployed {second} (201"])
    page.get_by_label("Workflow definition").fill(workflow(shared, {"again": TRUE}))
    press(page, "Deploy")
    expect(dialog.get_by_role("button", name="Replace")).to_be_visible()
    expect(dialog.locator(".notice.bad")).to_have_count(0)
    dialog.get_by_role("button", name="Cancel").click()
    client.delete(f"/rest_api/api/dags/{second}")


def test_what_was_deployed_meanwhile_is_not_deleted(page, shared, other, client):
    """Who deletes what they have looked at deletes nothing newer; it is shown then, and can be deleted."""
    version = version_of(client, shared)
    go(page, f"#dags/{shared}")
    press(page, "Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.route(VIEW, lambda route: route.abort() if route.request.method == "GET" else route.continue_())
    replace_in(other(f"#dags/{shared}"), shared, {"theirs": TRUE})
    dialog.get_by_role("button", name=f"Delete {shared}").click()
    expect(page.locator(".outcome .notice.bad")).to_contain_text("nothing was changed, look at it and decide anew")
    assert client.get(f"/rest_api/api/dags/{shared}").json()["task_ids"] == ["theirs"]
    page.unroute(VIEW)
    expect(page.locator(".facts")).to_contain_text(f"Version{version + 1}")
    press(page, "Delete")
    dialog.get_by_role("button", name=f"Delete {shared}").click()
    expect(page.locator(".outcome .notice.good")).to_have_text(f"Deleted {shared}.")


def test_what_is_read_while_the_question_is_open_is_not_deleted(page, shared, client):
    """The question is about the version that was shown when it was asked, though the view behind it goes on reading."""
    version = version_of(client, shared)
    go(page, f"#dags/{shared}")
    expect(page.locator(".facts")).to_contain_text(f"Version{version}")
    press(page, "Delete")
    body = workflow(shared, {"theirs": TRUE}, force=True)
    client.post("/rest_api/api/dags", data=body, headers={"Content-Type": "application/json"}).raise_for_status()
    expect(page.locator(".notice").filter(has_text=f"has deployed version {version + 1} since")).to_have_count(1)
    page.get_by_role("dialog").get_by_role("button", name=f"Delete {shared}").click()
    expect(page.locator(".outcome .notice.bad")).to_contain_text("nothing was changed, look at it and decide anew")
    assert client.get(f"/rest_api/api/dags/{shared}").json()["task_ids"] == ["theirs"]


def test_nothing_of_a_deleted_dag_can_be_pressed(page, shared):
    """After a deletion its view has neither the graph, on which tasks can be chosen, nor the grid with its links."""
    go(page, f"#dags/{shared}")
    expect(page.get_by_role("region", name=f"Graph of {shared}").locator(".node")).to_have_count(1)
    expect(page.get_by_role("heading", name="Grid")).to_be_visible()
    press(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name=f"Delete {shared}").click()
    expect(page.locator(".outcome .notice.good")).to_have_text(f"Deleted {shared}.")
    expect(page.get_by_role("region", name=f"Graph of {shared}")).to_have_count(0)
    expect(page.get_by_role("heading", name="Grid")).to_have_count(0)


def test_a_dag_that_is_deleted_and_restored_elsewhere(page, shared, other, client):
    """A view whose DAG is deleted says so and leads to its versions; restored in another tab, it goes on by itself."""
    version = version_of(client, shared)
    go(page, f"#dags/{shared}")
    expect(page.locator(".facts")).to_contain_text(f"Version{version}")
    tab = other(f"#dags/{shared}")
    press(tab, "Delete")
    tab.get_by_role("dialog").get_by_role("button", name=f"Delete {shared}").click()
    expect(tab.locator(".notice.good")).to_have_text(f"Deleted {shared}.")
    gone = page.locator(".notice.bad").filter(has_text="is not deployed any more")
    expect(gone).to_have_text(
        f"{shared} is not deployed any more: somebody has deleted it. What is shown below is older. "
        "Its versions stay, and each can be restored."
    )
    expect(page.get_by_role("button", name="Edit and redeploy")).to_have_count(0)
    tab.get_by_role("link", name="its versions").click()
    press(tab, f"Restore version {version}")
    tab.get_by_role("dialog").get_by_role("button", name=f"Restore version {version}").click()
    expect(tab.locator(".notice.good")).to_contain_text(f"Restored version {version}; it is version {version + 1} now.")
    expect(gone).to_have_count(0)
    expect(page.locator(".facts")).to_contain_text(f"Version{version + 1}")
    expect(page.get_by_role("button", name="Edit and redeploy")).to_be_visible()
    assert json.loads(client.get(f"/rest_api/api/dags/{shared}").text)["task_ids"] == ["load"]


def test_a_deploy_of_what_was_deleted_meanwhile_is_asked_again(page, shared, client):
    """Who would replace what another has deleted is told that, and then deploys it as new."""
    go(page, f"#dags/{shared}")
    press(page, "Edit and redeploy")
    page.get_by_label("Workflow definition").fill(workflow(shared, {"mine": TRUE}))
    press(page, "Deploy")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert client.delete(f"/rest_api/api/dags/{shared}").status_code == 200
    dialog.get_by_role("button", name="Replace").click()
    expect(page.locator(".notice.bad")).to_contain_text(
        "Somebody else has deleted it since you looked; nothing was deployed."
    )
    press(page, "Look at what would change now")
    expect(page.locator(".notice.good")).to_contain_text(f"Deployed {shared} (201")


def test_chosen_tasks_of_a_deleted_dag_are_said_not_to_run(page, shared, client):
    """Who chooses tasks on the graph of what another has deleted, and would run them, is told why that does nothing."""
    go(page, f"#dags/{shared}")
    node = page.get_by_role("region", name=f"Graph of {shared}").get_by_role("checkbox")
    expect(node).to_have_count(1)
    assert client.delete(f"/rest_api/api/dags/{shared}").status_code == 200
    expect(page.locator(".notice.bad").filter(has_text="is not deployed any more")).to_be_visible()
    node.click()
    press(page, "Run only these…")
    notice = page.locator(".outcome .notice.bad")
    expect(notice).to_have_text(f"Nothing was started: {shared} is not deployed any more.")
    expect(notice).to_be_in_viewport()
