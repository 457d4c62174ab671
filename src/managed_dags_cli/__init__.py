"""`managed-dags`: deploy and run workflows of an Airflow with openmetadata-airflow-apis, over HTTP and without Airflow.

    main.py             the program: its commands, and how each end becomes an exit code
    errors.py           every end that is not well, with its exit code (1, 3, 4)
    commands/           what a user types, a module for each kind of command
    command_options.py  the options that every command has, and what it gets of them
    output.py           answers as JSON, YAML, names and tables; progress where somebody looks

Calling the server:

    servers.py               which server is meant, by options, environment or a login
    stored_logins.py         the logins of `managed-dags login`: a file that nobody else may read
    credentials.py           tokens, and how they are renewed
    operation_calls.py       one call of an operation, signed in; what is sent again after a lost answer
    connection.py            HTTP: proxies, certificates, time limits, tries
    operations.py            the operations of the specification that this package ships
    described_operations.py  what of the specification they are made of
    helpful_commands.py      what the server recommends, as commands

The user's files:

    workflow_files.py      the requests that they mean, and where in them a fault stands
    faults.py              faults as text, GitHub's annotations and SARIF
    outcomes.py            what became of each DAG of the files, and how the command ends
    definition_changes.py  what a deploy would change, as a diff

Waiting:

    parse_wait.py  until the DAG processor has parsed what was deployed
    run_watch.py   watching a run until it has ended

migrate dag-factory:

    dag_factory_folder.py     a folder of dag-factory's YAML, as it has to be here
    dag_factory_defaults.py   its defaults.yml
    dag_factory_functions.py  its functions and lambdas, as callable files
    yaml_edits.py             changes in a YAML text that leave comments and layout
"""

__version__ = "1.0.0rc1"
