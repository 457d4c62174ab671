"""Builds the DAG of one stored document: what a DAG file of the file store calls. It must import next to nothing.

DAG files import load_dag from the package, `openmetadata_airflow_apis.dagbuild`, and go on doing so: they are on disk.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
from openmetadata_airflow_apis.dagbuild.dag_builder import build_dag
from openmetadata_airflow_apis.dagbuild.deployment_mark import deployment_mark, mark_dag
from openmetadata_airflow_apis.dagbuild.late_file_rows import FileVersion, refuse_late_writes
from openmetadata_airflow_apis.dagbuild.stored_content import read_content, read_file
from openmetadata_airflow_apis.errors import DamagedDocument, ManagedDagsError

if TYPE_CHECKING:
    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.dagbuild.stored_content import StoredContent


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
