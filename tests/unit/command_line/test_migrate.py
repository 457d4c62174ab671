"""`migrate dag-factory`: a folder as people have it becomes one that deploys."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2] / "corpus" / "files" / "paths_that_were_right_there.yaml"


def run(*arguments: str) -> int:
    from managed_dags_cli.main import run as run_command

    return run_command(arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two files, whose Python lies in two others under one name."""
    for name in ("shop", "stock"):
        (tmp_path / "code" / name).mkdir(parents=True)
        (tmp_path / "code" / name / "tasks.py").write_text(f"def load():\n    return {name!r}\n")
    (tmp_path / "dags" / "team").mkdir(parents=True)
    (tmp_path / "dags" / "shop.yaml").write_text(f"""\
# The shop's — größer als gestern
shop:
  default_args: {{ owner: a, start_date: 2024-01-01 }}
  tasks:
    load:
      operator: airflow.operators.python_operator.PythonOperator
      python_callable_name: load
      python_callable_file: {tmp_path}/code/shop/tasks.py  # on every machine
    again:
      operator: airflow.operators.python.PythonOperator
      python_callable_name: load
      python_callable_file: "{tmp_path}/code/shop/tasks.py"
""")
    (tmp_path / "dags" / "team" / "stock.yml").write_text("""\
default:
  default_args: { owner: a, start_date: 2024-01-01 }
  on_failure_callback_name: load
  on_failure_callback_file: ${CODE}/stock/tasks.py
stock:
  tasks:
    load:
      operator: airflow.operators.bash.BashOperator
      bash_command: echo
""")
    return tmp_path / "dags"


def test_a_folder_is_brought_over(folder: Path, tmp_path: Path, capsys):
    """Paths become names below dag_managed_operators, the files are copied there, and all else stays as it is."""
    before = {path: path.read_text() for path in folder.rglob("*.y*ml")}
    new = tmp_path / "new"
    assert run("migrate", "dag-factory", str(folder), "--to", str(new), "--variable", f"CODE={tmp_path}/code") == 0
    assert (new / "workflows" / "shop.yaml").read_text() == (
        before[folder / "shop.yaml"]
        .replace(f'"{tmp_path}/code/shop/tasks.py"', "tasks.py")
        .replace(f"{tmp_path}/code/shop/tasks.py", "tasks.py")
    )
    assert (new / "workflows" / "team" / "stock.yml").read_text() == (
        before[folder / "team" / "stock.yml"].replace("${CODE}/stock/tasks.py", "stock_tasks.py")
    )
    copied = {path.name: path.read_text() for path in (new / "dag_managed_operators").iterdir()}
    assert copied == {
        "tasks.py": "def load():\n    return 'shop'\n",
        "stock_tasks.py": "def load():\n    return 'stock'\n",
    }
    assert {path: path.read_text() for path in folder.rglob("*.y*ml")} == before
    assert "2 files, 2 paths changed, 0 things left to do" in capsys.readouterr().err
    assert run("validate", *map(str, (new / "workflows").rglob("*.y*ml"))) == 0


def test_what_could_not_be_done_is_listed(folder: Path, tmp_path: Path, capsys):
    """A file that is not there, and a fault that no path has to do with, are told with their places; the end is 1."""
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text() + "  shedule: null\n")
    new = tmp_path / "new"
    assert run("migrate", "dag-factory", str(folder), "--to", str(new)) == 1
    told = capsys.readouterr().err
    managed = new / "dag_managed_operators"
    assert f"{new / 'workflows' / 'shop.yaml'}:13:3: /shop/shedule: unknown key 'shedule'" in told
    assert f"${{CODE}}/stock/tasks.py: is not there; copy it to {managed / 'stock_tasks.py'}" in told


@pytest.mark.parametrize("name", ["shop.yaml", "defaults.yml"])
def test_what_is_not_utf_8_is_told_before_anything_is_written(name: str, folder: Path, tmp_path: Path, capsys):
    """A file in another encoding is named with its place; the new folder is not begun."""
    (folder / name).write_bytes("shop:\n  owner: Jürgen\n".encode("latin-1"))
    assert run("migrate", "dag-factory", str(folder), "--to", str(tmp_path / "new")) == 1
    told = capsys.readouterr().err
    assert told == f"{folder / name}:2:11: is not in UTF-8: the byte 0xfc here is no character; save it as UTF-8\n"
    assert not (tmp_path / "new").exists()


