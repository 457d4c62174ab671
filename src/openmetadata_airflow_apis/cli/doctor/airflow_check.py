"""Whether Airflow itself can be imported with this airflow.cfg and environment: all else that is looked at needs it."""

from __future__ import annotations

import re
from configparser import Error as ConfigParserError
from traceback import walk_tb
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_DATABASE = "[database] sql_alchemy_conn"
# What to install for the module that SQLAlchemy looks for, where the two have different names.
_DISTRIBUTIONS = {"MySQLdb": "mysqlclient", "mysql": "mysql-connector-python", "psycopg2": "psycopg2-binary"}


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem where it cannot, under the name of what is at fault."""
    try:
        import airflow.settings  # its import reads airflow.cfg and makes the database's engine

        if airflow.settings.Session is None:
            airflow.settings.initialize()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - logging and plugins of an operator's own are run by it
        yield _finding(error)


def _finding(error: BaseException) -> Finding:
    error = _root(error)
    # A password may stand in the database's URL.
    reason = re.sub(r"://[^/@\s]*@|(?<=:)[^:/@\s]+(?=@)", "…", " ".join(str(error).split())) or repr(error)
    if any(frame.f_code.co_name == "configure_orm" for frame, _ in walk_tb(error.__traceback__)):
        if isinstance(error, ModuleNotFoundError) and error.name is not None:
            module = error.name.partition(".")[0]
            cure = f"pip install {_DISTRIBUTIONS.get(module, module)}, or name a driver that is installed"
            return Finding(PROBLEM, _DATABASE, f"names a driver that is not installed ({reason})", cure)
        return Finding(
            PROBLEM, _DATABASE, f"cannot be used ({reason})", "correct it: dialect+driver://user:password@host/name"
        )
    if isinstance(error, (ConfigParserError, UnicodeDecodeError)):
        return Finding(
            PROBLEM,
            "airflow.cfg",
            f"cannot be read ({reason})",
            "correct the file that AIRFLOW_CONFIG or AIRFLOW_HOME names",
        )
    if isinstance(error, PermissionError):
        return Finding(
            PROBLEM,
            "Airflow",
            f"does not start for this user ({reason})",
            "give the file to the user that runs Airflow",
        )
    return Finding(PROBLEM, "Airflow", f"does not start here ({reason})", "see the traceback of `airflow version`")


def _root(error: BaseException) -> BaseException:
    """Return what an error came of in the end: logging tells of a folder that cannot be made as of its handler."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
