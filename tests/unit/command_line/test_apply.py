"""`apply`: a folder becomes a bundle, and what is wrong with it is told in the words of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.canned_answers import json_answer, serving

SPECIFICATION = Path(__file__).parents[3] / "openapi" / "openapi.yaml"


def run(*arguments: str) -> int:
    from managed_dags_cli.main import run as run_command

    return run_command(arguments)


@pytest.mark.parametrize("name", ["my team", ".hidden", "größe", "n" * 201])
def test_a_folder_whose_name_no_bundle_can_have(name: str, tmp_path: Path, capsys):
    """A folder whose name is none for a bundle is refused before anything is sent, and --name is what helps."""
    (tmp_path / name).mkdir()
    where = ["--url", "http://127.0.0.1:1", "--token", "x"]
    assert run("apply", str(tmp_path / name), *where) == 2
    told = capsys.readouterr().err
    assert f"'{name}' is the folder's name, and no name that a bundle can have; give one by --name" in told
    assert run("apply", str(tmp_path / name), "--name", "team", *where) == 2
    assert "has no .json, .yaml or .yml file" in capsys.readouterr().err


def test_a_name_that_no_bundle_can_have(tmp_path: Path, capsys):
    """So is a wrong --name; an empty one, of an empty variable say, doesn't mean the folder's."""
    for name in ("", "a/b", "a\n"):
        assert run("apply", str(tmp_path), "--name", name) == 2
        assert f"'{name}' is no name that a bundle can have; give one by --name" in capsys.readouterr().err


def test_the_names_of_bundles_are_those_of_the_specification():
    """The client refuses the names that the server refuses, and no other."""
    from managed_dags_cli.commands.applying import NAME

    document = yaml.load(SPECIFICATION.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    (parameter,) = document["paths"]["/rest_api/api/bundles/{bundle_name}"]["parameters"]
    first_and_others = parameter["schema"]["pattern"].removeprefix("^").removesuffix("*$")
    assert NAME.pattern == f"{first_and_others}{{0,{parameter['schema']['maxLength'] - 1}}}"


def test_a_name_that_is_there_twice_is_told_with_both_files(tmp_path: Path, capsys):
    """The server knows the other workflow by its number in the request, the user by its place in a file."""
    (tmp_path / "a.json").write_text('{\n  "workflow": {"name": "load", "dag_config": {}}}')
    (tmp_path / "b.yaml").write_text("default: {}\nother:\n  tasks: {}\nLoad:\n  tasks: {}\n")
    detail = "is the name of /workflows/0 too, whatever the case; give each workflow its own"
    problem = {
        "status": 400,
        "detail": "2 faults",
        "errors": [{"pointer": "/workflows/2/workflow/name", "detail": detail}],
    }
    with serving(json_answer(problem, "400 Bad Request", "application/problem+json")) as (url, _):
        assert run("apply", str(tmp_path), "--name", "team", "--url", url, "--token", "x") == 1
    told = detail.replace("/workflows/0", f"{tmp_path}/a.json:2:16")
    assert capsys.readouterr().err.splitlines() == [
        "team: nothing was deployed",
        f"{tmp_path}/b.yaml:4:1: /Load: {told}",
    ]
