"""Whether options of ours are in a section of another name, where they are not read."""

from __future__ import annotations

import os
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding
from openmetadata_airflow_apis.settings import SECTION, option_docs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_SIMILAR = 0.8


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem for each section that has such options, or whose name is nearly ours."""
    from airflow.configuration import conf

    sections = {name: set(conf.options(name)) for name in conf.sections()}
    for variable in os.environ:
        if variable.startswith("AIRFLOW__"):
            section, option = variable.removeprefix("AIRFLOW__").lower().rpartition("__")[::2]
            sections.setdefault(section, set()).add(option)
    # Only options with our prefix: others, such as max_tasks, could be of any plugin.
    ours = {option for option in option_docs() if option.startswith("dag_")}
    for section, options in sorted(sections.items()):
        misplaced = sorted(ours & options)
        if section != SECTION and (misplaced or SequenceMatcher(None, section, SECTION).ratio() >= _SIMILAR):
            read = f" and its {', '.join(misplaced)}" if misplaced else ""
            yield Finding(PROBLEM, "section", f"[{section}]{read} is read by nobody", f"name it [{SECTION}]")
