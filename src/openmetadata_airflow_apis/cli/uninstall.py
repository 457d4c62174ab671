"""`openmetadata-airflow-apis uninstall`: removes all that this plugin has put into Airflow, before `pip uninstall`.

If a deployed file was changed since, nothing is removed: the change may be somebody's work.

The deployed DAGs are withdrawn: without the plugin, their files could not be imported. A delete removes a DAG's runs
too. A withdrawal leaves in Airflow what stays of any DAG whose file is gone: an inactive DAG with its runs, task
instances and permissions.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.session import create_session
from airflow.utils.state import State
from sqlalchemy import delete, func, select, update

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.cli import confirmation
from openmetadata_airflow_apis.cli.doctor.auth_backends_check import OUR_BACKEND
from openmetadata_airflow_apis.conflict_errors import NotDeployedHere
from openmetadata_airflow_apis.deploy.deletion import finish_interrupted
from openmetadata_airflow_apis.errors import ManagedDagsError
from openmetadata_airflow_apis.security.operation_permissions import OUR_RESOURCES
from openmetadata_airflow_apis.security.own_permissions import remove_permissions, role_names
from openmetadata_airflow_apis.settings import SECTION, Settings, dags_folder
from openmetadata_airflow_apis.stores import loader_files, open_store
from openmetadata_airflow_apis.stores.atomic_files import storage_errors, sync_folder
from openmetadata_airflow_apis.stores.deployed_files import is_marked
from openmetadata_airflow_apis.stores.older_plugin_store import KEPT
from openmetadata_airflow_apis.transactions import database_errors, in_one_transaction

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

_NO_ANSWER = "Airflow's database does not answer; the DAG `{}` was not withdrawn, try again later"
_SHOWN = 5  # names of files that are no deploy's


@dataclass(frozen=True)
class _Deployed:
    """A DAG that is deployed here, or what a crash left of one. fileloc: the file that Airflow loads it from.

    unfinished_runs: how many of its runs have not ended. refusal: why it can't be withdrawn, None if it can.
    """

    dag_id: str
    fileloc: str
    unfinished_runs: int
    refusal: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    confirmation.add_arguments(parser, dry_run="list what would be removed, and remove nothing")


def run(arguments: argparse.Namespace) -> int:
    """List what would be removed, ask, and remove it; return 0, or print why nothing was removed and return 1."""
    with confirmation.without_logs():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    settings = Settings.load()
    store = open_store(settings)
    with database_errors("Airflow's database does not answer; nothing was removed"):
        own_tables.refuse_newer_tables()
        tables = own_tables.row_counts()
        with create_session() as session:
            deployed = _everything_deployed(store, session=session)
            roles = role_names(session)
    loaders = _removable_loaders(dags_folder())
    others = _others(deployed, settings)
    print("To be removed:", *_removed(deployed, loaders, tables, roles, settings, others), sep="\n  ")
    print("Stays:", *_kept(settings, others), sep="\n  ")
    print("Then to be done by hand:", *_by_hand(settings, _left_modules(deployed)), sep="\n  ")
    refusals = [*(dag.refusal for dag in deployed if dag.refusal), *loader_files.refusals(dags_folder(), loaders)]
    if refusals:
        print("Nothing is removed while there is something wrong:", *refusals, sep="\n  ", file=sys.stderr)
        return 1
    if arguments.dry_run:
        return 0
    if not (arguments.yes or confirmation.confirmed("uninstall", to_do="remove all of this")):
        print("Nothing was removed", file=sys.stderr)
        return 1
    with database_errors("Airflow's database does not answer; call uninstall again, which removes what is left"):
        with create_session() as session:
            for dag in deployed:
                _withdraw(dag.dag_id, store, session=session)
        store.dismantle()
        if loaders:
            _remove_loaders(dags_folder(), loaders)
        with create_session() as session:
            remove_permissions(session)
        for name in own_tables.row_counts():
            own_tables.drop(name)
    print("Removed")
    return 0


def _everything_deployed(store: DefinitionStore, *, session: Session) -> list[_Deployed]:
    """Return all deployed DAGs, with damaged ones and those that a crash left, sorted by dag_id. Changes nothing.

    What lies at the paths of ours and is not, such as a config of the older plugin, is none of them.
    """
    refusals = {name: _refusal(name, store) for name in sorted({*store.dag_ids(), *store.interrupted()})}
    names = [name for name, refusal in refusals.items() if not isinstance(refusal, NotDeployedHere)]
    run_counts = dict(
        session.execute(
            select(DagRun.dag_id, func.count())
            .where(DagRun.dag_id.in_(names), DagRun.state.in_(State.unfinished_dr_states))
            .group_by(DagRun.dag_id)
        ).all()
    )
    return [
        _Deployed(
            name, store.fileloc(name), run_counts.get(name, 0), str(refusal) if (refusal := refusals[name]) else None
        )
        for name in names
    ]


def _refusal(dag_id: str, store: DefinitionStore) -> ManagedDagsError | None:
    try:
        store.claim(dag_id)
    except ManagedDagsError as error:
        return error
    return None


def _removable_loaders(folder: Path) -> list[Path]:
    """Return the loader files of a folder, or nothing if this user can't write to it, as if git-sync fills it."""
    with storage_errors(folder):
        return loader_files.present(folder) if os.access(folder, os.W_OK | os.X_OK) else []


