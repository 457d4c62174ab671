"""The program `managed-dags`: its commands, completion in a shell, and how each end becomes an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

from managed_dags_cli import __version__, output
from managed_dags_cli.commands import (
    applying,
    calling,
    deploying,
    looking,
    migrating,
    repairing,
    running,
    signing_in,
    versions,
)
from managed_dags_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = """Deploy workflows to Airflow and run them, over HTTP.

\b
  managed-dags login https://airflow.example.org
  managed-dags validate workflows/*.yaml
  managed-dags deploy workflows/nightly.yaml --wait
  managed-dags apply workflows --prune
  managed-dags trigger nightly --wait

The server is the one of the last login, or of --context, --url, and the environment (MANAGED_DAGS_URL, …).
Exit codes: 0 done; 1 the server refused, or it failed; 2 wrong usage; 3 not signed in; 4 the server is not reachable;
130 stopped.
"""


@click.group(help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def commands() -> None:
    """Do what a command says."""


@commands.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script for completion in a shell.

    \b
      bash:  eval "$(managed-dags completion bash)"                               in ~/.bashrc
      zsh:   eval "$(managed-dags completion zsh)"                                in ~/.zshrc
      fish:  managed-dags completion fish > ~/.config/fish/completions/managed-dags.fish
    """
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.UsageError(f"nothing is known of {shell}")
    click.echo(completion_class(commands, {}, "managed-dags", "_MANAGED_DAGS_COMPLETE").source())


for _module in (signing_in, deploying, applying, looking, running, repairing, versions, migrating, calling):
    for _command in _module.COMMANDS:
        commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 refused or failed, 2 usage, 3 not signed in, 4 not reachable."""
    output.open_streams()
    try:
        commands.main(
            args=None if arguments is None else list(arguments), prog_name="managed-dags", standalone_mode=False
        )
        sys.stdout.flush()  # here, not at exit, where nobody could catch what follows
    except CommandError as error:
        if str(error):
            output.say(str(error))
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        try:
            error.show()
        except OSError:  # as output.say does: what can't be said changes nothing in the end
            output.discard(sys.stderr)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        output.say("stopped")
        return 130
    except BrokenPipeError:
        # `… | head` has read enough; the rest of the output goes nowhere.
        output.discard(sys.stdout)
        return 1
    except OSError as error:
        # A file that a command reads is told where it is read; this is a full disk below the output.
        output.discard(sys.stdout)
        output.say(f"{error.filename or 'the output cannot be written'}: {error.strerror or error}")
        return 1
    return 0
