"""docs/errors.md says what the API answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openmetadata_airflow_apis.api import operations, problem_types

DOCUMENT = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
KINDS = list(problem_types.BY_NAME.values())


def row(kind: problem_types.ProblemType) -> str:
    """The kind's row in the table."""
    return f"| `{kind.name}` | {kind.status} | {kind.meaning} | {kind.remedy} |"


def test_the_table_has_every_kind_of_problem_in_the_codes_words() -> None:
    """The document has one row for each kind of problem, and no other."""
    rows = [line for line in DOCUMENT.splitlines() if re.match(r"\| `[a-z-]+` \| \d", line)]
    assert rows == [row(kind) for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_of_problem_has_whole_sentences(kind: problem_types.ProblemType) -> None:
    """Meaning and remedy are sentences, and the name is made of plain words."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)
    for sentences in (kind.meaning, kind.remedy):
        assert sentences[0] in "`ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        assert sentences.endswith(".")


def test_no_two_errors_share_a_kind() -> None:
    """Each error class has a kind of its own, so that callers can tell them apart by `type`."""
    names = [kind.name for kind in problem_types.BY_ERROR.values()]
    assert sorted(names) == sorted(set(names))


def test_the_specification_shows_kinds_that_there_are() -> None:
    """Each example of a problem in the specification has the `type` of a kind with its status."""
    for response in operations.document()["components"]["responses"].values():
        for media in response["content"].values():
            example = media["example"]
            if "type" in example:
                kind = problem_types.BY_NAME[example["type"].removeprefix(f"{problem_types.PATH}/")]
                assert (kind.status, problem_types.TITLES[kind.status]) == (example["status"], example["title"])
