"""Arguments for which operators want members of an Enum."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.workflows import request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
TASK = "/workflow/dag_config/nightly/tasks/one"
OPERATOR = """
from __future__ import annotations

from enum import Enum

from airflow.models.baseoperator import BaseOperator


class Colour(Enum):
    RED = "red paint"
    BLUE = 2


class Word(str, Enum):
    YES = "yes"


class Paint(BaseOperator):
    template_fields = ("second",)

    def __init__(
        self,
        *,
        first: Colour = Colour.RED,
        second: Colour | None = None,
        third: Colour | str = "",
        word: Word = Word.YES,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.first, self.second, self.third, self.word = first, second, third, word
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that allow the package `painting`, which has an operator that wants members of an Enum."""
    folder: Path = tmp_path_factory.mktemp("packages")
    (folder / "painting").mkdir()
    (folder / "painting" / "__init__.py").write_text(OPERATOR)
    managed = tmp_path_factory.mktemp("managed")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield Settings(
            dag_managed_operators=managed, dag_generated_configs=managed / "configs", allowed_operators=("painting",)
        )


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"first": "red paint"}, {"first": {"$import": "painting.Colour.RED"}}),
        ({"first": "BLUE"}, {"first": {"$import": "painting.Colour.BLUE"}}),
        ({"first": 2}, {"first": {"$import": "painting.Colour.BLUE"}}),
        ({"second": "BLUE"}, {"second": {"$import": "painting.Colour.BLUE"}}),
        ({"second": "{{ params.colour }}"}, {"second": "{{ params.colour }}"}),
        ({"third": "red paint"}, {"third": "red paint"}),
        ({"word": "yes"}, {"word": "yes"}),
    ],
)
def test_the_text_of_a_member_becomes_the_member(settings: Settings, given: dict, stored: dict) -> None:
    """The value or the name of a member is that member; what may be a text, or equals one, stays as it is."""
    document = request(tasks={"one": {"operator": "painting.Paint", **given}})
    assert check_workflow(document, settings, now=NOW).definition["tasks"][0]["arguments"] == stored


def test_a_mapped_task_gets_the_members(settings: Settings) -> None:
    """A mapped task gets the members themselves: those that it is mapped over, and those that are the same for each."""
    from airflow.serialization.serialized_objects import SerializedDAG

    task = {"operator": "painting.Paint", "partial": {"first": "BLUE"}, "expand": {"second": ["red paint", "BLUE"]}}
    dag = check_workflow(request(tasks={"one": task}), settings, now=NOW).checked_dag
    mapped = dag.get_task("one")
    members = [mapped.partial_kwargs["first"], *mapped.expand_input.value["second"]]
    assert all(isinstance(member, Enum) for member in members)
    assert [member.name for member in members] == ["BLUE", "RED", "BLUE"]
    SerializedDAG.to_dict(dag)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"first": "red pint"}, "is the text 'red pint', and not one of red paint, 2; did you mean 'red paint'?"),
        ({"first": "green"}, "is the text 'green', and not one of red paint, 2"),
        ({"first": ["BLUE"]}, "is a list, and not one of red paint, 2"),
        ({"first": 3}, "is the number 3, and not one of red paint, 2"),
        ({"first": "{{ params.colour }}"}, "is the text '{{ params.colour }}', and not one of red paint, 2"),
    ],
)
def test_what_is_no_member_is_a_fault(settings: Settings, given: dict[str, Any], detail: str) -> None:
    """Whatever else stands there is a fault with the members."""
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(request(tasks={"one": {"operator": "painting.Paint", **given}}), settings, now=NOW)
    assert {fault.pointer: fault.detail for fault in caught.value.faults} == {f"{TASK}/{next(iter(given))}": detail}
