"""The [openmetadata_airflow_apis] section of airflow.cfg, typed, with a default for every option.

Each option is declared once, as a field of Settings with its sentence of documentation; the
configuration table in docs/settings.md is tested against it. As for every Airflow option, an environment
variable AIRFLOW__OPENMETADATA_AIRFLOW_APIS__<OPTION> overrides the file.
"""

from __future__ import annotations

import os
from configparser import InterpolationError
from dataclasses import Field, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable

from openmetadata_airflow_apis.errors import ConfigurationError

SECTION = "openmetadata_airflow_apis"


def _option(default: Any, read: Callable[[str], Any], doc: str) -> Any:
    return field(default=default, metadata={"read": read, "doc": doc})


def _airflow_home() -> Path:
    from airflow.configuration import AIRFLOW_HOME

    return Path(AIRFLOW_HOME)


@lru_cache(maxsize=16)  # a DAG file reads one at each parse
def _path(text: str) -> Path:
    # The older plugin's documentation writes {AIRFLOW_HOME} into values and means it literally.
    path = Path(text.replace("{AIRFLOW_HOME}", str(_airflow_home()))).expanduser()
    if not path.is_absolute():
        raise ValueError(f"is the relative path '{text}'; give an absolute one, or start it with {{AIRFLOW_HOME}}")
    return path


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in {"true", "t", "1", "yes", "on"}:
        return True
    if lowered in {"false", "f", "0", "no", "off"}:
        return False
    raise ValueError(f"is '{text}'; give true or false")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError(f"is '{text}'; give a whole number of at least 1")
    return number


def _one_of(*names: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"is '{text}'; give {' or '.join(names)}")
        return text

    return read


def _packages(text: str) -> tuple[str, ...]:
    names = tuple(part.strip().rstrip(".") for part in text.replace("\n", ",").split(",") if part.strip())
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"names '{name}', which is not a dotted path of Python names")
    return names


def _read(option: Field[Any]) -> Any:
    from airflow.configuration import conf

    try:
        text = conf.get(SECTION, option.name, fallback=None)
    except InterpolationError:
        raise ConfigurationError(f"[{SECTION}] {option.name} has a % in it; write it twice: %%") from None
    if text is None or not text.strip():
        default = option.default
        return _path(str(default)) if isinstance(default, Path) else default
    try:
        return option.metadata["read"](text.strip())
    except ValueError as error:
        raise ConfigurationError(f"[{SECTION}] {option.name} {error}") from None


@dataclass(frozen=True)
class Settings:
    """The options of [openmetadata_airflow_apis], read and checked. Paths are absolute."""

    dag_runner_template: Path | None = _option(
        None, _path, "The Jinja template of a deployed DAG's file; default: the one that the package ships."
    )
    definition_store: str = _option(
        "files",
        _one_of("files", "database"),
        "Where definitions are kept: files (machines share the folders) or database (they share none); see "
        "docs/stores.md.",
    )
    loader_shards: int = _option(
        8,
        _positive,
        "With the database store, how many loader files share the DAGs of each node; run install-loader again after a "
        "change.",
    )
    dag_generated_configs: Path = _option(
        Path("{AIRFLOW_HOME}/dag_generated_configs"),
        _path,
        "The folder of the deployed definitions, one JSON file a DAG.",
    )
    dag_managed_operators: Path = _option(
        Path("{AIRFLOW_HOME}/dag_managed_operators"),
        _path,
        "The folder of the Python files that definitions name as callables.",
    )
    allowed_operators: tuple[str, ...] = _option(
        (),
        _packages,
        "Packages whose operators may be used beside airflow.operators, .sensors and .providers; split by commas.",
    )
    allowed_callables: tuple[str, ...] = _option(
        (),
        _packages,
        "Packages that the dotted paths of callbacks, macros and timetables may name; split by commas.",
    )
    max_body_bytes: int = _option(1_048_576, _positive, "The largest request body that is read, in bytes.")
    max_tasks: int = _option(1000, _positive, "The largest number of tasks that one definition may have.")
    keep_versions: int = _option(50, _positive, "How many versions of a deployed DAG are kept, the newest ones.")
    keep_deleted_days: int = _option(
        30, _positive, "For how many days at least the versions of a DAG that was deleted are kept."
    )
    max_runs_at_once: int = _option(500, _positive, "The largest number of runs that one call restarts or kills.")
    rotate_refresh_tokens: bool = _option(
        default=False, read=_boolean, doc="Whether a refresh answers a new refresh token and ends the old one."
    )

    @classmethod
    def load(cls) -> Settings:
        """Read the section; raise ConfigurationError naming the option, its value and the cure."""
        return cls(**{name: _read(option) for name, option in _OPTIONS.items()})

    @classmethod
    def load_option(cls, name: str) -> Any:
        """Read one option alone, for a DAG file: errors in the others don't concern it."""
        return _read(_OPTIONS[name])

    def runner_template(self) -> Path:
        """Return the template to render deployed DAG files from, the package's own unless one is configured."""
        if self.dag_runner_template is not None:
            return self.dag_runner_template
        from openmetadata_airflow_apis.resources import dag_runner_template_path

        return dag_runner_template_path()


_OPTIONS = {option.name: option for option in fields(Settings)}


def dags_folder() -> Path:
    """Return Airflow's dags folder, where a deployed DAG's file goes.

    Absolute, links not resolved: the paths below it are then those that the DAG processor writes.
    """
    from airflow.settings import DAGS_FOLDER

    return Path(os.path.abspath(DAGS_FOLDER))  # noqa: PTH100 - resolve() would follow links


def option_docs() -> dict[str, str]:
    """Return the sentence of documentation of every option."""
    return {name: option.metadata["doc"] for name, option in _OPTIONS.items()}
