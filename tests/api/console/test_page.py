"""What the server says about the page: who gets it, under which policy, and what it offers to whom."""

from __future__ import annotations

import gzip
import json
import re
from html import unescape
from importlib.resources import files

import pytest

from openmetadata_airflow_apis.security.operation_permissions import PERMISSIONS
from support.callers import Browser

READING = [
    "list_dags",
    "get_dag",
    "list_dag_versions",
    "get_dag_version",
    "compare_dag_versions",
    "list_bundles",
    "get_bundle",
    "list_dag_runs",
    "dag_state",
    "explain_dag_run",
    "list_task_instances",
    "list_task_summaries",
    "task_instance_detail",
    "task_log",
]
STATIC = re.compile(r'(?:src|href)="(/rest_api/static/[^"]+)"')


@pytest.fixture(scope="module")
def admin(app) -> Browser:
    """An Admin's browser."""
    return Browser(app, "admin")


@pytest.fixture(scope="module")
def page(admin):
    """The page as an Admin gets it."""
    return admin.client.get("/rest_api/")


def test_the_page_is_for_those_who_are_signed_in(app):
    """A browser that is not signed in is sent to Airflow's login, and back to the page after it."""
    answer = app.test_client().get("/rest_api/")
    assert answer.status_code == 302
    assert re.fullmatch(r"/login/\?next=http(://|%3A%2F%2F)localhost(/|%2F)rest_api(/|%2F)", answer.location)


def test_a_browser_asks_for_all_scripts_of_the_list_at_once(page):
    """The page names what its script imports, and what that imports: one turn over the network for all of it."""
    html = page.get_data(as_text=True)
    named = re.findall(r'rel="modulepreload" href="/rest_api/static/[^"/]+/([\w/.]+)"', html)
    imported = {name: set(re.findall(r'^import .* from "\./(.+)";$', source(name), re.MULTILINE)) for name in named}
    assert set(named) == {"console.js"}.union(*imported.values())
    assert {"dags.js", "http.js", "connection_notice.js"} < set(named)
    assert not {"dag.js", "editor.js"} & set(named)  # loaded when they are opened


def source(name: str) -> str:
    """Return one of the page's files."""
    return (files("openmetadata_airflow_apis.console") / "static" / name).read_text(encoding="utf-8")


def test_permissions_are_for_those_who_are_signed_in(app):
    """Nobody else is told who may do what."""
    assert app.test_client().get("/rest_api/permissions").status_code == 401


def test_permissions_bring_the_csrf_token_of_the_session(admin):
    """A page that was opened before its reader signed in again asks for the token of the session that there is now."""
    token = admin.client.get("/rest_api/permissions").json["csrf_token"]
    path = "/rest_api/api/dags/refresh?dry_run=true"
    assert admin.client.post(path).status_code == 403
    assert admin.client.post(path, headers={"X-CSRFToken": token}).status_code == 200


def test_what_a_page_asks_by_itself_leaves_the_session_as_it_is(admin, page):
    """Only the page itself stores the session, or what prolongs it: nothing undoes a login or logout in another tab."""
    token = {"X-CSRFToken": admin.csrf_token}
    static = STATIC.search(page.text)[1]
    answers = {
        "list": admin.client.get("/rest_api/api/dags"),
        "change": admin.client.post("/rest_api/api/dags/refresh?dry_run=true", headers=token),
        "permissions": admin.client.get("/rest_api/permissions"),
        "check": admin.client.post("/rest_api/check", data=b"a: 1", headers=token),
        "operators": admin.client.get("/rest_api/operators"),
        "file": admin.client.get(static),
    }
    assert {name: (answer.status_code, "Set-Cookie" in answer.headers) for name, answer in answers.items()} == (
        dict.fromkeys(answers, (200, False))
    )
    answers["file"].close()
    assert "Set-Cookie" in admin.client.get("/rest_api/permissions?prolong").headers
    assert "Set-Cookie" in admin.client.get("/rest_api/").headers


def test_an_ended_session_stays_as_it_is(app):
    """What is refused for want of a session stores none either: it would undo the login that is under way."""
    browser = Browser(app, "viewer")
    if browser.client.post("/logout/", data={"csrf_token": browser.csrf_token}).status_code == 405:
        browser.client.get("/logout/")  # as FAB had it with older versions of Airflow
    answers = [
        browser.client.get("/rest_api/api/dags"),
        browser.client.get("/rest_api/permissions?prolong"),
        browser.client.post("/rest_api/check", data=b"a: 1"),
        browser.client.get("/rest_api/"),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 400, 302]
    assert [answer.headers.get("Set-Cookie") for answer in answers] == [None] * 4


