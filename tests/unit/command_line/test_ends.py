"""How commands end: exit codes, and what they say."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import socket
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from support.canned_answers import json_answer, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The commands that the issue of this command line names.
COMMANDS = [
    "apply",
    "call",
    "completion",
    "contexts",
    "delete",
    "deploy",
    "diff",
    "explain",
    "get",
    "kill",
    "list",
    "login",
    "logout",
    "logs",
    "migrate",
    "pause",
    "restart",
    "restore",
    "run-tasks",
    "runs",
    "skip",
    "state",
    "succeed",
    "trigger",
    "unpause",
    "validate",
    "versions",
]


def run(*arguments: str, stdin: str | None = None) -> int:
    from managed_dags_cli.main import run as run_command

    if stdin is None:
        return run_command(arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        return run_command(arguments)


def read_all(terminal: int, seen: list[bytes]) -> None:
    """Read what a terminal is told, until its other side is closed."""
    with contextlib.suppress(OSError):  # which is how a closed side is told
        while content := os.read(terminal, 4096):
            seen.append(content)


def test_each_command_has_a_help_whose_summary_is_whole(capsys):
    """--help lists every command with a summary that is not cut off, and each command has a help of its own."""
    assert run("--help") == 0
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert "..." not in listed
    for command in listed.split("\n"):
        if command.strip():
            assert run(command.split()[0], "--help") == 0
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    assert set(names) == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["mend"],
        ["deploy"],
        ["deploy", "no-such-file.json"],
        ["deploy", "--restore-on-error", "-"],
        ["deploy", "--wait-for-nodes", "2", "-"],
        ["deploy", "--wait", "--wait-for-nodes", "0", "-"],
        ["apply", "--wait-for-nodes", "2", "."],
        ["restore", "--wait-for-nodes", "2", "x", "1"],
        ["call"],
        ["call", "deploy_dags"],
        ["call", "get_dag"],
        ["call", "get_dag", "dag_id"],
        ["call", "get_dag", "dag=x"],
        ["call", "get_dag", "dag_id=x", "dag_id=y"],
        ["call", "get_dag", "dag_id=x", "--body", "{}"],
        ["call", "trigger_dag", "dag_id=x", "--body", "[]"],
        ["trigger", "x", "--conf", "{"],
        ["trigger", "x", "--conf", "@no-such-file.json"],
        ["list", "--url", "airflow.example.org"],
        ["list", "--url", "https://user:password@airflow.example.org"],
        ["list", "--url", "https://airflow.example.org", "--context", "prod"],
        ["list", "--url", "http://[::1"],
        ["list", "--url", "http://127.0.0.1:http"],
        ["list", "--url", "http://127.0.0.1:99999"],
        ["list", "--url", "http://airflow example.org"],
        ["list", "--url", "http://127.0.0.1:1?page=1"],
        ["list", "--url", "http://127.0.0.1:1", "--token", "two\nlines"],
        ["login", "http://127.0.0.1:1", "--token", "ключ"],
        ["list", "-o", "xml"],
        ["versions", "x", "--definition"],
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str], capsys):
    """What can be told to be wrong before anything is sent ends with 2, and says what is wrong."""
    assert run(*arguments) == 2
    assert "Error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--context", "prod"], ["list", "--url", "http://127.0.0.1:1"]]
)
def test_nobody_signed_in_ends_with_three(arguments: list[str], capsys):
    """Without a login the end is 3, and the command that signs in is named."""
    assert run(*arguments) == 3
    assert "managed-dags login " in capsys.readouterr().err


def test_a_server_that_is_not_there_ends_with_four(capsys):
    """Where nobody listens the end is 4, and the URL is named."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert run("list", "--url", url, "--token", "x") == 4
    assert capsys.readouterr().err == f"{url}: nobody answers there; check the URL, and whether the webserver is up\n"


def test_a_server_that_speaks_something_else_ends_with_four(capsys):
    """A page in place of this API's answer ends with 4, and says what answered."""
    page = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 4\r\n\r\nlost"
    with serving(page) as (url, _):
        assert run("list", "--url", url, "--token", "x") == 4
    assert f"{url} answers HTTP 404 with text/html, as no webserver with openmetadata-airflow-apis does" in (
        capsys.readouterr().err
    )


