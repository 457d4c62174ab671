"""What `openmetadata-airflow-apis doctor` finds, one line each, with the cure."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone

import pytest

from openmetadata_airflow_apis import __version__, own_tables
from openmetadata_airflow_apis.cli import doctor, main
from openmetadata_airflow_apis.cli.doctor import (
    NOTE,
    PROBLEM,
    Installation,
    auth_backends_check,
    base_url_check,
    deploy_permission_check,
    folders_check,
    heartbeats_check,
    ignored_files_check,
    plugin_check,
    secret_key_check,
    specification_check,
    unknown_options_check,
)
from openmetadata_airflow_apis.dagbuild.stored_document import MARKER, StoredDocument
from openmetadata_airflow_apis.definition import read_workflow
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import open_store
from support.deployments import forget_deployments
from support.doctor import OPTION, look
from support.workflows import bash, python, request

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)


def _problems(findings) -> list[str]:
    return [f"{finding.subject}: {finding.detail}" for finding in findings if finding.level == PROBLEM]


def _notes(findings) -> list[str]:
    return [f"{finding.subject}: {finding.detail}" for finding in findings if finding.level == NOTE]


def _look_at_webserver_config() -> list:
    return look("webserver_config.py", "login limit", "token settings", "password login")


def _look_at_database() -> list:
    return look("database", "permission", "own tables", "heartbeats")


@pytest.mark.file_store("the other's loader files are missing here")
def test_command(app, folders, healthy, capsys) -> None:
    """The command prints one line a finding and a sum; with a problem its exit code is 1."""
    assert doctor.run(argparse.Namespace(quiet=True)) == 0
    assert capsys.readouterr().out == f"openmetadata-airflow-apis {__version__}: 0 problem(s), 1 note(s)\n"
    (folders / "dags").rmdir()
    assert doctor.run(argparse.Namespace(quiet=True)) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"problem  dags folder: {folders / 'dags'} does not exist; create it",
        f"openmetadata-airflow-apis {__version__}: 1 problem(s), 1 note(s)",
    ]


def test_wrong_option(monkeypatch) -> None:
    """A wrong value of an option is a problem."""
    monkeypatch.setenv(f"{OPTION}MAX_TASKS", "many")
    found = next(finding for finding in doctor.findings(Installation()) if finding.subject == "section")
    assert found.detail == "[openmetadata_airflow_apis] max_tasks is 'many'; give a whole number of at least 1"


def test_unknown_option(monkeypatch) -> None:
    """An option that does not exist is a problem."""
    monkeypatch.setenv(f"{OPTION}MAX_TASK", "7")
    assert _problems(unknown_options_check.look(Installation())) == [
        "section: [openmetadata_airflow_apis] max_task is not an option"
    ]


def test_folders_that_are_well(folders) -> None:
    """Nothing is said about folders that are as they should be."""
    assert list(folders_check.look(Installation())) == []


def test_folder_that_everybody_may_write(folders) -> None:
    """A folder that every user of the machine may write is a problem, since code is read from it."""
    (folders / "operators").chmod(0o777)
    [found] = folders_check.look(Installation())
    assert str(found) == (
        f"problem  dag_managed_operators: {folders / 'operators'} has mode 0777: every user of this machine can put "
        f"code there; chmod o-w {folders / 'operators'}"
    )


@pytest.mark.file_store("no other writes files")
def test_ignored_files(folders) -> None:
    """A deployed file that an .airflowignore covers is a problem: the DAG processor would drop its DAG."""
    for dag_id in ("nightly", "weekly"):
        (folders / "configs" / f"{dag_id}.json").write_text("{}")
        (folders / "dags" / f"{dag_id}.py").write_text("")
    assert list(ignored_files_check.look(Installation())) == []
    (folders / "dags" / ".airflowignore").write_text("nightly\n")
    [found] = ignored_files_check.look(Installation())
    assert str(found) == (
        f"problem  dags folder: {folders / 'dags' / 'nightly.py'} is hidden from the DAG processor by an "
        ".airflowignore; narrow its patterns"
    )


@pytest.fixture
def nothing_deployed(app, home):
    """What a test deploys is gone after it."""
    yield
    forget_deployments(home)


def test_callable_files_that_this_machine_lacks(folders, session, nothing_deployed) -> None:
    """Each file below dag_managed_operators that a deployed definition names, in whatever way, is missing by name."""
    work = python("work", "growth/load.py")
    failing = bash(on_failure_callback_name="alarm", on_failure_callback_file="alarms.py")
    for body in (
        request("nightly", tasks={"work": work, "failing": failing}, doc_md_file_path="nightly.md"),
        request("weekly", tasks={"work": work}),
    ):
        reading = read_workflow(body, now=NOW)
        assert reading.faults == ()
        document = StoredDocument(reading.definition["dag_id"], reading.definition, body, "ann", NOW)
        store = open_store(Settings.load())
        store.make_ready()
        assert store.claim(document.dag_id) is None
        store.write(document)
        store.write_rows(document, session=session)
        session.commit()
    files = folders / "operators"
    lacks = "can't be imported here, and its tasks fail before they begin"
    assert _problems(look("deployed callables")) == [
        f"dag_managed_operators: {files}/alarms.py is missing, without which the DAG `nightly` {lacks}",
        f"dag_managed_operators: {files}/growth/load.py is missing, without which the DAG `nightly` (and 1 more) {lacks}",
        f"dag_managed_operators: {files}/nightly.md is missing, without which the DAG `nightly` {lacks}",
    ]
    (files / "growth").mkdir()
    for name in ("alarms.py", "growth/load.py", "nightly.md"):
        (files / name).touch()
    assert look("deployed callables") == []


@pytest.mark.file_store("no other has the folder")
def test_folder_of_the_first_deploy(folders) -> None:
    """A folder that the first deploy makes is a note where it can be made."""
    (folders / "configs").rmdir()
    assert _notes(folders_check.look(Installation())) == [
        f"dag_generated_configs: {folders / 'configs'} does not exist yet"
    ]


@pytest.mark.file_store("no other writes to folders")
def test_folder_that_cannot_be_made_or_written(folders, monkeypatch) -> None:
    """A folder that this user can neither write nor make is a problem."""
    monkeypatch.setattr(folders_check.os, "access", lambda *_: False)  # root may do everything
    (folders / "configs").rmdir()
    assert _problems(folders_check.look(Installation())) == [
        f"dags folder: {folders / 'dags'} cannot be written to by this user",
        f"dag_generated_configs: {folders / 'configs'} does not exist and cannot be made by this user",
        f"dag_managed_operators: {folders / 'operators'} cannot be read by this user",
    ]


@pytest.mark.file_store("no other has the folder")
def test_folder_that_is_a_file(folders) -> None:
    """A file where a folder should be is a problem."""
    (folders / "configs").rmdir()
    (folders / "configs").touch()
    assert _problems(folders_check.look(Installation())) == [
        f"dag_generated_configs: {folders / 'configs'} is not a folder"
    ]


@pytest.mark.file_store("no other renders files")
def test_template_that_is_missing(folders, monkeypatch) -> None:
    """A template that cannot be read is a problem."""
    monkeypatch.setenv(f"{OPTION}DAG_RUNNER_TEMPLATE", str(folders / "none.j2"))
    assert [finding.subject for finding in look("dag_runner_template")] == ["dag_runner_template"]


def test_plugin(app) -> None:
    """Nothing is said about a plugin that Airflow loads once in this version."""
    assert list(plugin_check.look(Installation())) == []


def test_plugin_that_is_not_loaded(app, monkeypatch) -> None:
    """A plugin that Airflow does not load is a problem, and so is one that fails."""
    from airflow import plugins_manager

    monkeypatch.setattr(plugins_manager, "plugins", [])
    monkeypatch.setattr(plugins_manager, "import_errors", {"openmetadata_airflow_apis": "No module named 'x'"})
    assert _problems(plugin_check.look(Installation())) == [
        "plugin: openmetadata_airflow_apis fails to load: No module named 'x'",
        "plugin: Airflow does not load it",
    ]


def test_plugin_that_is_there_twice(app, monkeypatch) -> None:
    """A second copy of the plugin, of another version, is two problems."""
    from airflow import plugins_manager

    ours = next(plugin for plugin in plugins_manager.plugins if type(plugin).__name__ == plugin_check.PLUGIN)
    copy = type(plugin_check.PLUGIN, (), {"name": "openmetadata_airflow_apis", "source": "$PLUGINS_FOLDER/old.py"})()
    monkeypatch.setattr(plugins_manager, "plugins", [ours, copy])
    assert _problems(plugin_check.look(Installation())) == [
        f"plugin: Airflow loads $PLUGINS_FOLDER/old.py, this is {__version__}",
        f"plugin: it is loaded 2 times ({ours.source}, $PLUGINS_FOLDER/old.py)",
    ]


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        ("temporary_key", "is a key that everybody knows"),
        ("short", "has 5 characters, which can be guessed"),
    ],
)
def test_bad_secret_key(monkeypatch, key: str, detail: str) -> None:
    """A well-known or short secret key is a problem."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__SECRET_KEY", key)
    assert _problems(secret_key_check.look(Installation())) == [f"[webserver] secret_key: {detail}"]


