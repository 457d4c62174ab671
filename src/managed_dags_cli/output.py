"""What a command prints: an answer as JSON, YAML, names or a table; and progress, on a terminal."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

FORMATS = ("table", "json", "yaml", "name")

_COLOURS = {
    "success": "green",
    "parsed": "green",
    "created": "green",
    "failed": "red",
    "upstream_failed": "red",
    "refused": "red",
    "deleted": "red",
    "running": "cyan",
    "changed": "yellow",
    "pending": "yellow",
    "queued": "yellow",
    "skipped": "magenta",
}


@dataclass(frozen=True)
class Table:
    """How rows are shown to people. columns: title → the key of the row, or a function that makes its cell.

    name: the key that `-o name` prints.
    """

    columns: Mapping[str, str | Callable[[Mapping[str, Any]], Any]]
    name: str


def open_streams() -> None:
    """Make the standard streams usable: one may be closed, as under some schedulers, or in a small encoding."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As standard error does by itself: Windows' code pages lack most characters.
        sys.stdout.reconfigure(errors="backslashreplace")


def discard(stream: TextIO) -> None:
    """Let everything that is still to be written to a stream go nowhere: it can't be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show_object(answer: Mapping[str, Any], output: str, *, without: Sequence[str] = ()) -> None:
    """Print one object: a table with a line for each key, or the object as JSON or YAML."""
    rows = [{"key": key, "value": value} for key, value in answer.items() if key not in without and value is not None]
    show(answer, output, rows, Table({"": "key", " ": "value"}, "key"))


def show(answer: Any, output: str, rows: Sequence[Mapping[str, Any]], table: Table, nothing: str = "") -> None:
    """Print an answer.

    rows: what a table, or `-o name`, shows of it. nothing: what is said in place of a table without rows.
    """
    if output == "json":
        click.echo(as_json(answer))
    elif output == "yaml":
        click.echo(as_yaml(answer), nl=False)
    elif output == "name":
        for row in rows:
            click.echo(str(row[table.name]))
    else:
        _print_table(rows, table)
        if nothing and not rows:
            say(nothing)


def as_json(answer: Any) -> str:
    """Return an answer as JSON for people, with escapes only where standard output can't have all characters."""
    return json.dumps(answer, indent=2, ensure_ascii=not _has_all_characters())


def as_yaml(answer: Any) -> str:
    """Return an answer as YAML, its keys in their order."""
    import yaml

    return str(yaml.safe_dump(answer, sort_keys=False, allow_unicode=_has_all_characters(), width=120))


def _has_all_characters() -> bool:
    """Tell whether standard output can have any character. Click writes UTF-8 where ASCII is asked for."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name.startswith(("utf", "ascii"))


def say_line(line: str) -> None:
    """Print a line of a diff, coloured on a terminal."""
    colour = {"+": "green", "-": "red", "~": "yellow"}.get(line.lstrip()[:1])
    click.secho(line, fg=colour, bold=colour is None)


def say(text: str) -> None:
    """Print a text beside the answer, on standard error; this ends what shows progress.

    Where standard error can't be written, nothing is said, and what is done goes on.
    """
    end_progress()
    try:
        click.echo(text, err=True)
    except OSError:
        discard(sys.stderr)


def is_watched() -> bool:
    """Tell whether standard error is a terminal."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something is under way; yield a function that changes the text."""
    if not is_watched():
        yield lambda _: None
        return
    with _console(sys.stderr).status(text) as status:
        _shown.append(status)
        try:
            yield lambda new_text: status.update(new_text) if status in _shown else None
        finally:
            end_progress()


_shown: list[Any] = []


def end_progress() -> None:
    """Remove what shows progress, before anything else is written in its place."""
    while _shown:
        _shown.pop().stop()


def cell(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def moment(key: str) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that makes the cell of a row's date: to the second, in UTC as the server gives it."""

    def date_cell(row: Mapping[str, Any]) -> str:
        text = str(row.get(key) or "")
        return text[:19].replace("T", " ")

    return date_cell


def _console(stream: Any) -> Console:
    from rich.console import Console

    # A pipe has no width, and grep would not find what is cut off.
    return Console(file=stream, highlight=False, width=None if stream.isatty() else 1000)


def _print_table(rows: Sequence[Mapping[str, Any]], table: Table) -> None:
    from rich.table import Table as RichTable
    from rich.text import Text

    if not rows:
        return
    has_titles = any(title.strip() for title in table.columns)
    rich_table = RichTable(
        box=None,
        pad_edge=False,
        show_header=has_titles,
        header_style="bold",
        padding=(0, 2, 0, 0),
    )
    for title in table.columns:
        rich_table.add_column(title.upper(), overflow="fold")
    for row in rows:
        cells = [
            cell(row.get(key_or_function) if isinstance(key_or_function, str) else key_or_function(row))
            for key_or_function in table.columns.values()
        ]
        rich_table.add_row(*(Text(text, style=_COLOURS.get(text, "")) for text in cells))
    _print_console(rich_table)


def _print_console(renderable: Any) -> None:
    console = _console(sys.stdout)
    if sys.stdout.isatty():
        console.print(renderable)
        return
    with console.capture() as captured:
        console.print(renderable)
    # Columns are filled up with spaces, which nobody wants at the end of a line.
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
