"""The recipes of docs/ci.md are files that a CI system reads, with commands that the client takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from managed_dags_cli.main import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[3] / "docs" / "ci.md").read_text(encoding="utf-8")
RECIPES = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)]


def texts(value: Any) -> Iterator[str]:
    """Yield every text of a recipe."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


COMMANDS = [text for text in texts(RECIPES) if text.startswith("managed-dags ")]
COMMANDS += re.findall(r"^\| \w+ \| `(managed-dags [^`]*)`", PAGE, re.MULTILINE)


def test_there_is_a_recipe_for_each_system():
    """GitHub's has jobs, GitLab's has a job that applies on the default branch."""
    github, gitlab = RECIPES
    assert "workflows" in github["jobs"]
    assert gitlab["apply"]["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]
    assert len(COMMANDS) == 7


@pytest.mark.parametrize("command", COMMANDS)
def test_the_client_takes_each_command(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each command of the page is one of the client's, with arguments and options that it has."""
    (tmp_path / "workflows").mkdir()
    monkeypatch.chdir(tmp_path)
    name, *arguments = shlex.split(command)[1:]
    with commands.commands[name].make_context(name, arguments) as context:
        assert context.params