def test_good_secret_key() -> None:
    """Nothing is said about a long secret key that is set in one place."""
    assert list(secret_key_check.look(Installation())) == []


def test_secret_key_that_is_not_set(monkeypatch) -> None:
    """A secret key that is set nowhere differs between the webserver's processes."""
    monkeypatch.delenv("AIRFLOW__WEBSERVER__SECRET_KEY")
    assert (
        "[webserver] secret_key: is not set: each webserver process makes its own and refuses the others' tokens"
        in (_problems(secret_key_check.look(Installation())))
    )


def test_two_secret_keys(tmp_path, monkeypatch) -> None:
    """A secret key in the environment that is not the file's is worth a note, and neither key is printed."""
    file = tmp_path / "airflow.cfg"
    file.write_text("[webserver]\nsecret_key = the-key-of-the-file-0123456789\n")
    monkeypatch.setattr("airflow.configuration.AIRFLOW_CONFIG", str(file))
    [found] = secret_key_check.look(Installation())
    assert found.level == NOTE
    assert found.detail == (
        f"differs between $AIRFLOW__WEBSERVER__SECRET_KEY and secret_key in {file}: "
        "a process without that environment signs differently"
    )


@pytest.mark.parametrize(
    ("url", "findings"),
    [
        ("http://localhost:8080", []),
        ("https://host/airflow", ["has the path /airflow; the API is at https://host/airflow/rest_api/api"]),
        ("https://host/airflow/", ["is 'https://host/airflow/', with a slash at its end; take the slash away"]),
        ("host", ["is 'host', no URL; give the URL that users type, such as https://host/airflow"]),
    ],
)
def test_base_url(monkeypatch, url: str, findings: list[str]) -> None:
    """A path in base_url is named with the API's URL, and a base_url that is none or ends in a slash is found."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__BASE_URL", url)
    assert [f"{finding.detail}; {finding.cure}" for finding in base_url_check.look(Installation())] == findings


@pytest.mark.parametrize(
    ("backends", "levels"),
    [
        (auth_backends_check.OUR_BACKEND, []),
        (f"{auth_backends_check.OUR_BACKEND},airflow.api.auth.backend.session", []),
        ("airflow.api.auth.backend.session", [NOTE]),
        (f"airflow.api.auth.backend.session,{auth_backends_check.OUR_BACKEND}", [PROBLEM]),
    ],
)
def test_auth_backends(monkeypatch, backends: str, levels: list[str]) -> None:
    """Our auth backend missing is a note, another one before it a problem."""
    monkeypatch.setenv("AIRFLOW__API__AUTH_BACKENDS", backends)
    assert [finding.level for finding in auth_backends_check.look(Installation())] == levels


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ("", []),
        ("AUTH_RATE_LIMITED = False", ["login limit: AUTH_RATE_LIMITED is off: passwords can be guessed"]),
        ("JWT_SECRET_KEY = 'short'", ["JWT_SECRET_KEY: has 5 characters"]),
        (
            "JWT_ACCESS_TOKEN_EXPIRES = False",
            ["JWT_ACCESS_TOKEN_EXPIRES: is False: tokens that never end are not issued"],
        ),
        ("import no_such_module", ["{path}: fails: ModuleNotFoundError(\"No module named 'no_such_module'\")"]),
    ],
)
def test_webserver_config(tmp_path, monkeypatch, config: str, problems: list[str]) -> None:
    """webserver_config.py is read, and what weakens the login or the tokens is a problem."""
    path = tmp_path / "webserver_config.py"
    path.write_text(config)
    monkeypatch.setenv("AIRFLOW__WEBSERVER__CONFIG_FILE", str(path))
    assert _problems(_look_at_webserver_config()) == [problem.format(path=path) for problem in problems]


def test_limiter_storage(tmp_path, monkeypatch) -> None:
    """A storage for the login limit that answers is well, and one that does not is a problem."""
    path = tmp_path / "webserver_config.py"
    path.write_text("RATELIMIT_STORAGE_URI = 'redis://localhost'")
    monkeypatch.setenv("AIRFLOW__WEBSERVER__CONFIG_FILE", str(path))
    answering = type("Storage", (), {"check": lambda _: True})()  # in place of a Redis, which the tests have not
    monkeypatch.setattr("limits.storage.storage_from_string", lambda _: answering)
    assert _look_at_webserver_config() == []
    answering = type("Storage", (), {"check": lambda _: False})()
    assert [str(finding) for finding in _look_at_webserver_config()] == [
        "problem  login limit: RATELIMIT_STORAGE_URI (redis…) does not answer, and every login needs it; start it"
    ]


def test_ldap_without_its_library(tmp_path, monkeypatch) -> None:
    """AUTH_LDAP without python-ldap is a problem."""
    path = tmp_path / "webserver_config.py"
    path.write_text("AUTH_TYPE = 2")
    monkeypatch.setenv("AIRFLOW__WEBSERVER__CONFIG_FILE", str(path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert _problems(_look_at_webserver_config()) == ["AUTH_TYPE: is LDAP and python-ldap is not installed"]


def test_logins_without_passwords(tmp_path, monkeypatch) -> None:
    """OAuth, and another auth manager, are notes that say how callers sign in."""
    path = tmp_path / "webserver_config.py"
    path.write_text("AUTH_TYPE = 4")
    monkeypatch.setenv("AIRFLOW__WEBSERVER__CONFIG_FILE", str(path))
    assert "AUTH_TYPE: is neither database nor LDAP: there is no password login" in _notes(_look_at_webserver_config())
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", "company.auth.CompanyAuthManager")
    assert "auth manager: company.auth.CompanyAuthManager has no password login" in _notes(_look_at_webserver_config())


def test_database_that_is_well(app, healthy) -> None:
    """Nothing is said about a database that a webserver with the plugin has used."""
    assert _look_at_database() == []


@pytest.mark.parametrize(
    ("roles", "problem"),
    [
        (set(), "permission: 'can create on Managed DAGs' is missing"),
        ({""}, "permission: the Admin role has no 'can create on Managed DAGs'"),
        ({"Deployer"}, "permission: the Admin role has no 'can create on Managed DAGs'"),
    ],
)
def test_missing_permission(app, healthy, monkeypatch, roles: set[str], problem: str) -> None:
    """A permission that does not exist, or that Admin has not, is a problem."""
    monkeypatch.setattr(deploy_permission_check, "roles_that_may_deploy", lambda _: roles)
    assert _problems(_look_at_database()) == [problem]


def test_missing_tables(app, healthy, monkeypatch) -> None:
    """A missing table of ours is a problem that says what is refused for it."""
    monkeypatch.setenv(f"{OPTION}DEFINITION_STORE", "files")
    monkeypatch.setattr("openmetadata_airflow_apis.own_tables.is_there", lambda _: False)
    assert _problems(_look_at_database()) == [
        "database: the table of revoked tokens is missing, so that every token is refused",
        "database: the table of password tries is missing, so that every login is refused",
        "database: the table of our tables' version is missing, so that nothing is deployed",
        "database: the table of deployed versions is missing, so that nothing is deployed",
        "database: the table of Idempotency-Keys is missing, so that every request with one is refused",
    ]


def test_tables_of_a_newer_release(app, healthy, session) -> None:
    """Tables that a newer release has made are a problem: this one changes nothing then."""
    own_tables.make_ready()
    newer = own_tables.SCHEMA_VERSION + 1
    for version, problems in (
        (
            newer,
            [
                "database: The tables of openmetadata-airflow-apis in Airflow's database are of version "
                f"{newer}, which a newer release has made; this webserver's release knows version "
                f"{own_tables.SCHEMA_VERSION}, and changes nothing"
            ],
        ),
        (own_tables.SCHEMA_VERSION, []),
    ):
        session.execute(own_tables.SCHEMA.update().values(version=version))
        session.commit()
        assert _problems(_look_at_database()) == problems


def _listed_by_uninstall(capsys, configs) -> list[str]:
    """Return the lines of `uninstall --dry-run` about the folder of the definitions."""
    assert main(["uninstall", "--dry-run"]) == 0
    return [line.strip() for line in capsys.readouterr().out.splitlines() if str(configs) in line]


def test_uninstall_names_what_stays_among_the_definitions(app, session, folders, capsys, monkeypatch) -> None:
    """`uninstall` says whether the folder of the definitions goes, and what keeps it: the older plugin's files, say."""
    monkeypatch.setenv(f"{OPTION}DEFINITION_STORE", "files")
    configs = folders / "configs"
    (configs / ".nightly.lock").touch()
    assert _listed_by_uninstall(capsys, configs) == [f"the folder {configs}, if nothing else is in it"]
    (configs / "older-plugin").mkdir()
    older_files = f"{configs}/older-plugin: the older plugin's files, which migrate-older-plugin has kept"
    assert _listed_by_uninstall(capsys, configs) == [older_files]
    for number in range(7):
        (configs / f"notes_{number}.txt").touch()
    names = "notes_0.txt, notes_1.txt, notes_2.txt, notes_3.txt, notes_4.txt and 2 more"
    assert _listed_by_uninstall(capsys, configs) == [
        older_files,
        f"what else is in {configs}, and so the folder: {names}",
    ]


