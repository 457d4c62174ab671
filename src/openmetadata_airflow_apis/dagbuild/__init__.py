"""Builds an Airflow DAG from a canonical definition, in the DAG processor and on workers: it must import fast.

What a definition may hold was checked when it was deployed, and is not checked again here.

    dag_builder.py        build_dag: a canonical definition in, an Airflow DAG out
    built_values.py       Python objects of the values in a definition
    kubernetes_models.py  models of the Kubernetes client of plain maps
    managed_callables.py  loads functions from callable files, and so executes their authors' code
    managed_files.py      reads callable files without leaving their folder
    stand_ins.py          builds the same DAG without the authors' code
    stored_content.py     reads a stored document as far as a DAG file needs it
    stored_document.py    the stored document, whole
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.dag_builder import build_dag
from openmetadata_airflow_apis.dagbuild.managed_callables import ManagedCallables
from openmetadata_airflow_apis.dagbuild.stored_content import read_content, read_file
from openmetadata_airflow_apis.errors import DamagedDocument, ManagedDagsError

if TYPE_CHECKING:
    from airflow.models.dag import DAG

__all__ = ["build_dag", "load_dag"]


def load_dag(dag_id: str, workflow_config_file: str) -> DAG:
    """Return the DAG of a deployed definition: what the file that a deploy renders calls.

    workflow_config_file: the path of the stored document.
    Raises DamagedDocument, naming the file, where the document is missing, torn, edited by hand or another
    DAG's; DagNotBuilt where an operator or a callable is no longer what it was at deploy. What Airflow keeps of
    either begins with its sentence.
    """
    try:
        data = read_file(workflow_config_file)
        if data is None:
            cure = "deploy the workflow again, or delete the DAG"
            raise DamagedDocument(workflow_config_file, "the definition's file is missing", cure=cure)
        content = read_content(data, workflow_config_file)
        if content["dag_id"] != dag_id:
            raise DamagedDocument(workflow_config_file, f"it holds the DAG '{content['dag_id']}', not '{dag_id}'")
        fileloc = sys._getframe(1).f_code.co_filename  # noqa: SLF001 - as Airflow's own DAG finds its file
        return build_dag(content["definition"], fileloc=fileloc, callables=ManagedCallables())
    except ManagedDagsError as error:
        from openmetadata_airflow_apis.dagbuild.import_errors import with_summary

        raise with_summary(error)  # noqa: B904 - its cause is set