LEADS_ON = b"HTTP/1.1 302 Found\r\nLocation: https://airflow.example.org/\r\nContent-Length: 0\r\n\r\n"
AWAY_BEHIND = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\naway"


@pytest.mark.parametrize(
    ("words", "answers", "told"),
    [
        (["list"], [LEADS_ON], "leads to https://airflow.example.org/; give the URL that answers itself"),
        (["list"], [AWAY_BEHIND] * 4, "answers HTTP 502: a proxy there does not reach the webserver; try again"),
        (["delete", "x", "--yes"], [AWAY_BEHIND], "whether it was done is not known: look before you try again"),
        (
            ["list"],
            [json_answer({"message": "no route"}, "404 Not Found")],
            "answers HTTP 404 with application/json, as",
        ),
        (["list"], [json_answer([])], "answers HTTP 200 with application/json, as no webserver"),
        (["list"], [json_answer({"ok": True})], "answers HTTP 200 with application/json, as no webserver"),
        (["list"], [json_answer("OK", kind="text/plain")], "answers HTTP 200 with text/plain, as no webserver"),
        (["get", "x"], [json_answer({"ok": True})], "answers HTTP 200 with application/json, as no webserver"),
    ],
    ids=["redirect", "gateway", "gateway-delete", "json", "list", "object", "text", "object-get"],
)
def test_what_answers_in_place_of_the_webserver(words: list[str], answers: list[bytes], told: str, capsys):
    """A redirect, a proxy without its server and a foreign API end with 4, each with its own cure."""
    with serving(*answers) as (url, _):
        assert run(*words, "--url", url, "--token", "x") == 4
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (json_answer({"ok": True}), "answers HTTP 200 with application/json, as no webserver"),
        (json_answer("sign in", "401 Unauthorized", "text/html"), "answers HTTP 401 with text/html, as no webserver"),
        (json_answer("go away", "403 Forbidden", "text/html"), "answers HTTP 403 with text/html, as no webserver"),
        (LEADS_ON, "leads to https://airflow.example.org/; give the URL that answers itself"),
        (AWAY_BEHIND, "answers HTTP 502: a proxy there does not reach the webserver; try again"),
    ],
    ids=["object", "401", "403", "redirect", "gateway"],
)
def test_what_answers_a_login_in_place_of_the_webserver(answer: bytes, told: str, configuration: Path, capsys):
    """A proxy that lets nobody through says nothing of the user's password: the end is 4, and no login is stored."""
    with serving(answer) as (url, _):
        assert run("login", url, "-u", "ann", "--password-stdin", stdin="secret") == 4
    assert told in capsys.readouterr().err
    assert not (configuration / "logins.json").exists()


def test_what_answers_a_logout_in_place_of_the_webserver(capsys):
    """A proxy's 401 revokes no token, so that the login stays."""
    page = json_answer("sign in", "401 Unauthorized", "text/html")
    with serving(json_answer({"dags": [], "total_entries": 0}), page) as (url, _):
        assert run("login", url, "--token", "x", "--name", "here") == 0
        assert run("logout") == 4
    assert "answers HTTP 401 with text/html, as no webserver" in capsys.readouterr().err
    assert run("contexts", "-o", "name") == 0
    assert capsys.readouterr().out == "here\n"


@pytest.mark.parametrize("content", [b"\xff\xfe{", b'{"logins": {"a": {"url": 3}}, "current": "a"}', b""])
def test_a_damaged_file_of_logins(configuration: Path, content: bytes, capsys):
    """A file of logins that is none is told with what to do."""
    configuration.mkdir()
    (configuration / "logins.json").write_bytes(content)
    (configuration / "logins.json").chmod(0o600)
    assert run("list") == 1
    assert "is not as `managed-dags login` wrote it; remove it and log in again" in capsys.readouterr().err


