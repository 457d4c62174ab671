"""`make demo` is stopped in every way there is, at every stage: nothing of it runs on, and the next start works."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "COV_"))},
    "PYTHON": sys.executable,
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of what the demo needs, with the tests' own environment in place of one that takes a minute to make."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("scripts", "examples", "constraints"):
        shutil.copytree(CHECKOUT / name, folder / name)
    for name in ("pyproject.toml", "Makefile"):
        shutil.copy(CHECKOUT / name, folder / name)
    many_tasks(folder / "examples" / "nightly_catalogue.json")
    environment = folder / ".demo" / "venv"
    environment.mkdir(parents=True)
    (environment / "bin").symlink_to(Path(sys.executable).parent)
    # What scripts/make_environment writes when it has made one, in its own words.
    script = (folder / "scripts" / "make_environment").read_text()
    made_from = script[script.index("made_from=") : script.index("if [[ -f $folder/made_from")]
    arguments = ["apache-airflow==2.11.2", "--editable", "."]
    program = (
        f"python=$PYTHON constraints=constraints/airflow-2.11.2.txt\n{made_from}\n"
        'printf "%s\\n" "$made_from" >.demo/venv/made_from'
    )
    subprocess.run(["bash", "-c", program, "bash", *arguments], cwd=folder, env=ENVIRONMENT, check=True)
    yield folder
    for process in processes_of(folder):
        process.kill()


def many_tasks(example: Path) -> None:
    """Give the demo's workflow tasks that keep the scheduler busy."""
    body = json.loads(example.read_text())
    (dag,) = body["workflow"]["dag_config"].values()
    for index in range(20):
        dag["tasks"][f"busy_{index}"] = {
            "operator": "airflow.operators.bash.BashOperator",
            "bash_command": "sleep 600 & sleep 1",
        }
    example.write_text(json.dumps(body))


def processes_of(checkout: Path) -> list[psutil.Process]:
    """What runs of a demo in this checkout: whatever has its AIRFLOW_HOME, or runs in it."""
    found = []
    for process in psutil.process_iter():
        try:
            home = process.environ().get("AIRFLOW_HOME", "")
            if home.startswith(str(checkout)) or process.cwd().startswith(str(checkout)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def as_in_a_terminal() -> None:
    """Heed the signals that nohup and a shell's background ignore: bash traps none that was ignored when it began."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def start(checkout: Path, printed: Path) -> subprocess.Popen[bytes]:
    """Start a demo in a session of its own; what it prints goes to a file."""
    with printed.open("wb") as output:
        return subprocess.Popen(
            [checkout / "scripts" / "demo"],
            cwd=checkout, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
            preexec_fn=as_in_a_terminal,
        )  # fmt: skip


def poll(condition: Callable[[], object], what: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}, in vain"
        time.sleep(0.1)


def to_the_script(number: int) -> Callable[[subprocess.Popen[bytes]], None]:
    return lambda demo: demo.send_signal(number)


def ctrl_c(demo: subprocess.Popen[bytes]) -> None:
    """What a terminal does: everything in the foreground gets the signal."""
    os.killpg(demo.pid, signal.SIGINT)


def ctrl_c_twice(demo: subprocess.Popen[bytes]) -> None:
    """Somebody who has no patience."""
    ctrl_c(demo)
    time.sleep(0.5)
    ctrl_c(demo)


BUSY = "The scheduler runs five tasks"


@pytest.mark.parametrize(
    ("line", "stop"),
    [
        pytest.param("2. An AIRFLOW_HOME", to_the_script(signal.SIGKILL), id="killed while the database is made"),
        pytest.param("3. Webserver and scheduler", to_the_script(signal.SIGHUP), id="its terminal closed at the start"),
        pytest.param("3. Webserver and scheduler", to_the_script(signal.SIGTERM), id="terminated at the start"),
        pytest.param(BUSY, to_the_script(signal.SIGKILL), id="killed in a run"),
        pytest.param(BUSY, ctrl_c_twice, id="Ctrl-C, twice, in a run"),
    ],
)
def test_nothing_runs_on_and_the_next_start_works(checkout: Path, tmp_path: Path, line: str, stop):
    """However a demo ends, all of its processes end within seconds; each case here is also the start after the last."""
    printed = tmp_path / "printed"
    demo = start(checkout, printed)
    poll(lambda: line in printed.read_text() or demo.poll() is not None, line)
    assert demo.poll() is None, printed.read_text()
    if line == BUSY:
        poll(lambda: list((checkout / ".demo/airflow/logs").glob("dag_id=*/*/task_id=busy_*")), "a task that is busy")
    stop(demo)
    demo.wait(30)
    poll(lambda: not processes_of(checkout), "the end of all processes", seconds=30)


def test_a_second_demo_beside_one_that_runs_is_refused(checkout: Path, tmp_path: Path):
    """A demo that runs is left alone: the second one says so and which process it is."""
    demos = [start(checkout, tmp_path / name) for name in ("first", "second")]
    poll(lambda: any(demo.poll() is not None for demo in demos), "one of them to be refused")
    refused, running = sorted(demos, key=lambda demo: demo.poll() is None)
    printed = (tmp_path / ("first" if refused is demos[0] else "second")).read_text()
    sentence = f"Another demo runs in this checkout, as process {running.pid}; stop it first."
    assert (refused.returncode, printed.splitlines()[-1]) == (1, sentence)
    assert running.poll() is None
    running.terminate()
    running.wait(30)
    poll(lambda: not processes_of(checkout), "the end of all processes", seconds=30)
