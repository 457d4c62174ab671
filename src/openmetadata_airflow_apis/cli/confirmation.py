"""What verbs share that list what they would do, ask, and then do it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser, *, dry_run: str) -> None:
    """Declare `--dry-run`, with that help, and `--yes`."""
    parser.add_argument("--dry-run", action="store_true", help=dry_run)
    parser.add_argument("--yes", action="store_true", help="ask nothing; for scripts")


def confirmed(word: str, *, to_do: str) -> bool:
    """Ask for a word on the terminal; return whether it was typed. The end of the input is a no."""
    try:
        return input(f"Type {word} to {to_do}: ").strip() == word
    except EOFError:
        return False


@contextlib.contextmanager
def without_logs() -> Iterator[None]:
    """Keep Airflow's log lines from where a list is printed."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
