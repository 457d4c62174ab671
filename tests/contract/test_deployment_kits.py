"""The files of `deployment` do what they say, as far as that shows without Docker and without a cluster."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import openmetadata_airflow_apis
from openmetadata_airflow_apis.settings import SECTION, option_docs

FOLDER = Path(__file__).parents[2] / "deployment"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
VALUES, DATABASE_VALUES, GIT_SYNC_VALUES = (
    yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    for name in ("helm-values", "helm-values-database", "helm-values-git-sync")
)
# Of a provider that is not installed here; the tests of the large installation set them, too.
CELERY = {"broker_url", "result_backend"}
INSTRUCTIONS = {"ARG", "COPY", "ENV", "FROM", "RUN"}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each with its arguments in one line."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    found = [tuple(line.split(" ", 1)) for line in lines if line.strip()]
    assert {name for name, _ in found} == INSTRUCTIONS
    return found


def image_environment() -> dict[str, str]:
    """Return what the Dockerfile's ENV sets."""
    (variables,) = [words for name, words in instructions() if name == "ENV"]
    return dict(pair.split("=", 1) for pair in shlex.split(variables))


def all_settings() -> dict[str, dict[str, str]]:
    """Return the AIRFLOW__… variables of each file."""
    settings: dict[str, dict[str, Any]] = {"Dockerfile": image_environment()}
    settings |= {f"compose.yaml {name}": each.get("environment", {}) for name, each in COMPOSE["services"].items()}
    settings["helm-values.yaml"] = environment_of(VALUES)
    settings["helm-values-database.yaml"] = environment_of(DATABASE_VALUES)
    return {
        place: {name: value for name, value in variables.items() if name.startswith("AIRFLOW__")}
        for place, variables in settings.items()
    }


def environment_of(values: dict[str, Any]) -> dict[str, str]:
    """Return the variables that values of the chart set in all containers."""
    return {variable["name"]: variable["value"] for variable in values["env"]}


def git_sync_of(component: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the options of a component's git-sync, and its mounts by their volumes."""
    (container,) = component["extraContainers"]
    options = dict(option.removeprefix("--").split("=", 1) for option in container["args"])
    return options, {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}


NOT_RUN = [path.name for path in FOLDER.iterdir() if path.name == "Dockerfile" or path.suffix == ".yaml"]


@pytest.mark.parametrize("name", sorted(NOT_RUN))
def test_what_the_tests_cannot_run_says_so_in_its_first_line(name):
    """Whoever copies a file reads first what nobody has tried."""
    first = (FOLDER / name).read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"# Not (built|run|installed|applied) by the tests", first)


def test_each_setting_is_an_option():
    """Every AIRFLOW__… variable is an option of Airflow or of this plugin."""
    from airflow.configuration import conf

    known = {section: described["options"] for section, described in conf.configuration_description.items()}
    known[SECTION] = option_docs()
    known["celery"] = CELERY
    for place, settings in all_settings().items():
        for name in settings:
            section, option = name.removeprefix("AIRFLOW__").lower().split("__")
            assert option in known[section], f"{place}: {name}"


