"""Installations that are broken in one way each: doctor says it in one line with the thing, the place and the cure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import pytest

from openmetadata_airflow_apis import __version__
from openmetadata_airflow_apis.cli.doctor import auth_backends_check
from openmetadata_airflow_apis.resources import dag_runner_template_path
from support import airflow_home
from support.doctor import OPTION, look

OURS = auth_backends_check.OUR_BACKEND

# --- options


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        (
            {"AIRFLOW__OPENMETADATA_MANAGED_APIS__DAG_GENERATED_CONFIGS": "/srv/configs"},
            [
                "problem  section: [openmetadata_managed_apis] and its dag_generated_configs is read by nobody; "
                "name it [openmetadata_airflow_apis]"
            ],
        ),
        (
            {"AIRFLOW__OPENMETADATA_AIRFLOW_API__MAX_TASKS": "7"},
            ["problem  section: [openmetadata_airflow_api] is read by nobody; name it [openmetadata_airflow_apis]"],
        ),
        (
            {f"{OPTION}MAX_TASKS": "many", f"{OPTION}DAG_GENERATED_CONFIGS": "configs"},
            [
                "problem  section: [openmetadata_airflow_apis] dag_generated_configs is the relative path 'configs'; give "
                "an absolute one, or start it with {AIRFLOW_HOME}; correct it in airflow.cfg or the environment",
                "problem  section: [openmetadata_airflow_apis] max_tasks is 'many'; give a whole number of at least 1; "
                "correct it in airflow.cfg or the environment",
            ],
        ),
        (
            {f"{OPTION}ALLOWED_OPERATORS": "json,company.operators", f"{OPTION}ALLOWED_CALLABLES": "json.nothing"},
            [
                "problem  allowed_operators: 'company.operators' is not installed; "
                "install it on this machine too, or correct the name",
                "problem  allowed_callables: 'json.nothing' is not installed; "
                "install it on this machine too, or correct the name",
            ],
        ),
        (
            {"AIRFLOW__API__AUTH_BACKENDS": "openmetadata_airflow_apis.security.auth_backends"},
            [
                "problem  [api] auth_backends: the webserver does not start with "
                "'openmetadata_airflow_apis.security.auth_backends' (ModuleNotFoundError: No module named "
                f"'openmetadata_airflow_apis.security.auth_backends'); did you mean {OURS}?",
                f"note     [api] auth_backends: Airflow's own API does not take tokens made here; list {OURS} first",
            ],
        ),
        (
            {"AIRFLOW__API__AUTH_BACKENDS": f"{OURS},airflow.api.auth.backend.sesion,json"},
            [
                "problem  [api] auth_backends: the webserver does not start with 'airflow.api.auth.backend.sesion' "
                "(ModuleNotFoundError: No module named 'airflow.api.auth.backend.sesion'); "
                "did you mean airflow.api.auth.backend.session?",
                "problem  [api] auth_backends: the webserver does not start with 'json' "
                "(it has no init_app and no requires_authentication); correct the name, or install its package",
            ],
        ),
        (
            {"AIRFLOW__CORE__AUTH_MANAGER": "company.CompanyAuthManager"},
            [
                "problem  auth manager: the webserver does not start with 'company.CompanyAuthManager' "
                "(ModuleNotFoundError: No module named 'company'); "
                "correct [core] auth_manager, or install its package"
            ],
        ),
        (
            {"AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "perhaps"},
            [
                "problem  heartbeats: cannot be looked at (Failed to convert value to bool. Please check "
                '"standalone_dag_processor" key in "scheduler" section. Current value: "perhaps".); '
                "see `airflow config list`"
            ],
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_options(app, healthy, monkeypatch, variables: dict[str, str], lines: list[str]):
    """A section or an option that is wrong is named with what would be right, each of several."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    names = ["sections", "option values", "allowed packages", "[core] auth_manager", "heartbeats"]
    if "AIRFLOW__API__AUTH_BACKENDS" in variables:
        names.append("[api] auth_backends")
    assert [str(finding) for finding in look(*names)] == lines


# --- folders and what is in them


def folder_below_a_file(folders: Path, _) -> str:
    (folders / "file").touch()
    return "file/configs"


def link_to_nowhere(folders: Path, _) -> str:
    (folders / "link").symlink_to("/nowhere")
    return "link"