def test_own_functions_and_lambdas_become_callable_files(tmp_path: Path, capsys):
    """A function at a dotted path of a given folder is copied, a lambda is written down; an own class is told."""
    (tmp_path / "lib" / "shop").mkdir(parents=True)
    (tmp_path / "lib" / "shop" / "etl.py").write_text("def load():\n    pass\n\ndef store():\n    pass\n")
    (tmp_path / "lib" / "shop" / "__init__.py").write_text("class Load:\n    pass\n")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "shop.yml").write_text("""\
shop:
  default_args: {owner: a, start_date: 2024-01-01, on_failure_callback: shop.etl.store}
  tasks:
    load:  # at night
      operator: airflow.operators.python.PythonOperator
      python_callable: shop.etl.load  # ours
      op_kwargs: {path: shop.csv}
    is-there:
      operator: airflow.providers.http.sensors.http.HttpSensor
      endpoint: orders
      response_check_lambda: 'lambda response, ok="yes": ok in response.text'
      dependencies: [load]
    not-there:
      operator: airflow.providers.http.sensors.http.HttpSensor
      endpoint: orders
      response_check_lambda: >-
        lambda response:
        not response.text
    broken: {operator: airflow.sensors.python.PythonSensor, python_callable_lambda: 'lambda x y: 1'}
    theirs: {operator: airflow.operators.python.PythonOperator, python_callable: other.load}
    own: {operator: shop.Load}
""")
    new = tmp_path / "new"
    arguments = ["--to", str(new), "--python-path", str(tmp_path / "lib")]
    assert run("migrate", "dag-factory", str(tmp_path / "dags"), *arguments) == 1
    assert (
        (new / "workflows" / "shop.yml").read_text()
        == """\
shop:
  default_args: {owner: a, start_date: 2024-01-01, on_failure_callback_name: store, on_failure_callback_file: etl.py}
  tasks:
    load:  # at night
      operator: airflow.operators.python.PythonOperator
      python_callable_name: load
      python_callable_file: etl.py  # ours
      op_kwargs: {path: shop.csv}
    is-there:
      operator: airflow.providers.http.sensors.http.HttpSensor
      endpoint: orders
      response_check_name: is_there_response_check
      response_check_file: shop_functions.py
      dependencies: [load]
    not-there:
      operator: airflow.providers.http.sensors.http.HttpSensor
      endpoint: orders
      response_check_name: not_there_response_check
      response_check_file: shop_functions.py
    broken: {operator: airflow.sensors.python.PythonSensor, python_callable_lambda: 'lambda x y: 1'}
    theirs: {operator: airflow.operators.python.PythonOperator, python_callable: other.load}
    own: {operator: shop.Load}
"""
    )
    managed = {path.name: path.read_text() for path in (new / "dag_managed_operators").iterdir()}
    assert managed == {
        "etl.py": "def load():\n    pass\n\ndef store():\n    pass\n",
        "shop_functions.py": "def is_there_response_check(response, ok='yes'):\n    return ok in response.text\n\n\n"
        "def not_there_response_check(response):\n    return not response.text\n",
    }
    told = capsys.readouterr().err
    file = new / "workflows" / "shop.yml"
    assert f"{file}:22:21: /shop/tasks/own/operator: 'shop.Load' is your own class: install its package" in told
    assert f"{file}:20:61: /shop/tasks/broken/python_callable_lambda: lambdas are not accepted" in told
    assert "1 files, 1 paths changed, 2 things left to do" in told


def test_defaults_of_the_folders_go_into_each_file(tmp_path: Path, capsys):
    """What defaults.yml of a folder and of those above it holds is in each file's default block, the nearest first."""
    dags = tmp_path / "dags"
    (dags / "team").mkdir(parents=True)
    (dags / "defaults.yml").write_text("default_args: {owner: all, retries: 1}\nschedule: '@daily'\ntags: [a, z]\n")
    (dags / "team" / "defaults.yaml").write_text("default_args:\n  retries: 2\ntags: [b, a]\n")
    tasks = "  tasks:\n    one: {operator: airflow.operators.empty.EmptyOperator}\n"
    plain = f"plain:  # the first\n  default_args: {{start_date: 2024-01-01}}\n{tasks}"
    (dags / "plain.yml").write_text(f"# Ours\n---\n{plain}")
    (dags / "team" / "own.yml").write_text(
        "default:\n  default_args:\n    owner: me # him\n    start_date: 2024-01-01\n  schedule: '@hourly'\n"
        f"  catchup: false\n# Below\nown:\n{tasks}"
    )
    (dags / "team" / "anchors.yml").write_text(f"default: &d\n  catchup: false\nanchors:\n  <<: *d\n{tasks}")
    new = tmp_path / "new"
    assert run("migrate", "dag-factory", str(dags), "--to", str(new)) == 1
    written = {path.name: path.read_text() for path in (new / "workflows").rglob("*.y*ml")}
    assert written == {
        "plain.yml": "# Ours\n---\ndefault:\n  default_args: {owner: all, retries: 1}\n  schedule: '@daily'\n"
        f"  tags: [a, z]\n{plain}",
        "own.yml": "default:\n  default_args:\n    owner: me\n    retries: 2\n    start_date: 2024-01-01\n"
        f"  schedule: '@daily'\n  tags: [a, b, z]\n  catchup: false\n# Below\nown:\n{tasks}",
        "anchors.yml": f"default: &d\n  catchup: false\nanchors:\n  <<: *d\n{tasks}",
    }
    told = capsys.readouterr().err
    assert f"{new / 'workflows' / 'team' / 'anchors.yml'}:1:1: /default: has anchors" in told
    assert "write the content of defaults.yml into it by hand" in told


def test_the_new_folder_is_new(folder: Path, capsys):
    """A folder that has something in it is not written to."""
    assert run("migrate", "dag-factory", str(folder), "--to", str(folder)) == 2
    assert "is not empty" in capsys.readouterr().err


