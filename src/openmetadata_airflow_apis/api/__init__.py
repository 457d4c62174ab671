"""HTTP: connexion routes by openapi.yaml; a handler takes typed arguments, calls one verb of a room below, and answers.

Both doors, the typed paths and the older plugin's `?api=`, call the same handlers.

Handlers, a module for each tag of the specification; each function has the operationId's name:

    dag_handlers.py            deploy_dag, validate, list, get, patch, delete, refresh_all_dags
    dag_version_handlers.py    versions of a DAG: list, get, compare, restore
    bundle_handlers.py         bundles of DAGs: apply, get, list
    dag_run_handlers.py        trigger, state, restart, kill and partial runs, of one run or of many
    task_instance_handlers.py  one task of a run: its state, restart, skip, succeed
    task_log_handler.py        the log of a try, as JSON or as a stream of text
    explanation_handler.py     explain_dag_run
    login_handlers.py          login, refresh, logout
    health_handler.py          health
    problem_page_handlers.py   the pages that the `type` of an error leads to
    handler_lookup.py          which function serves an operation; it acts once for each Idempotency-Key

What comes in:

    webserver_start.py   the start: settings that can't be used end it; makes our tables, records and prunes versions
    blueprint.py         the Flask blueprint: connexion's routes, and the gate before every call
    current_settings.py  the settings that the API was registered with
    operations.py        openapi.yaml in memory, and what it says of each operation
    body.py              request bodies: their size, encoding and type, and every fault against the specification
    strict_json.py       refuses JSON that Python would read: doubled keys, NaN, lone surrogates, deep nesting
    argument_checks.py   arguments of paths, queries and the old door against the specification: types, unknown names
    date_times.py        date-times of bodies and parameters; one without an offset is refused
    chosen_runs_body.py  which runs a call for many runs changes: run_ids, or else states and dates
    entity_tags.py       ETag, If-Match, If-None-Match; deploy/preconditions.py compares them
    replayed_answers.py  Idempotency-Key: a repeated request gets the first one's answer

What goes out:

    json_answers.py          values as JSON: dates RFC 3339, which empty fields are left out, indented up to a length
    run_answers.py           the answers of a trigger, restart, kill, skip, success: bodies, after waiting for an end
    deploy_answers.py        the answer of a deploy, after waiting for its parse; starts on_import_error=restore
    wait_limit.py            how long an answer may wait, and how many webserver processes may wait at once
    problem_types.py         the HTTP status, the `type` with the webserver's prefix, and the remedy of each error
    error_answers.py         every error as an answer: problem+json (RFC 9457), or in the old door's form
    not_found_hints.py       "did you mean": similar names that the caller may see, when a name was not found
    served_specification.py  openapi.yaml and .json as they are served, the JSON Schema of workflows, Swagger UI

The old door:

    old_door.py            `?api=OPERATION`, the older plugin's bodies and messages; a cookie's GET may change nothing
    old_door_arguments.py  its arguments, from query, form or JSON; refuses those of other operations
"""
