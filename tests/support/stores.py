"""Which store the tests of the API run with: TESTS_STORE is files (the default) or database."""

from __future__ import annotations

import os
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.settings import Settings

STORE = os.environ.get("TESTS_STORE", "files")
SHARDS = 3


def environment() -> dict[str, str]:
    """Return the options that choose the store."""
    option = "AIRFLOW__OPENMETADATA_AIRFLOW_APIS__"
    return {f"{option}DEFINITION_STORE": STORE, f"{option}LOADER_SHARDS": str(SHARDS)} if STORE != "files" else {}


def install_loaders(folder: Path) -> None:
    """Write the loader files to a dags folder, as `install-loader` does, where the store needs any."""
    if STORE == "database":
        from openmetadata_airflow_apis.stores import loader_files

        list(loader_files.install(folder, SHARDS))


def files_of(dag_id: str) -> list[str]:
    """Return the paths of the files of a deployed DAG, below the folder of all folders."""
    return [f"dag_generated_configs/{dag_id}.json", f"dags/{dag_id}.py"] if STORE == "files" else []


def damage(settings: Settings, dag_id: str) -> str:
    """Replace a stored definition by "{", and return the words for its place."""
    if STORE == "files":
        path = settings.dag_generated_configs / f"{dag_id}.json"
        path.write_text("{")
        return str(path)
    from airflow import settings as airflow_settings

    from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG
    from openmetadata_airflow_apis.dagbuild.shards import place_of

    with airflow_settings.engine.begin() as connection:
        damaged = DEPLOYED_DAG.update().where(DEPLOYED_DAG.c.dag_id == dag_id)
        connection.execute(damaged.values(document=zlib.compress(b"{")))
    return place_of(dag_id)


@contextmanager
def damaged_for_a_while(settings: Settings, dag_id: str) -> Iterator[None]:
    """Replace a stored definition by "{" in the block."""
    if STORE == "files":
        path = settings.dag_generated_configs / f"{dag_id}.json"
        data = path.read_bytes()
        damage(settings, dag_id)
        yield
        path.write_bytes(data)
        return
    from airflow import settings as airflow_settings

    from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG

    of_dag = DEPLOYED_DAG.c.dag_id == dag_id
    with airflow_settings.engine.connect() as connection:
        data = connection.scalar(DEPLOYED_DAG.select().with_only_columns(DEPLOYED_DAG.c.document).where(of_dag))
    damage(settings, dag_id)
    yield
    with airflow_settings.engine.begin() as connection:
        connection.execute(DEPLOYED_DAG.update().where(of_dag).values(document=data))


def note_import_error(dag_id: str, text: str, *, session: Session) -> None:
    """Write an import error of a deployed DAG as its parse would. Commits nothing."""
    from airflow.models.dag import DagModel
    from airflow.utils import timezone
    from sqlalchemy import select

    from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error

    now = timezone.utcnow()
    if STORE == "files":
        fileloc = session.scalar(select(DagModel.fileloc).where(DagModel.dag_id == dag_id))
        session.add(parse_import_error()(filename=fileloc, timestamp=now, stacktrace=text))
        return
    from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, IMPORT_ERROR

    mark = session.scalar(select(DEPLOYED_DAG.c.mark).where(DEPLOYED_DAG.c.dag_id == dag_id))
    session.execute(
        IMPORT_ERROR.insert().values(dag_id=dag_id, hostname="node-1", mark=mark, timestamp=now, stacktrace=text)
    )


def forget_files(home: Path) -> None:
    """Delete the files of everything that is deployed below an AIRFLOW_HOME."""
    for path in (*home.glob("dag_generated_configs/*.json"), *home.glob("dags/*.py")):
        if "apis_loader" not in path.name:
            path.unlink()


def tables_of_deployments() -> list[Table]:
    """Return our tables of what is deployed and was, those that are there; asks a connection of its own."""
    from openmetadata_airflow_apis import own_tables
    from openmetadata_airflow_apis.stores import version_rows

    tables = [version_rows.TABLE]
    if STORE == "database":
        from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, IMPORT_ERROR, PARSED_DAG

        tables += [DEPLOYED_DAG, IMPORT_ERROR, PARSED_DAG]
    return [table for table in tables if own_tables.is_there(table)]
