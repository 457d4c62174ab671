"""What Airflow keeps of a DAG that does not import: one sentence, the author's own lines, and ours last."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import openmetadata_airflow_apis
from openmetadata_airflow_apis.dagbuild.import_errors import deployment_in, readable
from openmetadata_airflow_apis.dagbuild.stored_document import decode
from support.deployed import write_deployed
from support.versions import called

START = {"$datetime": "2024-01-01T00:00:00+00:00"}
_BASH = "airflow.operators.bash.BashOperator"
_PYTHON = "airflow.operators.python.PythonOperator"


def task(operator: str = _PYTHON, file: str = "boom.py", **arguments: Any) -> dict[str, Any]:
    """A task of the canonical definition that calls `run` of a file, or runs another operator."""
    canonical = {"task_id": "first", "label": "first", "operator": operator, "arguments": arguments, "upstream": []}
    return {**canonical, "callable": {"file": file, "name": "run"}} if operator == _PYTHON else canonical


def in_a_file(line: int, code: str, *, file: str = "boom.py", name: str = "<module>") -> str:
    return f'  File "MANAGED/{file}", line {line}, in {name}\n    {code}\n'


RUN = "def run():\n    pass\n"

# What is wrong → the files of dag_managed_operators, the task, and what is told: the sentence and the author's lines.
CASES: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "a library that is not installed": (
        {"boom.py": "import no_such_lib\n" + RUN},
        task(),
        "task `first`: boom.py, line 1: No module named 'no_such_lib'\n" + in_a_file(1, "import no_such_lib"),
    ),
    "a name that a library has not": (
        {"boom.py": "import os\n\nfrom json import no_such_name\n" + RUN},
        task(),
        "task `first`: boom.py, line 3: cannot import name 'no_such_name' from 'json' (LIBRARY)\n"
        + in_a_file(3, "from json import no_such_name"),
    ),
    "a library in a file that the file imports": (
        {"boom.py": "from .growth.helpers import clean\n" + RUN, "growth/helpers.py": "import no_such_lib\n"},
        task(),
        "task `first`: growth/helpers.py, line 1: No module named 'no_such_lib'\n"
        + in_a_file(1, "from .growth.helpers import clean")
        + in_a_file(1, "import no_such_lib", file="growth/helpers.py"),
    ),
    "a syntax error": (
        {"boom.py": "import os\ndef run(:\n    pass\n"},
        task(),
        "task `first`: boom.py, line 2: SyntaxError: invalid syntax\n"
        '  File "MANAGED/boom.py", line 2\n    def run(:\n            ^\n',
    ),
    "a syntax error in a file that the file imports": (
        {"boom.py": "from .helpers import clean\n" + RUN, "helpers.py": "def clean(:\n    pass\n"},
        task(),
        "task `first`: helpers.py, line 1: SyntaxError: invalid syntax\n"
        + in_a_file(1, "from .helpers import clean")
        + '  File "MANAGED/helpers.py", line 1\n    def clean(:\n              ^\n',
    ),
    "an exception": (
        {"boom.py": "def check():\n    raise ValueError('no\\n\\n  good')\n\ncheck()\n" + RUN},
        task(),
        "task `first`: boom.py, line 2: ValueError: no good\n"
        + in_a_file(4, "check()")
        + in_a_file(2, r"raise ValueError('no\n\n  good')", name="check"),
    ),
    "an exception without words": (
        {"boom.py": "raise RuntimeError\n"},
        task(),
        "task `first`: boom.py, line 1: RuntimeError\n" + in_a_file(1, "raise RuntimeError"),
    ),
    "an exception in a library": (
        {"boom.py": "import json\njson.loads('{')\n" + RUN},
        task(),
        "task `first`: boom.py, line 2: JSONDecodeError: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)\n" + in_a_file(2, "json.loads('{')"),
    ),
    "sys.exit": (
        {"boom.py": "import sys\nsys.exit(3)\n" + RUN},
        task(),
        "task `first`: boom.py, line 2: it calls sys.exit(3)\n" + in_a_file(2, "sys.exit(3)"),
    ),
    "a program that reads its arguments": (
        {"boom.py": "import argparse\nargparse.ArgumentParser().exit(2)\n" + RUN},
        task(),
        "task `first`: boom.py, line 2: it calls sys.exit(2)\n" + in_a_file(2, "argparse.ArgumentParser().exit(2)"),
    ),
    "a recursion": (
        {"boom.py": "def run():\n    return run()\n\nrun()\n"},
        task(),
        "task `first`: boom.py, line 2: RecursionError: maximum recursion depth exceeded\n"
        + in_a_file(2, "return run()", name="run") * 3
        + "  [Previous line repeated 2 more times]\n",
    ),
    "an import that takes too long": (
        {"boom.py": "import time\ntime.sleep(600)\n" + RUN},
        task(),
        "task `first`: boom.py, line 2: it takes longer than [core] dagbag_import_timeout\n"
        + in_a_file(2, "time.sleep(600)"),
    ),
    "a function that is gone": (
        {"boom.py": "def other():\n    pass\n"},
        task(),
        "task `first`: the file 'boom.py' in MANAGED has no function 'run'\n",
    ),
    "a file that is gone": (
        {},
        task(),
        "task `first`: the file 'boom.py' in MANAGED can't be read: [Errno 2] No such file or directory: 'boom.py'\n",
    ),
    "a folder of the file's name": (
        {"boom.py": RUN, "boom/other.py": RUN},
        task(),
        "task `first`: 'boom.py' has a folder of the same name beside it; rename one of them\n",
    ),
    "a callback": (
        {"boom.py": RUN, "alarms.py": "import no_such_lib\n"},
        task(on_failure_callback={"$callback": {"function": {"$callable": {"file": "alarms.py", "name": "alarm"}}}}),
        "task `first`, `on_failure_callback`: alarms.py, line 1: No module named 'no_such_lib'\n"
        + in_a_file(1, "import no_such_lib", file="alarms.py"),
    ),
    "an operator that refuses its arguments": (
        {},
        task(_BASH),
        "task `first`: AirflowException: missing keyword argument 'bash_command'\n",
    ),
    "an operator that is gone": (
        {},
        task("airflow.operators.bash.BashOperater"),
        "task `first`: there is no 'BashOperater' in airflow.operators.bash\n",
    ),
    "an operator whose package is gone": (
        {},
        task("no_such_company.operators.Load"),
        "task `first`: No module named 'no_such_company'\n",
    ),
    "a company's operator that fails": (
        {},
        task("omaa_company.operators.Load"),
        "task `first`: COMPANY/operators.py, line 6: ValueError: no table\n"
        '  File "COMPANY/operators.py", line 6, in __init__\n    raise ValueError("no table")\n',
    ),
}

COMPANY = """from airflow.models.baseoperator import BaseOperator