def test_each_path_of_the_corpus_is_changed(tmp_path: Path):
    """Whatever key names a file by a path of one machine, a path of here stands there afterwards; `..` alone stays."""
    from managed_dags_cli.file_requests import read_files

    def paths_at_fault(file: Path) -> list[str]:
        (item,) = read_files([str(file)])
        return [fault.pointer for fault in item.checked() if "into dag_managed_operators and write" in fault.detail]

    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "a.yaml").write_text(CORPUS.read_text())
    assert len(paths_at_fault(tmp_path / "dags" / "a.yaml")) > 1
    run("migrate", "dag-factory", str(tmp_path / "dags"), "--to", str(tmp_path / "new"))
    assert paths_at_fault(tmp_path / "new" / "workflows" / "a.yaml") == ["/paths/tasks/up/python_callable_file"]


def test_what_only_looks_like_a_path_stays(tmp_path: Path, capsys):
    """A schedule that begins with a slash is at fault, and nobody makes another schedule of it; so is a time zone."""
    (tmp_path / "dags").mkdir()
    text = (
        'looks:\n  schedule: "/5 * * * *"\n  timezone: $TZ/Berlin\n  start_date: 2024-01-01\n  tasks:\n'
        "    one: {operator: airflow.operators.empty.EmptyOperator}\n"
    )
    (tmp_path / "dags" / "looks.yml").write_text(text)
    assert run("migrate", "dag-factory", str(tmp_path / "dags"), "--to", str(tmp_path / "new")) == 1
    assert (tmp_path / "new" / "workflows" / "looks.yml").read_text() == text
    told = capsys.readouterr().err
    assert "/looks/schedule: '/5 * * * *' is no cron expression" in told
    assert "/looks/timezone: '$TZ/Berlin' is no IANA time zone" in told
    assert "is not there" not in told


def test_a_relative_path_is_left_to_the_user(tmp_path: Path, monkeypatch, capsys):
    """dag-factory refuses a relative path, so that none is looked for where the command happens to be started."""
    elsewhere = tmp_path / "elsewhere" / "below"
    elsewhere.mkdir(parents=True)
    (elsewhere.parent / "etl.py").write_text("def load():\n    return 'another'\n")
    (tmp_path / "dags" / "team").mkdir(parents=True)
    (tmp_path / "dags" / "etl.py").write_text("def load():\n    return 'ours'\n")
    text = """\
etl:
  start_date: 2024-01-01
  schedule: {file: ../datasets.yml, datasets: [orders]}
  tasks:
    load:
      operator: airflow.operators.python.PythonOperator
      python_callable_name: load
      python_callable_file: ../etl.py
"""
    (tmp_path / "dags" / "team" / "etl.yml").write_text(text)
    monkeypatch.chdir(elsewhere)
    new = tmp_path / "new"
    assert run("migrate", "dag-factory", str(tmp_path / "dags"), "--to", str(new)) == 1
    file = new / "workflows" / "team" / "etl.yml"
    assert file.read_text() == text
    assert not (new / "dag_managed_operators").exists()
    leaves = "leaves dag_managed_operators: copy ../{0} into dag_managed_operators and write {0}"
    assert capsys.readouterr().err.splitlines() == [
        f"{file}:3:14: /etl/schedule/file: '../datasets.yml' {leaves.format('datasets.yml')}",
        f"{file}:8:7: /etl/tasks/load/python_callable_file: '../etl.py' {leaves.format('etl.py')}",
        "1 files, 0 paths changed, 2 things left to do",
    ]


def test_a_file_of_datasets_that_a_relative_path_names_is_left_to_copy(tmp_path: Path, capsys):
    """dag-factory has it from where its DAG processor is started, which nobody knows here: it is listed, each once."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "lake.yml").write_text("datasets: [{name: orders, uri: 's3://lake/orders'}]\n")
    (tmp_path / "dags" / "etl.yml").write_text(f"""\
default:
  schedule: {{file: datasets.yml, datasets: [orders]}}
etl:
  start_date: 2024-01-01
  tasks:
    load:
      operator: airflow.operators.bash.BashOperator
      bash_command: echo
      inlets: {{file: {tmp_path}/lake.yml, datasets: [orders]}}
      outlets: {{file: lake/out.yml, datasets: [orders]}}
      env: {{file: notes.yml}}
""")
    new = tmp_path / "new"
    assert run("migrate", "dag-factory", str(tmp_path / "dags"), "--to", str(new)) == 1
    file = new / "workflows" / "etl.yml"
    advice = "copy {0} to dag_managed_operators/{0}; dag-factory has it from the directory in which the DAG processor"

    assert capsys.readouterr().err.splitlines() == [
        f"{file}:2:20: /default/schedule/file: {advice.format('datasets.yml')} is started",
        f"{file}:10:23: /etl/tasks/load/outlets/file: {advice.format('lake/out.yml')} is started",
        "1 files, 1 paths changed, 2 things left to do",
    ]
    assert [path.name for path in (new / "dag_managed_operators").iterdir()] == ["lake.yml"]
