"""Writes docs/operator-paths.md: what the table says, for people."""

from __future__ import annotations

from typing import Any

_HEAD = """\
# Operators of older releases

<!-- Made by scripts/update_operator_paths: change it there. -->

What `operator` means where a definition has the path of an older release: of Airflow 1.10.15, or of a provider package
that came with Airflow 2.0 to 2.11. The newest of its places that the installation has is taken; in a version of a
package that still has the old one alone, it stays. What is stored is the path that was found.
"""


def page(table: dict[str, Any]) -> str:
    """Return the page of a table, in Markdown."""
    parts = [_HEAD, "## Another class has taken its place", ""]
    parts += ["Its arguments are made of the old one's, those in `default_args` too.", ""]
    parts += ["| operator | gone since | means | with |", "|---|---|---|---|"]
    parts += [_replaced(path, entry) for path, entry in table["replaced"].items()]
    parts += ["", "## It has gone", "", "A fault says so.", "", "| operator | gone since | use |", "|---|---|---|"]
    parts += [_removed(path, entry) for path, entry in table["removed"].items()]
    parts += ["", "## It has moved", "", "It takes the same arguments.", "", "| operator | means |", "|---|---|"]
    parts += [f"| `{path}` | `{target}` |" for path, target in table["moved"].items()]
    parts += ["", "## Arguments that have other names", "", "The older ones are understood.", ""]
    parts += ["| operator | older name | name |", "|---|---|---|"]
    parts += [
        f"| `{path}` | `{old}` | `{new}` |" for path, names in table["arguments"].items() for old, new in names.items()
    ]
    return "\n".join([*parts, ""])


def _replaced(path: str, entry: dict[str, Any]) -> str:
    made = []
    for name, source in entry["arguments"].items():
        if "parameter" in source:
            made.append(f"`{name}` from `{source['parameter']}`")
        elif "keys" in source:
            made.append(f"`{name}` from " + ", ".join(f"`{parameter}`" for parameter in source["keys"].values()))
        else:
            made.append(f"`{name}` {source['value']}")
    return f"| `{path}` | {entry['package']} {entry['since']} | `{entry['path']}` | {'; '.join(made)} |"


def _removed(path: str, entry: dict[str, Any]) -> str:
    return f"| `{path}` | {entry['package']} {entry['since']} | {entry['advice']} |"