class Load(BaseOperator):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        raise ValueError("no table")
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch):
    """What Airflow keeps of a definition that does not import, once it has parsed the deployed file."""
    managed, company = tmp_path / "managed", tmp_path / "packages" / "omaa_company"
    company.mkdir(parents=True)
    (company / "__init__.py").touch()
    (company / "operators.py").write_text(COMPANY)
    monkeypatch.syspath_prepend(str(company.parent))
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_MANAGED_OPERATORS", str(managed))
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "1")

    def keep(files: dict[str, str], definition: dict[str, Any]) -> str:
        from airflow.models.dagbag import DagBag

        for name, content in files.items():
            (managed / name).parent.mkdir(parents=True, exist_ok=True)
            (managed / name).write_text(content)
        managed.mkdir(exist_ok=True)
        whole = {"dag_id": "broken", "tasks": [], **definition}
        write_deployed({**whole, "dag": {"schedule": None, "start_date": START, **definition.get("dag", {})}}, tmp_path)
        (error,) = DagBag(str(tmp_path / "dags"), include_examples=False).import_errors.values()
        return error

    yield keep
    for name in [name for name in sys.modules if name.startswith("omaa_company")]:
        del sys.modules[name]


def in_place(text: str, tmp_path: Path) -> str:
    places = {"MANAGED": tmp_path / "managed", "COMPANY": tmp_path / "packages/omaa_company", "LIBRARY": json.__file__}
    for word, path in places.items():
        text = text.replace(word, str(path))
    return text