def test_uninstall_names_the_folder_of_the_other_store(app, session, folders, capsys, monkeypatch) -> None:
    """With the database store `uninstall` leaves the folder that the store of files has made, and says so."""
    monkeypatch.setenv(f"{OPTION}DEFINITION_STORE", "database")
    configs = folders / "configs"
    assert _listed_by_uninstall(capsys, configs) == [f"the folder {configs}, which the store of files has made"]
    (configs / "nightly.json").touch()
    assert _listed_by_uninstall(capsys, configs) == [f"what else is in {configs}, and so the folder: nightly.json"]
    configs.joinpath("nightly.json").unlink()
    configs.rmdir()
    assert _listed_by_uninstall(capsys, configs) == []


def test_uninstall_names_the_files_of_dags_that_migrate_store_has_left(
    app, session, folders, capsys, monkeypatch
) -> None:
    """They are in the dags folder of the database store, which does not look there, and need the package."""
    monkeypatch.setenv(f"{OPTION}DEFINITION_STORE", "database")
    left = folders / "dags" / "nightly.py"
    left.write_text(f"{MARKER}\nprint('changed by hand')\n")
    (folders / "dags" / "mine.py").write_text("print()\n")
    assert main(["uninstall", "--dry-run"]) == 0
    by_hand = capsys.readouterr().out.split("Then to be done by hand:\n")[1].splitlines()
    assert [line for line in by_hand if str(folders) in line] == [
        f"  delete {left}, which is of none of these DAGs (migrate-store left it, say, and says why): it can't be "
        "imported without this package"
    ]


