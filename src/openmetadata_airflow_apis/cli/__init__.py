"""The command line: `openmetadata-airflow-apis VERB`, one module a verb; main and the list of VERBS are here.

doctor/                  doctor: finds what is wrong with this installation; a module for each check
validate.py              validate: makes the checks of a deploy offline, on JSON and YAML files
export.py                export: prints a deployed definition so that it deploys again
install_loader.py        install-loader: writes the loader files of the database store to a dags folder or an image
migrate_store.py         migrate-store: how DAGs move from files to the database or back; which stay, and why
migrate_older_plugin.py  migrate-older-plugin: takes over what the older plugin has deployed, with its runs
uninstall.py             uninstall: which DAGs, loader files and tables it removes, or nothing if a file was edited
confirmation.py          shared by verbs that list what they would do, ask, and then do it
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import warnings
from typing import TYPE_CHECKING

from openmetadata_airflow_apis import __version__
from openmetadata_airflow_apis.errors import ManagedDagsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = "Looks after an installation of this plugin: run it where Airflow is, as the user that Airflow runs as."
VERBS = {
    "doctor": "say what is wrong with this installation, with the cure",
    "validate": "check workflow definitions offline, JSON or YAML",
    "export": "print a deployed definition so that it deploys again",
    "install-loader": "write the files by which nodes find what is deployed in the database",
    "migrate-store": "move what is deployed from files to the database, or back",
    "migrate-older-plugin": "take over what the older plugin has deployed, with its runs",
    "uninstall": "list or remove all that this plugin has put into Airflow",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code: 0 if all is well, 1 if something is wrong, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="openmetadata-airflow-apis", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    arguments = sys.argv[1:] if argv is None else list(argv)
    for verb, summary in VERBS.items():
        subparser = verbs.add_parser(verb, help=summary, description=summary)
        if verb in arguments:  # importing a verb may import Airflow, which takes a second
            module = importlib.import_module(f"{__name__}.{verb.replace('-', '_')}")
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    parsed = parser.parse_args(arguments)
    if not sys.warnoptions:
        # Airflow's deprecation warnings don't concern this command's user.
        warnings.simplefilter("ignore")
    try:
        code = int(parsed.run(parsed))
        sys.stdout.flush()  # now and not at exit, so that a BrokenPipeError is caught below
    except BrokenPipeError:
        # The reader, such as `… | head`, has read enough; the rest of the output is dropped.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except ManagedDagsError as error:
        print(error, file=sys.stderr)
        code = 1
    return code
