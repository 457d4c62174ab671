"""What differs between Airflow 2.7 and 2.11: one small function each, with the version at which it can go.

"Airflow < 2.10" in a function says: it can go when 2.10 is the oldest Airflow that is supported. Each module has
one concern, and is imported only where it is needed, because every parse of a DAG file imports some of them.

    dag_values.py         timezones, datasets and conditions over them
    stored_params.py      params in a serialized DAG
    dag_code.py           the source code of DAG files that Airflow keeps
    dag_parsing.py        the check of a DAG, requests to parse a file, import errors
    dag_processors.py     which DAG processors run, by their heartbeats
    dag_permissions.py    the permissions on a DAG, and how Airflow is asked who may do what
    fab_models.py         where FAB keeps roles and permissions
    scheduling.py         where schedulers decide differently: start dates, rules in mapped groups, timetables
    run_history.py        what is remembered of cleared runs and tries
    next_retry.py         when a failed task is tried again
    try_logs.py           how tries are numbered, and the logs of those that run are read
    audit_log_columns.py  how the audit log says which run an event is about
    webserver.py          404 and 405 in JSON, errors of the storage of FAB's limits
    forked_processes.py   each process that gunicorn forks makes its own connections to Airflow's database
"""