def test_a_lost_answer_is_asked_for_again_with_the_same_key(capsys):
    """A trigger whose answer is lost is sent again with its Idempotency-Key, so that one run is started."""
    run_of_it = {"dag_id": "x", "run_id": "r", "state": "queued", "logical_date": "2024-01-01T00:00:00Z"}
    gone = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
    with serving(None, gone, json_answer(run_of_it)) as (url, seen):
        assert run("trigger", "x", "-o", "name", "--url", url, "--token", "x") == 0
    assert capsys.readouterr().out == "r\n"
    keys = [headers["Idempotency-Key"] for headers in seen]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_a_change_that_cannot_be_repeated_is_not(capsys):
    """A delete whose answer is lost is not sent again; the end is 4 and says to look."""
    with serving(None) as (url, seen):
        assert run("delete", "x", "--yes", "--url", url, "--token", "x") == 4
    assert len(seen) == 1
    assert "whether it was done is not known: look before you try again" in capsys.readouterr().err


def test_a_refusal_ends_with_one(capsys):
    """A problem of the server's ends with 1, and its detail is what is said."""
    problem = {"type": "/rest_api/api/problems/not-allowed", "title": "Forbidden", "status": 403, "detail": "not yours"}
    with serving(json_answer(problem, "403 Forbidden", "application/problem+json")) as (url, _):
        assert run("list", "--url", url, "--token", "x") == 1
    assert capsys.readouterr().err == "not yours\n"


REFUSED = json_answer({"type": "/rest_api/api/problems/x", "title": "x", "status": 400, "detail": "no"}, "400 x")
PLANNED = {"created": [{"dag_id": "x"}], "changed": [], "unchanged": [], "deleted": [], "dry_run": True}


@pytest.mark.parametrize(
    ("arguments", "before"),
    [
        (["deploy", "FOLDER/x.json"], []),
        (["apply", "FOLDER", "--yes"], [PLANNED]),
        (["restore", "x", "1", "--yes"], [{"dag_id": "x"}, {"dag_id": "x", "changes": {}}]),
    ],
)
def test_the_number_of_nodes_to_wait_for_is_sent(arguments: list[str], before: list, tmp_path: Path, capsys):
    """Whatever deploys tells the server for how many hosts it is to wait, and nothing else of what it asks does."""
    (tmp_path / "x.json").write_text(json.dumps({"workflow": {"name": "x", "dag_config": {"x": {"tasks": {}}}}}))
    words = [argument.replace("FOLDER", str(tmp_path)) for argument in arguments]
    with serving(*map(json_answer, before), REFUSED) as (url, seen):
        assert run(*words, "--wait", "--wait-for-nodes", "2", "--url", url, "--token", "x") == 1
    assert "no" in capsys.readouterr().err
    told = [("wait=30" in headers["request"], "wait_for_nodes=2" in headers["request"]) for headers in seen]
    assert told == [(False, False)] * len(before) + [(True, True)]


def test_tokens_are_in_a_file_of_the_users_own(configuration: Path, capsys):
    """`login --token` stores the token in a file that nobody else may read; a file that others may read is refused."""
    with serving(json_answer({"dags": [], "total_entries": 0}), json_answer({"dags": [], "total_entries": 0})) as (
        url,
        _,
    ):
        assert run("login", url, "--token", "secret", "--name", "here") == 0
        file = configuration / "logins.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "secret" not in capsys.readouterr().err
        assert run("list") == 0
        file.chmod(0o644)
        assert run("list") == 1
    assert f"chmod 600 {file}" in capsys.readouterr().err


