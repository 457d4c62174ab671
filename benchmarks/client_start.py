"""What the client costs a CI job: how long `managed-dags` takes to start, and what its installation brings.

Each command is started in an environment that has the client's wheel and its requirements alone, beside an empty Python
and beside `airflow version` of this environment. Figures are medians of RUNS processes, in the processor's time.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from figures import note

from support.light_environment import CHECKOUT, closure, make_light_environment, requirements_of

RUNS = 11
GOALS = {"managed-dags --help": 0.3}
WORKFLOW = str(CHECKOUT / "examples" / "workflows" / "nightly.yaml")


def seconds(*command: str) -> float:
    """Return the processor time of one process, its imports' compiled files being there."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    subprocess.run(command, env=clean, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the medians, the number of packages and their size."""
    with tempfile.TemporaryDirectory() as folder:
        program = make_light_environment(Path(folder))
        (wheel,) = Path(folder).glob("*.whl")
        python = str(program.parent / "python")
        for name, command in {
            "python -c pass": (python, "-c", "pass"),
            "managed-dags --help": (str(program), "--help"),
            "managed-dags validate nightly.yaml": (str(program), "validate", WORKFLOW),
            "airflow version": (str(Path(sys.executable).with_name("airflow")), "version"),
        }.items():
            runs = [seconds(*command) for _ in range(RUNS + 1)][1:]  # the first one compiles
            print(f"{name:36} {statistics.median(runs):6.2f} s")
            note(name, statistics.median(runs), GOALS.get(name), "s")
        files = [path for path in (program.parents[1] / "lib").rglob("*") if path.is_file() and path.suffix != ".pyc"]
        size = sum(path.stat().st_size for path in files) / 1e6
        print(f"{len(closure(requirements_of(wheel))) + 1} packages, {size:.1f} MB")


if __name__ == "__main__":
    main()
