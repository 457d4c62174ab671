"""Setup and teardown tasks, in Airflow's own words: by the keys is_setup and is_teardown, or by its two decorators.

https://airflow.apache.org/docs/apache-airflow/stable/howto/setup-and-teardown.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import Arguments, SetupTeardownKeys
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_ids import Node

SETUP_TEARDOWN_KEYS: tuple[Literal["is_setup", "is_teardown", "on_failure_fail_dagrun"], ...] = (
    "is_setup",
    "is_teardown",
    "on_failure_fail_dagrun",
)
# The decorator that Airflow's two apply to a function themselves, unless the function is decorated already.
TASK = "airflow.decorators.task"
_DECORATORS: dict[str, Literal["is_setup", "is_teardown"]] = {
    "airflow.decorators.setup": "is_setup",
    "airflow.decorators.setup_task": "is_setup",
    "airflow.decorators.setup_teardown.setup_task": "is_setup",
    "airflow.sdk.setup": "is_setup",
    "airflow.decorators.teardown": "is_teardown",
    "airflow.decorators.teardown_task": "is_teardown",
    "airflow.decorators.setup_teardown.teardown_task": "is_teardown",
    "airflow.sdk.teardown": "is_teardown",
}
# The rule that Airflow gives to each teardown: it runs once all tasks before it are done, if a setup has succeeded.
_TEARDOWN_RULE = "all_done_setup_success"


def makes_setup_or_teardown(path: str) -> bool:
    """Tell whether a decorator makes a setup or a teardown task."""
    return path in _DECORATORS


def read_setup_teardown(context: Context, node: Node, arguments: Arguments) -> SetupTeardownKeys:
    """Return the keys that say whether a task is a setup or a teardown, only those that are true.

    arguments: the task's own, in canonical form, the unmapped ones of a mapped task included.
    """
    sent, path = node.sent, node.path
    keys: SetupTeardownKeys = {}
    for key in SETUP_TEARDOWN_KEYS:
        if sent.get(key) is True:  # anything but true or false is a fault already
            keys[key] = True
    decorator = sent.get("decorator")
    by_decorator = _DECORATORS.get(decorator) if isinstance(decorator, str) else None
    if by_decorator is not None:
        if sent.get(by_decorator) is False:
            context.fault(path / by_decorator, f"is false, and {decorator} makes it true; take one of them out")
        keys[by_decorator] = True
    if "is_setup" in keys and "is_teardown" in keys:
        faulty_key = "is_setup" if by_decorator == "is_teardown" else "is_teardown"
        context.fault(path / faulty_key, "a task is either a setup or a teardown; take one of them out")
        return {}
    if "on_failure_fail_dagrun" in keys and "is_teardown" not in keys:
        context.fault(path / "on_failure_fail_dagrun", "is for teardown tasks alone; add is_teardown, or take it out")
        return {}
    if "on_failure_fail_dagrun" in keys and "expand" in sent:
        # Tried on 2.7.3 and 2.11.2: it is lost when Airflow serializes the task, and the scheduler never knows of it.
        context.fault(path / "on_failure_fail_dagrun", "Airflow forgets it of a mapped task; take it out, or 'expand'")
    if "is_teardown" in keys and arguments.get("trigger_rule", _TEARDOWN_RULE) != _TEARDOWN_RULE:
        context.fault(path / "trigger_rule", f"the rule of a teardown is {_TEARDOWN_RULE}; take trigger_rule out")
    return keys