AWAY = {"status": 503, "title": "Service Unavailable", "detail": "Airflow's database does not answer; try again later"}
BUSY = {"status": 429, "title": "Too Many Requests", "detail": "5 tries of 40 seconds are used up"}
WRONG = {"status": 401, "title": "Unauthorized", "detail": "The refresh token is revoked"}


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (
            json_answer(AWAY, "503 Service Unavailable", "application/problem+json"),
            1,
            "does not answer; try again later",
        ),
        (
            json_answer(BUSY, "429 Too Many Requests", "application/problem+json"),
            1,
            "5 tries of 40 seconds are used up",
        ),
        (
            json_answer(WRONG, "401 Unauthorized", "application/problem+json"),
            3,
            "has ended: The refresh token is revoked",
        ),
        (json_answer("a proxy's page", "404 Not Found", "text/html"), 4, "answers HTTP 404 with text/html, as no"),
        (json_answer("a proxy's login", "401 Unauthorized", "text/html"), 4, "answers HTTP 401 with text/html, as no"),
    ],
    ids=["database", "limit", "revoked", "page", "proxy"],
)
def test_only_a_login_that_is_refused_has_ended(answer, code, told, capsys, configuration: Path):
    """A renewal that fails for another reason says which, and the stored login stays good."""
    ended = json_answer(
        {"status": 401, "detail": "The token has expired"}, "401 Unauthorized", "application/problem+json"
    )
    tokens = {"access_token": "first", "refresh_token": "long"}
    with serving(json_answer(tokens), ended, *[answer] * 5) as (url, _):
        assert run("login", url, "--username", "ann", "--password-stdin", "--name", "here", stdin="secret") == 0
        capsys.readouterr()
        assert run("list") == code
    said = capsys.readouterr().err
    assert told in said
    assert ("managed-dags login" in said) == (code == 3)


def test_a_configuration_that_cannot_be_written(configuration: Path, monkeypatch, capsys):
    """Where the folder of logins can't be made, the command says so, with the cure."""
    configuration.write_text("a file")
    monkeypatch.setenv("MANAGED_DAGS_CONFIG", str(configuration / "below"))
    with serving(json_answer({"dags": [], "total_entries": 0})) as (url, _):
        assert run("login", url, "--token", "x", "--name", "here") == 1
    assert "cannot be written: Not a directory; MANAGED_DAGS_CONFIG names another folder" in capsys.readouterr().err
    assert run("list") == 1
    assert "cannot be read: Not a directory; MANAGED_DAGS_CONFIG names another folder" in capsys.readouterr().err


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the environment's proxy for http, and nothing else about proxies."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return lambda value: monkeypatch.setenv("http_proxy", value)


@pytest.mark.parametrize("value", ["socks5://secret@127.0.0.1:1080", "http://", "http://127.0.0.1:port", "//proxy"])
def test_a_proxy_that_is_none_is_wrong_usage(value: str, proxy, capsys):
    """A proxy of the environment that can't be used ends with 2: nothing was sent, so that no answer was lost."""
    proxy(value)
    assert run("list", "--url", "http://airflow.example.org", "--token", "x") == 2
    told = capsys.readouterr().err
    assert (
        "HTTP_PROXY is no URL of a proxy that can be used: http://proxy.example.org:3128, say, and no SOCKS; or" in told
    )
    assert "name airflow.example.org in NO_PROXY" in told
    assert "secret" not in told


def test_a_proxy_without_a_scheme_is_one_of_http(proxy, capsys):
    """`proxy:3128` is a proxy as curl takes it."""
    with serving(json_answer({"dags": [], "total_entries": 0})) as (url, seen):
        proxy(url.removeprefix("http://"))
        assert run("list", "--url", "http://airflow.example.org", "--token", "x") == 0
    assert seen[0]["request"].startswith("GET http://airflow.example.org/rest_api/api/dags")


def test_an_answer_without_a_type(capsys):
    """A success without a document and without a type is none of this API's; the command says what answers there."""
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (url, _):
        assert run("list", "--url", url, "--token", "x") == 4
    assert (
        "answers HTTP 200 with nothing, as no webserver with openmetadata-airflow-apis does" in capsys.readouterr().err
    )


def test_a_login_of_several_is_named(capsys):
    """Several servers are logins with names; the one that is meant is the last, or the one that --use names."""
    empty = json_answer({"dags": [], "total_entries": 0})
    with serving(empty, empty) as (url, _):
        assert run("login", url, "--token", "x", "--name", "one") == 0
        assert run("login", url, "--token", "x", "--name", "two") == 0
    assert run("contexts", "-o", "name") == 0
    assert capsys.readouterr().out == "one\ntwo\n"
    assert run("contexts", "--use", "one", "-o", "json") == 0
    assert [login["name"] for login in json.loads(capsys.readouterr().out) if login["current"]] == ["one"]
    assert run("contexts", "--use", "three") == 3


