"""Where Airflow's menu has the page, and for whom."""

from __future__ import annotations

import re

import pytest

from support.callers import Browser

READS = (("can_read", "DAG:nightly"), ("can_read", "Website"))


def menu_of(browser: Browser) -> list[tuple[str, str, str]]:
    """Return the page's entries in Airflow's menu, as the page itself shows it: menu, name, address."""
    parts = re.findall(
        r'href="(?P<address>[^"]*)">\s*(?P<name>[^<]*?)\s*<(?P<head>b class="caret")?',
        browser.client.get("/rest_api/").text.partition("<main")[0],
    )
    menu, entries = "", []
    for address, name, head in parts:
        menu = name if head else menu
        if address.startswith("/rest_api/") and name:
            entries.append((menu, name, address))
    return entries


DEPLOYED = ("Browse", "Deployed workflows", "/rest_api/")
REST_API = ("Admin", "REST API", "/rest_api/operations")


@pytest.mark.parametrize(
    ("user", "entries"),
    [("viewer", [DEPLOYED]), ("user", [DEPLOYED]), ("op", [DEPLOYED]), ("admin", [DEPLOYED, REST_API])],
)
def test_each_of_airflows_roles_has_the_deployed_workflows(browser, user, entries):
    """Whoever may look at DAGs has "Deployed workflows" below Browse; an Admin has "REST API" below Admin as well."""
    assert menu_of(browser(user)) == entries


@pytest.mark.parametrize(
    ("menus", "entries"),
    [
        ((), []),
        (("Browse",), []),
        (("DAGs", "Browse"), [DEPLOYED]),
        (("REST API", "Admin"), [REST_API]),
    ],
)
def test_a_role_of_ones_own_has_the_entries_of_the_menus_that_it_is_granted(app, make_role, make_user, menus, entries):
    """A role that may read one DAG alone sees the entry with Airflow's own menu access on DAGs and Browse."""
    role = make_role("Reader of nightly", *READS, *(("menu_access", menu) for menu in menus))
    user = make_user(role)
    assert menu_of(Browser(app, user.username, "a-password")) == entries


def test_the_menu_leaves_airflows_roles_as_they_were(app):
    """No role is granted anything for it but Admin, to whom Airflow gives every permission there is."""
    ours = {"REST API", "Managed DAGs", "ConsoleView"}
    with app.app_context():
        roles = app.appbuilder.sm.get_all_roles()
        granted = {role.name for role in roles for permission in role.permissions if permission.resource.name in ours}
    assert granted == {"Admin"}
