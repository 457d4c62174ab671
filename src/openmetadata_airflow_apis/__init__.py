"""Deploy workflow definitions as Airflow DAGs over HTTP, and run and watch what was deployed.

Ways in:

    plugin.py  what Airflow loads
    cli/       the command openmetadata-airflow-apis: doctor, migrations, uninstall
    api/       HTTP: a handler for each operation, the older plugin's door, errors as answers
    console/   the page

The work, each room above those that it uses:

    deploy/            what a deploy, a delete, a bundle, a restore or a list does
    runs/              what is done with runs and tasks, and why they do not go on
    security/          who is calling, and what they may do
    checks/            what is wrong with a definition before it is deployed
    stores/            where definitions are kept: files, or tables
    dagbuild/          builds DAGs from definitions, for Airflow's processes
    definition/        the format: what was sent becomes one canonical spelling, with its faults
    airflow_versions/  what differs between Airflow 2.7 and 2.11 (pyproject.toml says which are supported)

Below all of them:

    transactions.py            one operation is committed once, whatever is lost; how long it waits for locks
    database_refusals.py       what a database that answers refuses: it is read-only, full, has no connection left
    audit.py                   how Airflow's audit log is told of a change; each verb calls it where it commits
    list_filters_and_order.py  a list's filters, its order, and how many there are
    own_tables.py              our tables in Airflow's database, made if missing; refused if a newer release made them
    mysql_values.py            what MySQL cannot store: ids, moments, twins, sizes; asked before a write, or after
    settings.py                our options of airflow.cfg, and the folders
    resources.py               files that come with the package
    conflict_errors.py         what is in a change's way: 409
    errors.py                  what can be wrong, with thing, place and cure
"""

__version__ = "1.0.0rc1"