@pytest.mark.parametrize(
    ("arguments", "variables", "sent"),
    [
        ((), {}, "own"),
        (("--context", "here"), {"MANAGED_DAGS_TOKEN": "of another server"}, "own"),
        (("--context", "here"), {"MANAGED_DAGS_URL": "http://127.0.0.1:1", "MANAGED_DAGS_TOKEN": "another"}, "own"),
        (("--context", "here", "--token", "given"), {}, "given"),
        ((), {"MANAGED_DAGS_TOKEN": "given"}, "given"),
        ((), {"MANAGED_DAGS_CONTEXT": "here", "MANAGED_DAGS_TOKEN": "given"}, "given"),
    ],
)
def test_a_login_that_is_named_sends_its_own_token(arguments, variables, sent, monkeypatch):
    """An option goes before a variable: with --context no token leaves that was set for another server."""
    empty = json_answer({"dags": [], "total_entries": 0})
    with serving(empty, empty) as (url, seen):
        assert run("login", url, "--token", "own", "--name", "here") == 0
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert run("list", *arguments) == 0
    assert [headers["Authorization"] for headers in seen][-1] == f"Bearer {sent}"


@pytest.mark.parametrize("servers_url", [None, "URL/", "HTTP://127.0.0.1:PORT"])
def test_a_token_of_the_environment_is_sent_to_its_server(servers_url: str | None, monkeypatch):
    """`--url` takes MANAGED_DAGS_TOKEN where no MANAGED_DAGS_URL says that it is another server's."""
    with serving(json_answer({"dags": [], "total_entries": 0})) as (url, seen):
        monkeypatch.setenv("MANAGED_DAGS_TOKEN", "given")
        if servers_url is not None:
            port = url.rpartition(":")[2]
            monkeypatch.setenv("MANAGED_DAGS_URL", servers_url.replace("URL", url).replace("PORT", port))
        assert run("list", "--url", url) == 0
    assert [headers["Authorization"] for headers in seen] == ["Bearer given"]


@pytest.mark.parametrize("end", ["/", "/rest_api/api", "/rest_api/api/", "/airflow/rest_api/api"])
def test_a_url_may_be_that_of_the_api(end: str, monkeypatch, capsys):
    """The API's URL, as the documentation of its calls has it, means the webserver there."""
    empty = json_answer({"dags": [], "total_entries": 0})
    base = "/airflow" if end.startswith("/airflow") else ""
    with serving(empty, empty) as (url, seen):
        assert run("login", f"{url}{end}", "--token", "x") == 0
        assert f"signed in at {url}{base} as " in capsys.readouterr().err
        monkeypatch.setenv("MANAGED_DAGS_URL", f"{url}{end}")
        monkeypatch.setenv("MANAGED_DAGS_TOKEN", "x")
        assert run("list", "--url", f"{url}{base}") == 0
    assert [headers["request"].partition("?")[0] for headers in seen] == [f"GET {base}/rest_api/api/dags"] * 2
    assert [headers["Authorization"] for headers in seen] == ["Bearer x"] * 2


def test_what_belongs_to_another_server_is_not_sent(monkeypatch, capsys):
    """With MANAGED_DAGS_URL of one server its token, user and password go to no other; a stored login does."""
    empty = json_answer({"dags": [], "total_entries": 0})
    with serving(empty, empty, empty) as (url, seen):
        monkeypatch.setenv("MANAGED_DAGS_URL", "https://airflow.example.org")
        monkeypatch.setenv("MANAGED_DAGS_TOKEN", "another")
        monkeypatch.setenv("MANAGED_DAGS_USERNAME", "ann")
        monkeypatch.setenv("MANAGED_DAGS_PASSWORD", "secret")
        assert run("list", "--url", url) == 3
        assert capsys.readouterr().err == (
            f"nobody is signed in at {url}: `managed-dags login {url}`, or --token; MANAGED_DAGS_TOKEN, "
            "MANAGED_DAGS_USERNAME and MANAGED_DAGS_PASSWORD are sent to MANAGED_DAGS_URL "
            "(https://airflow.example.org) alone\n"
        )
        assert run("login", url, stdin="") == 2
        assert run("list", "--url", url, "--token", "given") == 0
        assert run("login", url, "--token", "own") == 0
        assert run("list", "--url", url) == 0
    assert [headers["Authorization"] for headers in seen] == ["Bearer given", "Bearer own", "Bearer own"]


