"""Whether Airflow itself can be imported with this airflow.cfg and environment; most other checks need that."""

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
# Module that SQLAlchemy imports → the distribution to install, if their names differ.
_DISTRIBUTIONS = {"MySQLdb": "mysqlclient", "mysql": "mysql-connector-python", "psycopg2": "psycopg2-binary"}


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem if Airflow cannot be imported, under the name of the setting or file at fault."""
    try:
        import airflow.settings  # its import reads airflow.cfg and makes the database's engine

        if airflow.settings.Session is None:
            airflow.settings.initialize()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it runs the operator's own logging configuration and plugins
        yield _finding(error)


def _finding(error: BaseException) -> Finding:
    error = _root(error)
    # The database's URL may hold a password.
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
    """Return the first cause of an error: logging reports a folder that can't be made as a fault of its handler."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
