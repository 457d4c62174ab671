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


def test_the_new_folder_is_new(folder: Path, capsys):
    """A folder that has something in it is not written to."""
    assert run("migrate", "dag-factory", str(folder), "--to", str(folder)) == 2
    assert "is not empty" in capsys.readouterr().err


def test_each_path_of_the_corpus_is_changed(tmp_path: Path):
    """Whatever key names a file by a path of one machine, a path of here stands there afterwards."""
    from managed_dags_cli.workflow_files import read_files

    def paths_at_fault(file: Path) -> int:
        (item,) = read_files([str(file)])
        return sum("into dag_managed_operators and write" in fault.detail for fault in item.checked())

    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "a.yaml").write_text(CORPUS.read_text())
    assert paths_at_fault(tmp_path / "dags" / "a.yaml") > 1
    run("migrate", "dag-factory", str(tmp_path / "dags"), "--to", str(tmp_path / "new"))
    assert paths_at_fault(tmp_path / "new" / "workflows" / "a.yaml") == 0