@pytest.mark.file_store("no other has the folder")
@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            folder_below_a_file,
            "problem  dag_generated_configs: H/file/configs cannot be made, since H/file is not a folder; name a folder",
        ),
        (
            link_to_nowhere,
            "problem  dag_generated_configs: H/link is a link to /nowhere, which does not exist; create that",
        ),
    ],
)
def test_a_folder_that_no_deploy_can_make(folders: Path, monkeypatch, make, line: str):
    """A folder that is not there and cannot be made is a problem, and not said to be made by the first deploy."""
    monkeypatch.setenv(f"{OPTION}DAG_GENERATED_CONFIGS", str(folders / make(folders, None)))
    assert [str(finding) for finding in look("folders")] == [line.replace("H/", f"{folders}/")]


def test_no_folder_of_callables(folders: Path):
    """dag_managed_operators is made by no deploy: whoever wants callables creates it."""
    (folders / "operators").rmdir()
    assert [str(finding) for finding in look("folders", "callable files")] == [
        f"note     dag_managed_operators: {folders}/operators does not exist; "
        "create it, with the Python files in it, before a definition names one"
    ]


def test_callable_files_that_everybody_may_change(folders: Path, monkeypatch):
    """A callable file that every user of the machine may write is a problem, and one line however many there are."""
    for name in ("a.py", "b.py", "c.py"):
        (folders / "operators" / name).touch()
        (folders / "operators" / name).chmod(0o666)
    assert [str(finding) for finding in look("callable files")] == [
        f"problem  dag_managed_operators: {folders}/operators/a.py (and 2 more) can be changed by every user of this "
        f"machine, and is run by Airflow; chmod -R o-w {folders}/operators"
    ]


def test_callable_files_in_the_dags_folder(folders: Path, monkeypatch):
    """Callable files below the dags folder are worth a note, since the DAG processor looks at them."""
    (folders / "dags" / "operators").mkdir()
    (folders / "dags" / "operators" / "a.py").touch()
    monkeypatch.setenv(f"{OPTION}DAG_MANAGED_OPERATORS", str(folders / "dags" / "operators"))
    assert [str(finding) for finding in look("callable files")] == [
        f"note     dag_managed_operators: {folders}/dags/operators is in the dags folder: the DAG processor may take "
        "callable files for DAG files, and import them; "
        f"name it in {folders}/dags/.airflowignore, or have it beside the dags folder"
    ]


@pytest.mark.file_store("no other looks at files")
def test_an_installation_of_the_older_plugin(folders: Path, app, monkeypatch):
    """Records, DAG files, the template and the plugin itself of the older plugin are each named with the cure."""
    from airflow import plugins_manager

    for name in ("sales", "stock"):
        (folders / "configs" / f"{name}.json").write_text('{"workflow": {"name": "x"}}')
        (folders / "dags" / f"{name}.py").write_text(
            "from openmetadata_managed_apis.workflows import workflow_factory\n"
            f"workflow_factory.WorkflowFactory('{folders}/configs/{name}.json').register_dag(globals())\n"
        )
    (folders / "dags" / "orphan.py").write_text("workflow_factory.WorkflowFactory('/nowhere').register_dag(globals())")
    template = folders / "dag_runner.j2"
    template.write_text('WorkflowFactory("{{ workflow_config_file }}")')
    monkeypatch.setenv(f"{OPTION}DAG_RUNNER_TEMPLATE", str(template))
    blueprint = type("Blueprint", (), {"url_prefix": "/rest_api"})()
    older = type("RestApiPlugin", (), {
        "name": "REST_API", "source": "$PLUGINS_FOLDER/rest_api.py", "flask_blueprints": [blueprint],
        "appbuilder_views": [],
    })()  # fmt: skip
    monkeypatch.setattr(plugins_manager, "plugins", [*plugins_manager.plugins, older])

    lines = [str(finding) for finding in look("dag_runner_template", "plugin")]
    monkeypatch.delenv(f"{OPTION}DAG_RUNNER_TEMPLATE")
    lines += [str(finding) for finding in look("deployed definitions")]

    assert lines == [
        f"problem  dag_runner_template: {template} is the older plugin's: it does not call load_dag of "
        "openmetadata_airflow_apis.dagbuild, which makes the DAG; "
        f"leave the option out, which uses {dag_runner_template_path()}, or start from a copy of that one",
        "problem  plugin: the plugin 'REST_API' ($PLUGINS_FOLDER/rest_api.py) answers at /rest_api as well, as the "
        "older one does; uninstall it, or take it out of plugins/",
        lines[2],
        f"problem  deployed definitions: {folders}/dags/orphan.py is a DAG file of the older plugin, which does not "
        "import any more; take it away, and deploy the workflow again",
    ]
    assert lines[2].startswith("problem  deployed definitions: ")
    assert f"{folders}/configs/sales.json" in lines[2]
    assert " (and 1 more like it); " in lines[2]