def test_all_components_share_the_folders_that_the_image_makes():
    """The folders that must be the same everywhere are below one mounted volume, and the image makes them."""
    shared = "/opt/airflow/shared"
    folders = {name: value for name, value in image_environment().items() if value.startswith(shared)}
    assert len(folders) == 3
    made = next(words for name, words in instructions() if words.startswith("mkdir"))
    assert set(made.split()[2:]) == set(folders.values())
    assert folders.items() <= environment_of(VALUES).items()
    mounts = {mount["name"]: mount["mountPath"] for mount in VALUES["volumeMounts"]}
    assert (mounts, [volume["name"] for volume in VALUES["volumes"]]) == ({"shared": shared}, ["shared"])
    claim = yaml.safe_load((FOLDER / "shared-volume.yaml").read_text(encoding="utf-8"))
    assert VALUES["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    components = {name: each for name, each in COMPOSE["services"].items() if "build" in each}
    assert set(components) == {"prepare", "webserver", "scheduler", "dag-processor", "triggerer", "worker"}
    for component in components.values():
        assert f"shared:{shared}" in component["volumes"]


def test_git_sync_brings_the_same_files_to_webservers_as_to_the_others():
    """With the database store each webserver has the repository where the chart has it for all other pods."""
    webserver, git_sync = DATABASE_VALUES["webserver"], DATABASE_VALUES["dags"]["gitSync"]
    options, mounts = git_sync_of(webserver)
    assert (options["repo"], options["ref"]) == (git_sync["repo"], git_sync["ref"])
    (volume,) = webserver["extraVolumes"]
    assert mounts == {volume["name"]: options["root"]}
    assert webserver["extraVolumeMounts"] == [
        {"name": volume["name"], "mountPath": "/opt/airflow/dags", "readOnly": True}
    ]
    folder = f"/opt/airflow/dags/{options['link']}"
    environment = environment_of(DATABASE_VALUES)
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == f"{folder}/{git_sync['subPath']}"
    option = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"
    assert environment[f"{option}DEFINITION_STORE"] == "database"
    managed = environment[f"{option}DAG_MANAGED_OPERATORS"]
    assert managed.startswith(f"{folder}/")
    assert not managed.startswith(environment["AIRFLOW__CORE__DAGS_FOLDER"])  # what is there is parsed as DAG files
    # What the comment has the operator commit is what the values name.
    text = (FOLDER / "helm-values-database.yaml").read_text(encoding="utf-8")
    assert f"install-loader {git_sync['subPath']}\n" in text
    assert f"git add {git_sync['subPath']} {managed.removeprefix(f'{folder}/')} " in text


def test_git_sync_writes_beside_what_is_deployed():
    """With the file store one git-sync writes to the shared volume, and links into the dags folder what is parsed."""
    options, mounts = git_sync_of(GIT_SYNC_VALUES["dagProcessor"])
    assert mounts == {mount["name"]: mount["mountPath"] for mount in VALUES["volumeMounts"]}
    dags = environment_of(VALUES)["AIRFLOW__CORE__DAGS_FOLDER"]
    assert Path(options["link"]).parent == Path(dags)
    assert Path(options["root"]).parent == Path(*mounts.values())  # its working trees are no DAG files


def test_the_compose_file_names_nothing_that_it_lacks():
    """Volumes and the services that others wait for are there, and those that are waited for say when they are well."""
    services = COMPOSE["services"]
    for service in services.values():
        named = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert named <= set(COMPOSE["volumes"])
        for name, wanted in service.get("depends_on", {}).items():
            assert ("healthcheck" in services[name]) == (wanted["condition"] == "service_healthy")
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published == ["127.0.0.1:8080:8080"]


def test_secrets_come_from_the_environment():
    """No password or key stands in a file: compose.yaml stops without them, and names each in its first lines."""
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    wanted = set(re.findall(r"\$\{(\w+)", text))
    assert wanted == set(re.findall(r"\$\{(\w+):\?in \.env\}", text))
    assert {name for name in wanted if f"{name}=%s" in text.partition("x-airflow:")[0]} == wanted
    assert "webserverSecretKey" not in {*VALUES, *DATABASE_VALUES, *GIT_SYNC_VALUES}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An empty environment that sees all that is installed here but this package, as the official image has Airflow."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for folder in {Path(path) for path in sys.path if path.endswith("site-packages")}:
        for path in folder.iterdir():
            is_ours = "openmetadata_airflow_apis" in path.name or path.suffix == ".pth"
            if not (is_ours or (packages / path.name).exists()):
                (packages / path.name).symlink_to(path)
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "image.pth").write_text(f"{packages}\n")
    return environment


def test_the_steps_of_the_dockerfile(image, tmp_path):
    """Each RUN line works beside Airflow, reaches for nothing on the net, and leaves Airflow's packages as they are."""
    from airflow import __version__ as airflow_version

    wheels, root = tmp_path / "wheels", tmp_path / "root"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels)],
        cwd=FOLDER.parent,
        check=True,
    )
    variables = {
        "PATH": f"{image}/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW_VERSION": airflow_version,
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }

    def output(command: str) -> str:
        done = subprocess.run(["bash", "-c", command], env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def packages() -> dict[str, str]:
        return {package["name"]: package["version"] for package in json.loads(output("pip list --format json"))}

    before = packages()
    for name, words in instructions():
        if name == "RUN":
            output(words.replace("/tmp/wheels", str(wheels)).replace("/opt/airflow", str(root)))  # noqa: S108
    assert output("openmetadata-airflow-apis --version") == f"{openmetadata_airflow_apis.__version__}\n"
    added = packages().items() - before.items()
    assert added == {("openmetadata-airflow-apis", openmetadata_airflow_apis.__version__)}
    assert sorted(path.name for path in (root / "shared").iterdir()) == [
        "dag_generated_configs",
        "dag_managed_operators",
        "dags",
    ]
