"""Callbacks."""

from __future__ import annotations


def failed(context):
    print("failed", context["run_id"])


def succeeded(context):
    print("succeeded")


def tell(context, channel="#ops", text=""):
    print(channel, text)


def late(dag, task_list, blocking_task_list, slas, blocking_tis):
    print("late", task_list)