def test_the_policy_lets_only_scripts_of_this_webserver_run(page):
    """Scripts come from this webserver, or carry the nonce of this one answer; nothing may be loaded from elsewhere."""
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([\w-]{20,})'", policy)[1]
    assert policy == (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    inline = [tag for tag in re.findall(r"<script[^>]*>", page.text) if "src=" not in tag]
    assert len(inline) >= 1
    assert {re.search(r'nonce="([^"]*)"', tag)[1] for tag in inline} == {nonce}


def test_a_nonce_is_used_once(admin, page):
    """Each answer has a nonce of its own, and no cache keeps it."""
    again = admin.client.get("/rest_api/")
    assert again.headers["Content-Security-Policy"] != page.headers["Content-Security-Policy"]
    assert again.headers["Cache-Control"] == "no-store"


def test_the_files_of_the_page_are_kept_by_browsers_until_they_change(admin, page):
    """A file's address holds a digest of all of them: kept for a year under it, never under another."""
    addresses = STATIC.findall(page.text)
    assert {"console.css", "console.js", "dags.js"} < {address.rpartition("/")[2] for address in addresses}
    for address in addresses:
        with admin.client.get(address) as answer:
            assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
            assert answer.cache_control.max_age == 365 * 24 * 3600
        folder, _, name = address.rpartition("/")
        with admin.client.get(f"{folder[:-1]}x/{name}") as answer:
            assert answer.cache_control.max_age == 0


def test_the_files_of_the_page_are_compressed_for_whoever_takes_it(admin, page):
    """A browser gets gzip, another caller or one that wants a part the file as it is, and each knows its own again."""
    for address in STATIC.findall(page.text):
        with admin.client.get(address) as plain:
            whole = plain.data
        with admin.client.get(address, headers={"Accept-Encoding": "gzip, deflate, br"}) as answer:
            assert gzip.decompress(answer.data) == whole
            assert len(answer.data) < len(whole)
            assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.mimetype == plain.mimetype
            assert answer.content_length == len(answer.data)
        assert plain.headers["ETag"] != answer.headers["ETag"]
        headers = {"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]}
        with admin.client.get(address, headers=headers) as again:
            assert (again.status_code, again.data, again.headers["Vary"]) == (304, b"", "Accept-Encoding")
        with admin.client.get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"}) as part:
            assert (part.status_code, part.data, part.headers.get("Content-Encoding")) == (206, whole[:10], None)
        with admin.client.get(address, headers={"Accept-Encoding": "gzip;q=0, *"}) as refused:
            assert (refused.data, refused.headers.get("Content-Encoding")) == (whole, None)


@pytest.mark.parametrize("path", ["../page.py", "..%2fpage.py", "nothing.js"])
def test_only_the_files_of_the_page_are_served(admin, path):
    """No other file can be asked for by a clever address."""
    with admin.client.get(f"/rest_api/static/x/{path}") as answer:
        assert answer.status_code == 404


def test_what_the_script_is_told(page):
    """The page tells its script the addresses of this webserver, the session's CSRF token, and who may deploy."""
    config = json.loads(unescape(re.search(r'data-config="([^"]*)"', page.text)[1]))
    assert config.pop("csrf_token")
    assert config == {
        "root": "",
        "may_deploy": True,
        "operators_url": "/rest_api/operators",
        "schema_url": "/rest_api/api/schemas/workflow.json",
        "grid_url": "/dags/__dag_id__/grid",
    }


def test_without_javascript_the_page_says_where_else_to_go(page):
    """Nothing is said to be loading; the document of the API is linked, and its command line named."""
    without = re.search(r"<noscript>(.*?)</noscript>", page.text, re.DOTALL)[1]
    assert "#rest-api .stage > p { display: none; }" in without
    assert "This page needs JavaScript. The API does not: its document is linked above." in without
    assert '<a href="/rest_api/api/openapi.yaml">' in page.text.partition("<noscript>")[0]


def test_the_menu_entry_rest_api_opens_the_operations(admin):
    """As with the older plugin, "REST API" below Admin leads to the operations with their forms."""
    answer = admin.client.get("/rest_api/operations")
    assert (answer.status_code, answer.location) == (302, "/rest_api/#operations")


def test_an_admin_is_offered_everything(admin):
    """An Admin may call every operation, on all DAGs and on one that there isn't yet."""
    answer = admin.client.get("/rest_api/permissions?dag_id=new_one").json
    everything = list(PERMISSIONS)
    assert answer.pop("csrf_token")
    assert answer == {"guarded": everything, "operations": everything, "dags": {"new_one": everything}}


def test_a_viewer_is_offered_what_reads(app):
    """A Viewer may call what only reads, and sees the page."""
    viewer = Browser(app, "viewer")
    assert viewer.client.get("/rest_api/").status_code == 200
    assert viewer.client.get("/rest_api/permissions").json["operations"] == READING
