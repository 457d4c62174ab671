"""Shared by verbs that list what they would do, ask for confirmation, and then do it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser, *, dry_run: str) -> None:
    """Declare `--dry-run` and `--yes`. dry_run: the help text of the first."""
    parser.add_argument("--dry-run", action="store_true", help=dry_run)
    parser.add_argument("--yes", action="store_true", help="ask nothing; for scripts")


def confirmed(word: str, *, to_do: str) -> bool:
    """Ask the user to type a word; return whether it was typed, False at the end of the input."""
    try:
        return input(f"Type {word} to {to_do}: ").strip() == word
    except EOFError:
        return False


@contextlib.contextmanager
def without_logs() -> Iterator[None]:
    """Suppress Airflow's log lines, which would mix with the printed list."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
