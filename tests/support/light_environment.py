"""The client's wheel in an environment of its own, with what it requires and nothing else.

The files of the required distributions are those of the tests' environment, copied as pip would have put them there:
no index is asked, and what the client would miss without Airflow is missing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

CHECKOUT = Path(__file__).parents[2]
CLIENT = CHECKOUT / "client"
_RUN = """#!{python}
import sys
from managed_dags_cli.main import main
sys.exit(main())
"""


def build_wheel(folder: Path) -> Path:
    """Build the client's wheel from this checkout, into the folder; return its path."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=CLIENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("managed_dags_cli-*.whl")
    return wheel


def requirements_of(wheel: Path) -> list[str]:
    """Return the requirements that a wheel's metadata has."""
    with zipfile.ZipFile(wheel) as packed:
        (metadata,) = [name for name in packed.namelist() if name.endswith(".dist-info/METADATA")]
        lines = packed.read(metadata).decode().splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist: ")]


def closure(requirements: list[str]) -> set[str]:
    """Return the names of the distributions that these requirements bring, as they are installed here."""
    names: set[str] = set()
    waiting = [Requirement(requirement) for requirement in requirements]
    while waiting:
        requirement = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        installed = distribution(requirement.name)
        assert requirement.specifier.contains(installed.version, prereleases=True), (requirement, installed.version)
        name = installed.metadata["Name"].lower().replace("_", "-")
        if name not in names:
            names.add(name)
            waiting += [Requirement(required) for required in installed.requires or ()]
    return names


def make_light_environment(folder: Path) -> Path:
    """Make a virtual environment with the client alone; return the path of its `managed-dags`."""
    wheel = build_wheel(folder)
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    for name in closure(requirements_of(wheel)):
        for file in distribution(name).files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), site / file)
    program = environment / "bin" / "managed-dags"
    program.write_text(_RUN.format(python=environment / "bin" / "python"))
    program.chmod(0o755)
    return program