@pytest.mark.file_store("no other keeps files")
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_text('{"format": 1'),
        lambda path: path.write_text("{}"),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/etc/hostname"),
    ],
    ids=["torn", "foreign", "folder", "pipe", "link"],
)
def test_a_record_that_is_damaged_or_foreign(folders: Path, damage: Callable[[Path], object]):
    """Whatever stands where a deployed definition should be is one line that names the file, and nothing hangs."""
    path = folders / "configs" / "nightly.json"
    damage(path)
    (finding,) = look("deployed definitions")
    assert (finding.level, finding.subject) == ("problem", "deployed definitions")
    assert str(path) in finding.detail
    assert finding.cure


@pytest.mark.file_store("no other keeps files")
def test_a_file_that_no_dag_is_named_after(folders: Path):
    """A .json file whose name no DAG can have is worth a note."""
    (folders / "configs" / "my notes.json").touch()
    assert [str(finding) for finding in look("deployed definitions")] == [
        f"note     deployed definitions: {folders}/configs/my notes.json is no definition: no DAG has such a name; "
        "keep it elsewhere"
    ]


# --- webserver_config.py


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        ("AUTH_TYPE =", ["problem  PATH: fails: line 1: invalid syntax; correct the file"]),
        ("import sys; sys.exit(3)", ["problem  PATH: fails: SystemExit(3); correct the file"]),
        (
            "AUTH_RATE_LIMIT = 'many'",
            ["problem  login limit: AUTH_RATE_LIMIT is 'many', which is no limit; give one such as '5 per 40 second'"],
        ),
        (
            "RATELIMIT_STORAGE_URI = 'rediss//:secret@host'",
            [
                "problem  login limit: RATELIMIT_STORAGE_URI (rediss…) cannot be used: "
                "unknown storage scheme : the URI; correct it in webserver_config.py"
            ],
        ),
        (
            "RATELIMIT_STORAGE_URI = 'nothing://:secret@host'",
            [
                "problem  login limit: RATELIMIT_STORAGE_URI (nothing…) cannot be used: "
                "unknown storage scheme : the URI; correct it in webserver_config.py"
            ],
        ),
        (
            "JWT_SECRET_KEY = 12345",
            ["problem  JWT_SECRET_KEY: is of the type int; give a text of at least 32 random characters"],
        ),
        ("SECRET_KEY = 'short'", ["problem  SECRET_KEY: has 5 characters; take at least 32 random ones"]),
        (
            "JWT_ACCESS_TOKEN_EXPIRES = '15m'",
            ["problem  JWT_ACCESS_TOKEN_EXPIRES: is '15m', no time that a token could live; set a timedelta"],
        ),
        (
            "JWT_REFRESH_TOKEN_EXPIRES = -5",
            ["problem  JWT_REFRESH_TOKEN_EXPIRES: is -5, no time that a token could live; set a timedelta"],
        ),
        (
            "AUTH_TYPE = 2",
            [
                "problem  AUTH_TYPE: is LDAP and AUTH_LDAP_SERVER is not set, without which the webserver does not "
                "start; set it to the server's URL, such as ldaps://ldap.example.org"
            ],
        ),
        (
            "AUTH_TYPE = 'AUTH_DB'",
            [
                "problem  AUTH_TYPE: is 'AUTH_DB', none of Flask-AppBuilder's numbers; "
                "import it: from flask_appbuilder.const import AUTH_DB"
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_webserver_config(tmp_path: Path, monkeypatch, config: str, lines: list[str]):
    """What webserver_config.py sets that stops the webserver, a login or a token is a problem; no password is shown."""
    path = tmp_path / "webserver_config.py"
    path.write_text(config)
    monkeypatch.setenv("AIRFLOW__WEBSERVER__CONFIG_FILE", str(path))
    found = [str(finding) for finding in look("webserver_config.py", "login limit", "token settings", "password login")]
    assert found == [line.replace("PATH", str(path)) for line in lines]


def test_a_webserver_config_that_is_a_folder(tmp_path: Path, monkeypatch):
    """A folder in the place of webserver_config.py leaves FAB's defaults, which nobody meant."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__CONFIG_FILE", str(tmp_path))
    assert [str(finding) for finding in look("webserver_config.py")] == [
        f"problem  {tmp_path}: is not a file, so that FAB's defaults hold; put the file there"
    ]


# --- the database


def test_a_database_of_another_airflow(app, session):
    """A database that was not migrated since Airflow was updated is a problem."""
    from airflow import __version__

    (head,) = session.execute("SELECT version_num FROM alembic_version").one()
    session.execute("UPDATE alembic_version SET version_num = 'another'")
    session.commit()
    try:
        assert [str(finding) for finding in look("database", "permission", "heartbeats")] == [
            f"problem  database: its tables are another Airflow's than {__version__}; "
            "run `airflow db migrate` with the newest Airflow that uses it"
        ]
    finally:
        session.execute("UPDATE alembic_version SET version_num = :head", {"head": head})
        session.commit()


# --- what is so broken that Airflow does not start: processes of their own

_DOCTOR = "import sys; from openmetadata_airflow_apis.cli import main; sys.exit(main(['doctor', '--quiet']))"
# root reads everything; without its capabilities it is a user as any other
_WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
_OTHER_USER = 65534

Break = Callable[[Path], dict[str, str]]


def written(name: str, content: bytes | str) -> Break:
    def make(home: Path) -> dict[str, str]:
        data = content if isinstance(content, bytes) else content.encode()
        (home / name).write_bytes(data)
        return {}

    return make


def database(url: str) -> Break:
    return lambda _: {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}


def locked(*names: str) -> Break:
    """Make files and folders another user's, and closed to everybody else."""

    def make(home: Path) -> dict[str, str]:
        for name in names:
            (home / name).chmod(0)
            if _WITHOUT_RIGHTS:
                os.chown(home / name, _OTHER_USER, _OTHER_USER)
        return {}

    return make


CORRECT_URL = "correct it: dialect+driver://user:password@host/name"
BROKEN: dict[str, tuple[Break, list[str]]] = {
    "a driver that is not installed": (
        database("mysql+mysqlconnector://user:secret@host/airflow"),
        [
            "[database] sql_alchemy_conn: names a driver that is not installed (No module named 'mysql'); "
            "pip install mysql-connector-python, or name a driver that is installed"
        ],
    ),
    "a database that nobody knows": (
        database("oracl://user:secret@host/airflow"),
        [f"[database] sql_alchemy_conn: cannot be used (Can't load plugin: sqlalchemy.dialects:oracl); {CORRECT_URL}"],
    ),
    "a URL that is none": (
        database("postgresql:/user:secret@host/airflow"),
        [
            "[database] sql_alchemy_conn: cannot be used (Could not parse SQLAlchemy URL from string "
            f"'postgresql:/user:…@host/airflow'); {CORRECT_URL}",
        ],
    ),
    "an airflow.cfg without a section": (
        written("airflow.cfg", "dags_folder = /srv/dags\n"),
        [
            "airflow.cfg: cannot be read (File contains no section headers. file: '{home}/airflow.cfg', line: 1 "
            "'dags_folder = /srv/dags\\n'); correct the file that AIRFLOW_CONFIG or AIRFLOW_HOME names"
        ],
    ),
    "an airflow.cfg with a section twice": (
        written("airflow.cfg", "[core]\n[core]\n"),
        [
            "airflow.cfg: cannot be read (While reading from '{home}/airflow.cfg' [line 2]: section 'core' already "
            "exists); correct the file that AIRFLOW_CONFIG or AIRFLOW_HOME names"
        ],
    ),
    "an airflow.cfg that is not UTF-8": (
        written("airflow.cfg", b"[core]\nx = \xff\n"),
        [
            "airflow.cfg: cannot be read ('utf-8' codec can't decode byte 0xff in position 11: invalid start byte); "
            "correct the file that AIRFLOW_CONFIG or AIRFLOW_HOME names"
        ],
    ),
    "folders that are another user's": (
        locked("dags", "dag_generated_configs", "dag_managed_operators"),
        [
            "dags folder: {home}/dags cannot be written to by this user; give it to the webserver's user",
            "dag_generated_configs: {home}/dag_generated_configs cannot be written to by this user; "
            "give it to the webserver's user",
            "dag_managed_operators: {home}/dag_managed_operators cannot be read by this user; "
            "give it to the webserver's user",
        ],
    ),
    "files that are another user's": (
        lambda home: {
            **written("dag_generated_configs/nightly.json", "{}")(home),
            **locked("dag_managed_operators/checks.py", "dag_generated_configs/nightly.json")(home),
        },
        [
            "dag_managed_operators: {home}/dag_managed_operators/checks.py cannot be read by this user; make the files "
            "readable for the users of the webserver, the DAG processor and the workers",
            "deployed definitions: {home}/dag_generated_configs/nightly.json cannot be read by this user; "
            "give it to the webserver's user, readable for the DAG processor's and the workers'",
        ],
    ),
    "a template that is another user's": (
        lambda home: {**locked("dag_runner.j2")(home), f"{OPTION}DAG_RUNNER_TEMPLATE": f"{home}/dag_runner.j2"},
        [
            "dag_runner_template: {home}/dag_runner.j2 cannot be read: Permission denied; leave the option out, which "
            f"uses {dag_runner_template_path()}, or start from a copy of that one"
        ],
    ),
    "a database file that is another user's": (
        locked("airflow.db"),
        [
            "database: cannot be asked ((sqlite3.OperationalError) unable to open database file); "
            "start it, then `airflow db migrate`"
        ],
    ),
    "a folder of logs that is another user's": (
        lambda home: {**locked("logs")(home), **database("sqlite:////nowhere.db")(home)},
        [
            "Airflow: does not start for this user ([Errno 13] Permission denied: '{home}/logs/scheduler/DATE'); "
            "give the file to the user that runs Airflow"
        ],
    ),
    "an option with a percent sign": (
        written("airflow.cfg", "[openmetadata_airflow_apis]\ndag_generated_configs = /srv/100%/configs\n"),
        [
            "section: [openmetadata_airflow_apis] dag_generated_configs has a % in it; write it twice: %%; "
            "correct it in airflow.cfg or the environment",
        ],
    ),
    "a webserver_config.py that is another user's": (
        lambda home: {**written("webserver_config.py", "")(home), **locked("webserver_config.py")(home)},
        ["{home}/webserver_config.py: fails: PermissionError(13, 'Permission denied'); correct the file"],
    ),
    "nothing": (lambda _: {}, []),
}


def run_python(home: Path, program: str, *before: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program with an AIRFLOW_HOME of its own, on SQLite whatever the other tests run on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return subprocess.run(
        [*before, sys.executable, "-W", "ignore", "-c", program],
        env={**environment, **airflow_home.environment(home), **settings},
        cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory, database_cache: Path) -> Path:
    """An installation that a webserver has been started in."""
    home = tmp_path_factory.mktemp("well")
    for folder in ("dags", "dag_generated_configs", "dag_managed_operators", "logs"):
        (home / folder).mkdir(mode=0o750)
    for file in ("airflow.cfg", "dag_managed_operators/checks.py"):
        (home / file).touch()
    shutil.copy(dag_runner_template_path(), home / "dag_runner.j2")
    airflow_home.create_sqlite_database(home, database_cache)
    started = run_python(home, "from airflow.www.app import create_app; create_app()")
    assert started.returncode == 0, started.stderr
    return home


@pytest.fixture(scope="module")
def said(well: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str, int]]:
    """What doctor said of each broken installation: its home, what was printed and the exit code; three at a time."""

    def doctor_of(name: str) -> tuple[Path, str, int]:
        home = tmp_path_factory.mktemp("broken") / "home"
        shutil.copytree(well, home)
        done = run_python(home, _DOCTOR, *_WITHOUT_RIGHTS, **BROKEN[name][0](home))
        return home, done.stdout + done.stderr, done.returncode

    with ThreadPoolExecutor(3) as pool:
        return dict(zip(BROKEN, pool.map(doctor_of, BROKEN)))


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_start(said, name: str):
    """An installation in which Airflow itself cannot start is one line a fault, with no traceback and no password."""
    home, printed, code = said[name]
    lines = [line.replace("{home}", str(home)) for line in BROKEN[name][1]]
    if not any(line.startswith(("[database]", "database", "airflow.cfg", "Airflow")) for line in lines):
        lines.append("scheduler: it never ran with this database; start `airflow scheduler`")
    summary = f"openmetadata-airflow-apis {__version__}: {len(lines)} problem(s), "
    *problems, last = re.sub(r"\d{4}-\d\d-\d\d", "DATE", printed).splitlines()
    assert problems == [f"problem  {line}" for line in lines]
    assert last.startswith(summary)
    assert code == 1