def test_uninstall_leaves_what_the_older_plugin_has_deployed(app, session, folders, capsys, monkeypatch) -> None:
    """A config that nobody has migrated is none of ours: it is named among what stays, and keeps nothing else."""
    monkeypatch.setenv(f"{OPTION}DEFINITION_STORE", "files")
    configs = folders / "configs"
    (configs / "hourly.json").write_text('{"dag_config": {"hourly": {"tasks": {}}}}')
    (folders / "dags" / "hourly.py").write_text("workflow_factory('hourly')\n")
    assert _listed_by_uninstall(capsys, configs) == [f"what else is in {configs}, and so the folder: hourly.json"]
    (configs / "hourly.json").write_text('{"format": 1, "sha256": "0"}')
    assert main(["uninstall", "--dry-run"]) == 1
    assert f"{configs}/hourly.json" in capsys.readouterr().err


def test_an_older_release_uninstalls_nothing(app, session, folders, capsys) -> None:
    """`uninstall` of a release that is older than the tables removes nothing, and says which release may."""
    own_tables.make_ready()
    before = own_tables.row_counts()
    newer = own_tables.SCHEMA_VERSION + 1
    session.execute(own_tables.SCHEMA.update().values(version=newer))
    session.commit()
    try:
        assert main(["uninstall", "--yes"]) == 1
    finally:
        session.execute(own_tables.SCHEMA.update().values(version=own_tables.SCHEMA_VERSION))
        session.commit()
    printed = capsys.readouterr()
    assert (printed.out, f"are of version {newer}, which a newer release has made" in printed.err) == ("", True)
    assert own_tables.row_counts() == before


