"""`managed-dags`: deploy and run workflows of an Airflow with openmetadata-airflow-apis, over HTTP and without Airflow.

    main.py             the program: its commands, the script of `completion`; exits with the code of a failure
    errors.py           every way in which a command fails, with its exit code (1, 3, 4, 130)
    commands/           what a user types, a module for each kind of command
    command_options.py  the options that commands share, the Session made from them, the question before a change
    output.py           answers as JSON, YAML, names and tables; progress on a terminal

Calling the server:

    server_and_credentials.py  which server a command calls, as whom: by options, the environment, or a login
    stored_logins.py           the logins of `managed-dags login`: their file, which nobody else may read; renewal
    connection.py              calls over HTTP: proxies, time limits, what is sent again, what answers mean
    operations.py              the operations of the specification; NAME=VALUE of `call` as their arguments
    described_operations.py    what operations.py takes from the specification
    helpful_commands.py        what the server recommends, as commands

The user's files:

    file_requests.py  the requests in the files, read by the plugin's workflow_files.py; the place of each fault
    misspelt_keys.py  keys of tasks that may be misspelt, without a server
    faults.py         faults as text, GitHub's annotations and SARIF
    dag_results.py    the result for each DAG of the files, each fault once; the command fails if one of them did
    change_lines.py   what a deploy would change, as a diff

Waiting:

    parse_watch.py  until the DAG processor has parsed what was deployed
    run_watch.py    watching a run until it has ended

migrate dag-factory:

    dag_factory_folder.py     converts the files of dag-factory's YAML, and copies the files that they name
    dag_factory_defaults.py   its defaults.yml
    dag_factory_functions.py  its functions and lambdas, as callable files
    yaml_edits.py             changes in a YAML text that leave comments and layout
"""

__version__ = "1.0.0rc1"