def without_marks(text: str) -> str:
    """Without the marks under a line of code that newer Pythons print, where they are ours."""
    return re.sub(r"\n +[~^]+(?=\n)", "", text)


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_comes_first_and_then_the_authors_lines(kept, tmp_path: Path, name: str):
    """Whatever an author's file fails with: task, file, line and reason come first, then the author's own lines."""
    files, broken, told = CASES[name]
    text = kept(files, {"tasks": [broken]})
    told = in_place(told, tmp_path)
    sentence = told.splitlines()[0]
    first, last = text.split("\n\nThe above exception was the direct cause of the following exception:\n\n")
    assert first == f"openmetadata_airflow_apis.errors.DagNotBuilt: {told.rstrip()}"
    loader = Path(openmetadata_airflow_apis.__file__).parent / "dagbuild" / "dag_file_loader.py"
    lines = loader.read_text().splitlines()
    at = next(index for index, line in enumerate(lines) if "raise failure" in line)
    assert without_marks(last) == (
        "Traceback (most recent call last):\n"
        f'  File "{tmp_path}/dags/broken.py", line 8, in <module>\n'
        f"    dag = load_dag('broken', '{tmp_path}/configs/broken.json')\n"
        f'  File "{loader}", line {at + 1}, in load_dag\n'
        f"    {lines[at].strip()}\n"
        f"openmetadata_airflow_apis.errors.DagNotBuilt: {sentence} [deployment {deployment_in(text)}]\n"
    )
    record = tmp_path / "configs" / "broken.json"
    assert deployment_in(text) == decode(record.read_bytes(), str(record)).mark
    assert readable(text) == told.rstrip()


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        (
            {"dag": {"on_failure_callback": {"$callable": {"file": "boom.py", "name": "run"}}}},
            "`on_failure_callback` of the DAG: boom.py, line 1: No module named 'no_such_lib'",
        ),
        (
            {"dag": {"start_date": 7}},
            "AttributeError: 'int' object has no attribute 'tzinfo'",
        ),
        (
            {"task_groups": [{"group_id": "outer", "label": "outer", "arguments": {"tool_tip": "x"}}]},
            f"task group `outer`: TypeError: {called('TaskGroup.__init__')}() got an unexpected keyword argument 'tool_tip'",
        ),
        (
            {"tasks": [{**task(_BASH, bash_command="true"), "upstream": ["second"]}]},
            "task `first`: there is no task 'second'",
        ),
    ],
)
def test_a_place_is_named_as_its_author_named_it(kept, definition: dict[str, Any], sentence: str):
    """A key of the DAG, a task group and a task are named by their names, never by an index into a list."""
    text = kept({"boom.py": "import no_such_lib\n"}, definition)
    assert readable(text).splitlines()[0] == sentence


def test_a_damaged_document_is_told_first(kept, tmp_path: Path):
    """What is wrong with the stored definition comes first, too."""
    from airflow.models.dagbag import DagBag

    write_deployed({"dag_id": "broken", "dag": {}, "tasks": []}, tmp_path)
    document = tmp_path / "configs" / "broken.json"
    document.write_text("{")
    (text,) = DagBag(str(tmp_path / "dags"), include_examples=False).import_errors.values()
    assert text.startswith(f"openmetadata_airflow_apis.errors.DamagedDocument: {document}: is not JSON (")
    assert readable(text).startswith(f"{document}: is not JSON (")
    assert len(readable(text).splitlines()) == 1


def test_ctrl_c_is_not_held_up(kept, monkeypatch):
    """Ctrl-C, and what Airflow raises as a signal comes, end a parse as they end any other."""
    with pytest.raises(KeyboardInterrupt):
        kept({"boom.py": "raise KeyboardInterrupt\n"}, {"tasks": [task()]})
    stop = "from airflow.models import taskinstance\nexec('import sys; sys.exit(0)', vars(taskinstance))\n"
    with pytest.raises(SystemExit):
        kept({"boom.py": stop}, {"tasks": [task()]})


@pytest.mark.parametrize(
    ("stacktrace", "told"),
    [
        ("NameError: name 'x' is not defined", "NameError: name 'x' is not defined"),
        ("", ""),
        (
            'Traceback (most recent call last):\n  File "/dags/x.py", line 6, in <module>\n'
            "    from openmetadata_airflow_apis.dagbuild import load_dag\n"
            "ModuleNotFoundError: No module named 'openmetadata_airflow_apis'\n",
            "ModuleNotFoundError: No module named 'openmetadata_airflow_apis'\n"
            'Traceback (most recent call last):\n  File "/dags/x.py", line 6, in <module>\n'
            "    from openmetadata_airflow_apis.dagbuild import load_dag",
        ),
    ],
)
def test_what_others_files_fail_with(stacktrace: str, told: str):
    """The last line of any other traceback comes first; a text that is none stays as it is."""
    assert readable(stacktrace) == told
