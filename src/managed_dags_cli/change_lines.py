"""Shows what a definition changes in another one, in lines like those of a diff."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def changed_lines(changes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that show the server's DeploymentChanges: `-` what goes, `+` what comes, `~` what changes."""
    yield from _differences("", changes.get("dag", ()))
    for kind, word in (("tasks", "task"), ("task_groups", "task group")):
        for sign, ending in (("-", "removed"), ("+", "added")):
            for name in changes.get(f"{kind}_{ending}", ()):
                yield f"  {sign} {word} {name}"
    for name in changes.get("task_groups_changed", ()):
        yield f"  ~ task group {name}"
    differences = changes.get("task_differences", {})
    for task_id, keys in changes.get("tasks_changed", {}).items():
        if task_id in differences:
            yield from _differences(f"{task_id}.", differences[task_id])
        else:
            yield f"  ~ task {task_id}: {', '.join(keys)}"
    for sign, ending in (("-", "removed"), ("+", "added")):
        for before, after in changes.get(f"edges_{ending}", ()):
            yield f"  {sign} {before} >> {after}"


def _differences(prefix: str, differences: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for difference in differences:
        for sign, side in (("-", "before"), ("+", "after")):
            value = difference.get(side)
            if value is not None:
                yield f"  {sign} {prefix}{difference['key']}: {json.dumps(value, ensure_ascii=False)}"