def test_database_that_does_not_answer(app, monkeypatch) -> None:
    """A database that does not answer is one problem, whatever else depends on it."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    nowhere = create_engine("sqlite:////no/such/folder/airflow.db")
    monkeypatch.setattr("airflow.settings.Session", sessionmaker(nowhere))
    assert _problems(_look_at_database()) == [
        "database: cannot be asked ((sqlite3.OperationalError) unable to open database file)"
    ]


def test_heartbeats(app, monkeypatch) -> None:
    """A scheduler, or a standalone DAG processor, that has no heartbeat is a problem."""
    assert _problems(heartbeats_check.look(Installation())) == ["scheduler: it never ran with this database"]
    monkeypatch.setenv("AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR", "True")
    health = {
        "scheduler": {"status": "healthy"},
        "dag_processor": {"status": "unhealthy", "latest_dag_processor_heartbeat": "2026-11-22T10:00:00+00:00"},
    }
    monkeypatch.setattr("airflow.api.common.airflow_health.get_airflow_health", lambda: health)
    assert _problems(heartbeats_check.look(Installation())) == [
        "DAG processor: its last heartbeat was at 2026-11-22T10:00:00+00:00, and nothing that is deployed is parsed"
    ]


def test_a_damaged_specification(tmp_path, monkeypatch) -> None:
    """An openapi.yaml that was cut or edited is a problem; the installed one is none."""
    assert list(specification_check.faults()) == []
    damaged = tmp_path / "openapi.yaml"
    damaged.write_text("openapi: 3.0.3\ninfo: {title: x}\npaths: {}\n")
    monkeypatch.setattr(specification_check, "specification_path", lambda: damaged)
    # The quotes around the name are the library's, and differ by its version.
    assert [fault.replace('"', "'") for fault in specification_check.faults()] == [
        "/info: 'version' is a required property"
    ]
    damaged.write_text("openapi: [")
    assert len(list(specification_check.faults())) == 1
