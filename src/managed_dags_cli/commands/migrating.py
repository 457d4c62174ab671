"""migrate: from what people have to what is deployed here."""

from __future__ import annotations

from pathlib import Path

import click

from managed_dags_cli import faults, output
from managed_dags_cli.dag_factory_defaults import NAMES
from managed_dags_cli.dag_factory_folder import Copies, environment_with, migrate_file
from managed_dags_cli.errors import CommandError
from managed_dags_cli.file_requests import text_of

_YAML = (".yaml", ".yml")


@click.group()
def migrate() -> None:
    """Bring over workflows that another tool had."""


@migrate.command("dag-factory")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "target", required=True, type=click.Path(file_okay=False, path_type=Path), help="The new folder.")
@click.option("--variable", "variables", multiple=True, metavar="NAME=PATH", help="What $NAME in a path means.")
@click.option(
    "--python-path",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where Python modules of your own are, beside FOLDER.",
)
def dag_factory(folder: Path, target: Path, variables: tuple[str, ...], python_path: tuple[Path, ...]) -> None:
    """Bring over a FOLDER of dag-factory's YAML files.

    They are written to workflows/ in the new folder, with their comments, and the files that they name by an absolute
    path or a $VARIABLE are copied to dag_managed_operators/ beside it. So are modules of your own whose functions they
    name by a dotted path; lambdas become functions there. What defaults.yml has goes into the files' default blocks.
    FOLDER stays as it is. What has still to be done by hand is listed with its place; then the end is 1.
    """
    if target.exists() and any(target.iterdir()):
        raise click.UsageError(f"{target} is not empty; name a new folder")
    wrong_pairs = [pair for pair in variables if "=" not in pair]
    if wrong_pairs:
        raise click.UsageError(f"--variable {wrong_pairs[0]}: NAME=PATH is wanted")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _YAML and path.is_file()]
    for file in files:
        text_of(file)  # what is no text is told before anything is written
    files = [path for path in files if path.name not in NAMES]
    if not files:
        raise click.UsageError(f"{folder} has no .yaml or .yml file")
    copies = Copies(environment_with(variables))
    remaining_faults = [
        fault
        for path in files
        for fault in migrate_file(
            path,
            target / "workflows" / path.relative_to(folder),
            copies,
            folder=folder,
            python_path=(folder, *python_path),
        )
    ]
    copies.copy_to(target / "dag_managed_operators")
    output.show(
        [], "table", [{"from": path, "to": name} for path, name in copies.names.items()],
        output.Table({"named as": "from", "now": "to"}, "to"),
    )  # fmt: skip
    for fault in remaining_faults:
        output.say(faults.as_text(fault))
    for path, name in copies.lacking.items():
        output.say(f"{path}: is not there; copy it to {target / 'dag_managed_operators' / name}")
    to_do = len(remaining_faults) + len(copies.lacking)
    output.say(f"{len(files)} files, {len(copies.names)} paths changed, {to_do} things left to do")
    if to_do:
        raise CommandError("")


COMMANDS = (migrate,)