def test_a_file_of_json_may_begin_with_a_byte_order_mark(tmp_path: Path, capsys):
    """Windows' tools write one before UTF-8; the file is JSON all the same."""
    file = tmp_path / "conf.json"
    file.write_bytes(b'\xef\xbb\xbf{"rows": 5}')
    with serving(json_answer({"dag_id": "x", "run_id": "r", "state": "queued"})) as (url, _):
        assert run("trigger", "x", "--conf", f"@{file}", "-o", "name", "--url", url, "--token", "x") == 0
    assert capsys.readouterr().out == "r\n"


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (["delete", "--yes"], {"deleted_rows": 3, "dry_run": False}),
        (["pause"], {"is_paused": True, "changed": True}),
    ],
)
def test_what_was_done_is_told_beside_what_was_refused(words: list[str], done: dict, capsys):
    """Of several DAGs one that is refused keeps no other back, and those that were changed are printed."""
    refused = json_answer({"status": 404, "title": "Not Found", "detail": "no b"}, "404 Not Found")
    answers = [json_answer({"dag_id": "a", **done}), refused, json_answer({"dag_id": "c", **done})]
    with serving(*answers) as (url, _):
        assert run(*words, "a", "b", "c", "-o", "name", "--url", url, "--token", "x") == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("a\nc\n", "no b\n")


DEPLOYED = {"dag_id": "a", "version_number": 3, "state": "parsed", "created": False, "changed": True, "dry_run": False}


@pytest.mark.parametrize(
    ("words", "answers", "rows"),
    [
        (
            ["deploy", "a.json", "b.json", "c.json"],
            [DEPLOYED],
            ["DAG  RESULT   VERSION  STATE   FILE", "a    changed  3        parsed  a.json"],
        ),
        (
            ["deploy", "a.json", "b.json", "--wait"],
            [{**DEPLOYED, "state": "pending"}],
            ["DAG  RESULT   VERSION  STATE    FILE", "a    changed  3        pending  a.json"],
        ),
        (
            ["validate", "a.json", "b.json", "--server"],
            [{"dag_id": "a"}],
            ["DAG  RESULT  FILE", "a    valid   a.json"],
        ),
        (
            ["apply", ".", "--name", "team", "--yes", "--wait"],
            [
                {"created": [], "changed": [{"dag_id": "a"}], "unchanged": [], "deleted": [], "dry_run": True},
                {
                    "created": [],
                    "changed": [{**DEPLOYED, "state": "pending"}],
                    "unchanged": [],
                    "deleted": [],
                    "dry_run": False,
                },
            ],
            ["~ change a", "DAG  RESULT   VERSION  STATE", "a    changed  3        pending"],
        ),
    ],
    ids=["deploy", "deploy --wait", "validate --server", "apply --wait"],
)
def test_what_was_done_is_told_before_the_server_was_gone(
    words: list[str], answers: list[dict], rows: list[str], tmp_path: Path, monkeypatch, capsys
):
    """If what answers is no longer this API, the command says what had been done before, and ends with 4."""
    monkeypatch.chdir(tmp_path)
    task = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "date"}
    for name in ("a", "b", "c"):
        dag = {"default_args": {"start_date": "2024-01-01"}, "schedule": None, "tasks": {"t": task}}
        (tmp_path / f"{name}.json").write_text(json.dumps({"workflow": {"name": name, "dag_config": {name: dag}}}))
    gone = json_answer({}, "404 Not Found")
    with serving(*map(json_answer, answers), gone) as (url, _):
        assert run(*words, "--url", url, "--token", "x") == 4
    shown = capsys.readouterr()
    assert [line.rstrip() for line in shown.out.splitlines()] == rows
    assert shown.err.splitlines()[-1].startswith(f"{url} answers HTTP 404 with application/json, as no webserver")


