"""dag_factory.json: what dag-factory makes of the corpus, and that docs/from-dag-factory.md tells each difference.

scripts/compare_with_dag_factory writes it (`tox run -e dagfactory-old,dagfactory-new`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from corpus.test_corpus import READ, file_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parent
RESULTS = json.loads((CORPUS / "dag_factory.json").read_text())
PAGE = (CORPUS.parents[1] / "docs" / "from-dag-factory.md").read_text()

# The difference, as it stands in dag_factory.json → the heading of the page under which it is told.
TOLD = {
    r"/dag/schedule_interval: None is expected, not '86400.0 seconds'": "`schedule: null` is no schedule",
    r"/dag/schedule_interval: .*, not 'Dataset'": "Both eras at once",
    r"/dag/(default_args/retry_delay|default_args/retry_delay_sec|dagrun_timeout): ": "Both eras at once",
    r"/tasks/bash/(bash_command|_unrendered_bash_command): 'echo \$LANG'": "The environment is not read",
    r"/tasks/yes_and_no/env/(ON|True): ": "Keys are texts",
    r"/(dag/default_args/start_date|dag/timezone|tasks/a/start_date): .*(22:00:00\+00:00'|'\+02:00') is expected": (
        "Dates keep their offset"
    ),
    r"/(dag|dag/default_args|tasks/a)/start_date: .* before the parse": "Relative dates stay where they are",
    r"/tasks/a/start_date: '2025-01-01T00:00:00\+00:00' is expected, not None": "Every key is read",
    r"/dag/(owner_links/team|fail_stop|max_consecutive_failed_dag_runs|user_defined_(macros|filters)): ": (
        "Every key is read"
    ),
    r"/tasks/(pick|use)/(op_args|op_kwargs|upstream_task_ids|downstream_task_ids)\b": "Outputs in every argument",
    r"/dag/default_args/(timezone|provide_context): nothing is expected": "What only dag-factory understands",
    r"/dag/default_args/trigger_rule: ": "Deprecated names become today's",
    r"/tasks/(below_the_callables|several|script)/": "Templates below both folders",
    r"/tasks/\w+/data: ": "JSON bodies are texts",
    r"/tasks/load/(volumes|affinity|container_resources|security_context)/": "Pods to the bottom",
    r"/(timetable|dag_dependencies)": "Datasets in every form",
    r"/tasks/mapped/partial_kwargs/outlets/": "Datasets in every form",
    r"/tasks/long_form/(bash_command|_unrendered_bash_command): ": "Datasets in every form",
}


def differences() -> Iterator[str]:
    for files in RESULTS.values():
        for dags in files.values():
            for result in dags.values():
                yield from result if isinstance(result, list) else ()


def test_every_file_was_compared() -> None:
    """Both versions of dag-factory were given every YAML file of the corpus that means a DAG."""
    names = {name for name in READ if file_of(name).suffix == ".yaml"}
    assert {version: set(files) for version, files in RESULTS.items()} == {"0.23.0": names, "1.1.0": names}


@pytest.mark.parametrize("difference", sorted(set(differences())))
def test_each_difference_is_told(difference: str) -> None:
    """What dag-factory makes otherwise is on purpose, and the page that tells people how to move says so."""
    headings = {heading for pattern, heading in TOLD.items() if re.match(pattern, difference)}
    assert headings, "neither in TOLD nor on the page"
    assert all(f"### {heading}" in PAGE for heading in headings)


def test_no_difference_is_made_up() -> None:
    """Each difference in the table above is one that was found."""
    found = list(differences())
    assert [pattern for pattern in TOLD if not any(re.match(pattern, line) for line in found)] == []
