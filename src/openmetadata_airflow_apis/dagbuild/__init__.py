"""Builds an Airflow DAG from a canonical definition, in the DAG processor and on workers: it must import fast.

What a definition may hold was checked when it was deployed, and is not checked again here.

    dag_builder.py        build_dag: a definition in, a DAG out; a decorated function; shared cron timetables
    dag_file_loader.py    load_dag: the DAG of one stored document; what a DAG file of the file store calls
    built_values.py       makes Python objects of the values in a definition: functions, their results, Variables
    kubernetes_models.py  makes models of the Kubernetes client of plain maps
    callable_files.py     reads callable files, out of whose folder no link leads; executes them for functions
    callable_syntax.py    what a callable file defines, by its syntax tree, without executing it
    stand_ins.py          builds the same DAG without the authors' code, for a deploy
    stored_content.py     reads a stored document as far as a DAG file needs it; torn, edited or unreadable ones
    stored_document.py    the stored document, whole: what a deploy keeps of a definition, and its sha256

When a deploy comes in the middle of a parse:

    deployment_mark.py  the mark that says, in Airflow's own row, which deployment a DAG was built from
    late_file_rows.py   refuses a sync of Airflow's that would write a DAG of a definition that was replaced since
    late_shard_rows.py  has a sync write the DAG of a shard that was deployed meanwhile as it is deployed now

The database store, on each node:

    shard_loader.py  load_shard: builds the DAGs of a shard, or a task's DAG alone; whose an error is
    shards.py        which DAG is in which shard, and so in which loader file; reads a shard's rows
    shard_tables.py  how its tables are made: their columns and indexes
    node_parses.py   what this host notes of its parses, if it is new: which it has parsed, which it could not build

What can't be built:

    import_errors.py  the words of an import error, with the author's line; sys.exit and timeouts are such errors too
    unbuilt_tasks.py  notes in the audit log why this host can't build the DAG of the task that it is to run
"""

from openmetadata_airflow_apis.dagbuild.dag_builder import build_dag
from openmetadata_airflow_apis.dagbuild.dag_file_loader import load_dag

__all__ = ["build_dag", "load_dag"]