def test_nothing_is_deleted_unasked(capsys):
    """Where nobody could answer, what is hard to undo wants --yes."""
    assert run("delete", "x", "--url", "http://127.0.0.1:1", "--token", "x") == 2
    assert "say --yes" in capsys.readouterr().err


def test_who_looks_sees_what_goes_on(configuration: Path):
    """In a terminal a command that waits shows the states of the tasks meanwhile."""
    waiting = {"dag_id": "x", "run_id": "r", "state": "running", "logical_date": "2024-01-01T00:00:00Z"}
    tasks = {"task_instances": [{"task_id": "a", "map_index": -1, "state": "queued"}], "total_entries": 1}
    answers = [waiting, waiting, tasks, {**waiting, "state": "success"}]
    terminal, side = pty.openpty()
    seen: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(terminal, seen))
    reader.start()
    with serving(*map(json_answer, answers)) as (url, _):
        program = "import sys; from managed_dags_cli.main import run; sys.exit(run(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", program, "trigger", "x", "--wait", "-o", "name", "--url", url, "--token", "x"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=side,
            text=True,
            check=False,
        )
    os.close(side)
    reader.join()
    os.close(terminal)
    assert (done.returncode, done.stdout) == (0, "r\n"), seen
    assert "x, run r: 1 queued (" in b"".join(seen).decode()


@pytest.mark.parametrize(
    ("words", "answer", "told"),
    [
        (["list"], {"dags": [], "total_entries": 0}, "no deployed DAG that you may read"),
        (["list", "nightly"], {"dags": [], "total_entries": 0}, "no such DAG"),
        (["list", "--unpaused"], {"dags": [], "total_entries": 0}, "no such DAG"),
        (["runs", "x"], {"dag_runs": [], "total_entries": 0}, "no run yet"),
        (["runs", "x", "--state", "failed"], {"dag_runs": [], "total_entries": 0}, "no such run"),
    ],
)
def test_a_list_of_nothing_says_so(words: list[str], answer: dict, told: str, capsys):
    """A table without rows is a sentence, beside standard output; the formats for scripts stay as they are."""
    with serving(*[json_answer(answer)] * 2) as (url, _):
        assert run(*words, "--url", url, "--token", "x") == 0
        assert capsys.readouterr() == ("", f"{told}\n")
        assert run(*words, "-o", "name", "--url", url, "--token", "x") == 0
        assert capsys.readouterr() == ("", "")


def test_no_login_says_so(capsys):
    """`contexts` where nobody has signed in names the command that does."""
    assert run("contexts") == 0
    assert capsys.readouterr() == ("", "no login; `managed-dags login URL` makes one\n")
    assert run("contexts", "-o", "json") == 0
    assert capsys.readouterr() == ("[]\n", "")


@pytest.mark.parametrize("typed", ["", "\n"])
def test_an_empty_password_is_no_try(typed: str, capsys):
    """Nothing on standard input, as of a variable that is not set, is wrong usage and costs no try of the server's."""
    with serving() as (url, seen):
        assert run("login", url, "-u", "ann", "--password-stdin", stdin=typed) == 2
    assert seen == []
    assert "--password-stdin: there is no password on standard input" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", ".", ".."])
@pytest.mark.parametrize(
    ("words", "argument"),
    [
        (["delete", "NAME", "--yes"], "dag_id"),
        (["kill", "x", "NAME"], "run_id"),
        (["restart", "x", "NAME"], "run_id"),
        (["skip", "x", "r", "NAME"], "task_id"),
        (["call", "get_dag", "dag_id=NAME"], "dag_id"),
    ],
)
def test_a_name_that_leads_elsewhere_is_not_sent(words: list[str], argument: str, name: str, capsys):
    """An empty name (of an empty variable, say) or `.` would make the path of another operation, for all runs."""
    with serving() as (url, seen):
        assert run(*[word.replace("NAME", name) for word in words], "--url", url, "--token", "x") == 2
    assert seen == []
    assert f"'{name}' is no {argument}" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str, capsys):
    """`completion` prints a script that asks the program itself."""
    assert run("completion", shell) == 0
    assert "_MANAGED_DAGS_COMPLETE" in capsys.readouterr().out
