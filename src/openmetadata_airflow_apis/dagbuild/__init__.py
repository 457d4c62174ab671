"""Builds an Airflow DAG from a canonical definition, in the DAG processor and on workers: it must import fast.

What a definition may hold was checked when it was deployed, and is not checked again here.

    dag_builder.py        build_dag: a definition in, an Airflow DAG out; which values a decorated function gets
    built_values.py       makes Python objects of the values in a definition
    kubernetes_models.py  makes models of the Kubernetes client of plain maps
    managed_callables.py  loads functions from callable files, and so executes their authors' code
    managed_files.py      reads callable files without leaving their folder
    stand_ins.py          builds the same DAG without the authors' code, for a deploy; what only a parse can build
    stored_content.py     reads a stored document as far as a DAG file needs it; torn, edited or unreadable ones
    stored_document.py    the stored document, whole: what a deploy keeps of a definition, and its sha256

When a deploy comes in the middle of a parse:

    deployment_mark.py  which deployment a DAG was built from; refuses a sync of Airflow's that comes too late
    late_shard_rows.py  has a sync write the DAG of a shard that was deployed meanwhile as it is deployed now

The database store, on each node:

    shard_loader.py     load_shard: which DAG is in which shard, and the DAGs of one; what a loader file calls
    deployed_tables.py  its tables: what is deployed, and what nodes have parsed or could not build
    node_notes.py       notes what this host has parsed, and what it could not build

What can't be built:

    import_errors.py  the words of an import error: the one sentence, with the line of the author's file
    unbuilt_tasks.py  notes in the audit log why this host can't build the DAG of the task that it is to run
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.dag_builder import build_dag
from openmetadata_airflow_apis.dagbuild.deployment_mark import (
    FileVersion,
    deployment_mark,
    mark_dag,
    refuse_late_writes,
)
from openmetadata_airflow_apis.dagbuild.managed_callables import ManagedCallables
from openmetadata_airflow_apis.dagbuild.stored_content import read_content, read_file
from openmetadata_airflow_apis.errors import DamagedDocument, ManagedDagsError

if TYPE_CHECKING:
    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.dagbuild.stored_content import StoredContent

__all__ = ["build_dag", "load_dag"]


def load_dag(dag_id: str, workflow_config_file: str) -> DAG:
    """Return the DAG of a deployed definition. The DAG file that a deploy renders calls this.

    workflow_config_file: the path of the stored document. If a deploy replaces it while the DAG is built, which takes
    as long as the callable files take to import, the DAG is built again from the new one.
    Raises DamagedDocument, naming the file, if the document is missing, torn, edited by hand or another DAG's;
    DagNotBuilt if an operator or a callable is no longer what it was at deploy. The text that Airflow keeps of either
    begins with the error's sentence.
    """
    fileloc = sys._getframe(1).f_code.co_filename  # noqa: SLF001 - as Airflow's own DAG finds its file
    callables = ManagedCallables()
    while True:
        version, mark = FileVersion(workflow_config_file), ""
        try:
            content = _read(dag_id, workflow_config_file)
            mark = deployment_mark(content["sha256"], content.get("deployed_at"))
            dag = build_dag(content["definition"], fileloc=fileloc, callables=callables)
        except ManagedDagsError as error:
            if not version.was_replaced():
                from openmetadata_airflow_apis.dagbuild.import_errors import with_summary
                from openmetadata_airflow_apis.dagbuild.unbuilt_tasks import note_unbuilt

                failure = with_summary(error, mark)
                note_unbuilt(dag_id, str(failure.__cause__))
                raise failure  # noqa: B904 - its cause is set
        else:
            if not version.was_replaced():
                mark_dag(dag, mark)
                refuse_late_writes(dag, version)
                return dag
        if not callables.are_current():  # files that have not changed are not executed again
            callables = ManagedCallables()


def _read(dag_id: str, path: str) -> StoredContent:
    data = read_file(path)
    if data is None:
        cure = "deploy the workflow again, or delete the DAG"
        raise DamagedDocument(path, "the definition's file is missing", cure=cure)
    content = read_content(data, path)
    if content["dag_id"] != dag_id:
        raise DamagedDocument(path, f"it holds the DAG '{content['dag_id']}', not '{dag_id}'")
    return content
