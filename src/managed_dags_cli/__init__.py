"""`managed-dags`: deploy and run workflows of an Airflow with openmetadata-airflow-apis, over HTTP and without Airflow.

main.py               the program: its commands, and how each end becomes an exit code
commands/             what a user types, a module for each kind of command
command_options.py    the options that every command has, and what it gets of them
servers.py            which server is meant, by options, environment or a login
stored_logins.py      the logins of `managed-dags login`: a file that nobody else may read
credentials.py        tokens, and how they are renewed
operation_calls.py    one call of an operation, signed in
connection.py         HTTP: proxies, certificates, lost answers
operations.py         the operations of the specification that this package ships
described_operations.py   what of the specification they are made of
workflow_files.py     the user's files, and where in them a fault stands
faults.py             faults as text, GitHub's annotations and SARIF
outcomes.py           what became of each DAG of the files
definition_changes.py what a deploy would change, as a diff
run_watch.py          watching a run until it has ended
helpful_commands.py   what the server recommends, as commands
output.py             answers as JSON, YAML, names and tables; progress where somebody looks
errors.py             every end that is not well, with its exit code
"""

__version__ = "1.0.0rc1"