def _others(deployed: list[_Deployed], settings: Settings) -> list[str]:
    """Return what is in dag_generated_configs and stays there, such as the older plugin's files."""
    if not settings.dag_generated_configs.is_dir():
        return []
    with storage_errors(settings.dag_generated_configs):
        names = {path.name for path in settings.dag_generated_configs.iterdir()}
    if settings.definition_store == "files":
        names -= {f"{dag.dag_id}.json" for dag in deployed}
    # What begins with a dot is a lock or a file of an interrupted deploy, which goes with the DAGs.
    return sorted(name for name in names if not name.startswith("."))


def _left_modules(deployed: list[_Deployed]) -> list[str]:
    """Return the rendered files in the dags folder that stay there: of DAGs that migrate-store has left, or copies."""
    folder, removed = dags_folder(), {dag.fileloc for dag in deployed}
    if not folder.is_dir():
        return []
    with storage_errors(folder):
        paths = sorted(str(path) for path in folder.iterdir() if path.suffix == ".py")
    return [path for path in paths if path not in removed and is_marked(path)]


def _removed(
    deployed: list[_Deployed],
    loaders: list[Path],
    tables: dict[str, int],
    roles: list[str],
    settings: Settings,
    others: list[str],
) -> list[str]:
    lines = [f"the DAG {dag.dag_id} ({dag.fileloc}), and its definition{_of_runs(dag)}" for dag in deployed]
    lines += [f"the loader file {path}" for path in loaders]
    if settings.definition_store == "files" and settings.dag_generated_configs.is_dir() and not others:
        lines.append(f"the folder {settings.dag_generated_configs}, if nothing else is in it")
    lines += [f"the table {name} ({rows} row{'' if rows == 1 else 's'})" for name, rows in tables.items()]
    lines.append(f"the permissions on {', '.join(OUR_RESOURCES)}, of these roles: {', '.join(roles) or 'none'}")
    return lines


def _of_runs(dag: _Deployed) -> str:
    if not dag.unfinished_runs:
        return ""
    runs = "1 run has" if dag.unfinished_runs == 1 else f"{dag.unfinished_runs} runs have"
    return f"; {runs} not ended, and will not go on: wait for the end, or kill them first"


def _kept(settings: Settings, others: list[str]) -> list[str]:
    rows_of_airflow = "runs, task logs, the audit log and the permissions on single DAGs, which are Airflow's"
    lines = [f"the callable files in {settings.dag_managed_operators}, which are yours"]
    if settings.dag_runner_template is not None:
        lines.append(f"the template {settings.dag_runner_template}, which is yours")
    configs = settings.dag_generated_configs
    if KEPT in others:
        lines.append(f"{configs / KEPT}: the older plugin's files, which migrate-older-plugin has kept")
    strangers = [name for name in others if name != KEPT]
    if strangers:
        lines.append(f"what else is in {configs}, and so the folder: {_some(strangers)}")
    elif settings.definition_store == "database" and configs.is_dir():
        lines.append(f"the folder {configs}, which the store of files has made")
    return [*lines, f"{rows_of_airflow} (`airflow dags delete DAG_ID` deletes the runs of a DAG)"]


def _some(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _by_hand(settings: Settings, left_modules: list[str]) -> list[str]:
    from airflow.configuration import conf

    lines = [
        f"delete {path}, which is of none of these DAGs (migrate-store left it, say, and says why): it can't be "
        "imported without this package"
        for path in left_modules
    ]
    if settings.definition_store == "database":
        lines.append(
            f"delete {loader_files.PATTERN} wherever else install-loader has written them (the dags folders of other "
            "nodes, the repository or the image that these come from): they can't be imported without this package"
        )
    if OUR_BACKEND in conf.get("api", "auth_backends", fallback=""):
        lines.append(f"take {OUR_BACKEND} out of [api] auth_backends: no webserver starts with it without this package")
    restart = "a webserver that starts before makes the tables and permissions again"
    return [
        *lines,
        f"take the section [{SECTION}], and environment variables of that name, out of Airflow's configuration",
        f"pip uninstall openmetadata-airflow-apis, for every component, and restart it: {restart}",
    ]


def _withdraw(dag_id: str, store: DefinitionStore, *, session: Session) -> None:
    """Remove a deployment's files, and make Airflow stop scheduling and showing the DAG. Commits the session.

    Raises Unavailable, and the errors with which a deploy or delete would refuse the name; the DAG is then as it was.
    """
    fileloc = store.fileloc(dag_id)

    def change() -> None:
        # Airflow may know the name from another file; that DAG is not ours to change.
        our_row = select(DagModel.dag_id).where(DagModel.dag_id == dag_id, DagModel.fileloc == fileloc)
        store.remove_rows(dag_id, session=session)
        if session.execute(our_row).first() is None:
            return
        session.execute(delete(SerializedDagModel.__table__).where(SerializedDagModel.__table__.c.dag_id == dag_id))
        session.execute(update(DagModel.__table__).where(DagModel.__table__.c.dag_id == dag_id).values(is_active=False))

    no_answer = _NO_ANSWER.format(dag_id)
    with database_errors(no_answer), store.locked(dag_id):
        finish_interrupted(dag_id, store, session=session)
        store.claim(dag_id)
        if store.knows(dag_id):
            with store.removing(dag_id):
                in_one_transaction(change, session=session, unavailable=no_answer)


def _remove_loaders(folder: Path, paths: list[Path]) -> None:
    """Delete loader files of a folder. Raises Unavailable if one can't be deleted."""
    with storage_errors(folder):
        for path in paths:
            path.unlink(missing_ok=True)
        sync_folder(folder)
