"""The distribution carries everything that the plugin needs, however it is installed."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from openmetadata_airflow_apis import resources

CHECKOUT = Path(__file__).parents[2]
PACKAGE = "openmetadata_airflow_apis"
SPECIFICATION = "openapi/openapi.yaml"
TEMPLATE = "dag_templates/dag_runner.j2"

# What a fresh interpreter says of an installation: where it finds the two files, and what is in them.
_FIND = f"""
import sys
sys.path.insert(0, sys.argv[1])
from {PACKAGE} import resources
for path in (resources.specification_path(), resources.dag_runner_template_path()):
    print(path, len(path.read_bytes()))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    for what in ("sdist", "wheel"):
        done = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--target", what, "--directory", str(folder)],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def found_from(root: Path) -> list[str]:
    """Return what a process that has root on its path finds."""
    done = subprocess.run([sys.executable, "-I", "-c", _FIND, str(root)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def sizes(root: Path) -> list[str]:
    return [f"{root / name} {len((CHECKOUT / name).read_bytes())}" for name in (SPECIFICATION, TEMPLATE)]


def test_wheel_has_specification_and_template(built: Path, tmp_path: Path):
    """A wheel's installation finds the specification and the template inside the package."""
    shutil.unpack_archive(next(built.glob("*.whl")), tmp_path, "zip")
    assert found_from(tmp_path) == sizes(tmp_path / PACKAGE)


def test_sdist_has_specification_and_template(built: Path, tmp_path: Path):
    """An unpacked sdist finds them where a checkout has them, so that a wheel can be built from it."""
    subprocess.run(["tar", "xzf", next(built.glob("*.tar.gz"))], cwd=tmp_path, check=True)
    (root,) = tmp_path.iterdir()
    assert found_from(root / "src") == sizes(root)


def test_checkout_has_specification_and_template():
    """A checkout's src on the path, which is what an editable installation is, finds the checkout's own files."""
    assert found_from(CHECKOUT / "src") == sizes(CHECKOUT)


def test_wheel_has_every_file_of_the_package(built: Path):
    """Nothing of src stays behind: templates, styles and scripts of the page included."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())
    source = CHECKOUT / "src"
    paths = [path.relative_to(source) for path in (source / PACKAGE).rglob("*") if path.is_file()]
    caches = (".", "__pycache__")
    files = {str(path) for path in paths if not any(part.startswith(caches) for part in path.parts)}
    assert f"{PACKAGE}/plugin.py" in files
    assert files - packed == set()


def test_wheel_has_nothing_but_the_package(built: Path):
    """An installation puts one package into site-packages, and no tests or examples beside it."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {PACKAGE}


def test_readme_of_the_wheel_has_no_link_that_leads_nowhere(built: Path):
    """What PyPI shows is the README, without links and pictures that are relative to a repository."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        (metadata,) = [wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    assert "Description-Content-Type: text/markdown" in metadata
    assert "## The first deploy" in metadata
    assert re.findall(r"\]\((?!https?:)", metadata) == []


def test_readme_of_the_wheel_leads_to_the_repository_where_that_is_known():
    """With an address its links lead to the files of the release."""
    readme_for_pypi = runpy.run_path(str(CHECKOUT / "hatch_build.py"))["readme_for_pypi"]
    text = "[`the` spec](openapi/openapi.yaml), ![a page](docs/a.png), [there](https://example.org) [here](#x)"
    assert readme_for_pypi(text, "https://example.org/x", "1.0.0") == (
        "[`the` spec](https://example.org/x/blob/v1.0.0/openapi/openapi.yaml), "
        "![a page](https://example.org/x/raw/v1.0.0/docs/a.png), [there](https://example.org) [here](#x)"
    )


def test_installed_files_are_those_of_the_checkout():
    """The installation that these tests run against has this checkout's specification and template."""
    assert resources.specification_path().read_bytes() == (CHECKOUT / SPECIFICATION).read_bytes()
    assert resources.dag_runner_template_path().read_bytes() == (CHECKOUT / TEMPLATE).read_bytes()


@pytest.mark.parametrize(
    ("group", "name"),
    [("airflow.plugins", "openmetadata_airflow_apis"), ("console_scripts", "openmetadata-airflow-apis")],
)
def test_entry_points_resolve(group: str, name: str, database: None):
    """Airflow finds the plugin, and the shell the command, by the names that the documentation gives."""
    (entry_point,) = distribution("openmetadata-airflow-apis").entry_points.select(group=group, name=name)
    assert callable(entry_point.load())
