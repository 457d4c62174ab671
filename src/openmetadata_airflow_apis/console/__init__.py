"""The page at /rest_api/ for a signed-in browser: the deployed DAGs and their runs, deploying, each operation's form.

The page does everything through the API, as any other caller would.

    page.py                     the page: its addresses, and what each of them answers
    menu_entries.py             its entries in Airflow's menu, and who is shown them
    content_security_policy.py  which scripts a browser takes: the nonce, and which scripts get it
    page_files.py               its files: addresses that browsers may keep for ever, compression
    page_permissions.py         what the user of the page may do, on which DAGs
    definition_check.py         checks a text for the editor, for whoever may deploy: its DAGs, and every fault
    static/                     plain JavaScript and CSS, which the browser loads without a build step
    templates/                  the page's HTML, inside Airflow's navigation

In static/, each file's first line says more:

    console.js, dom.js, links.js    views by the address, nodes of the page, links
    http.js, polling.js     requests with the session or a token, and an answer as a sentence; when the page asks again
    session.js              the CSRF token, and how a page that is looked at keeps the session alive
    permissions.js    what the user may do
    connection_notice.js    tells of a webserver that is slow or silent, and of a session that has ended
    dags.js, dag_cells.js, list_filter.js   the list
    dag_actions.js    triggers, pauses, deletes and edits a DAG, from the list and its own view; what is in the editor
    dag.js, deployment_state.js, parsing_nodes.js    one DAG, its state, and which hosts have parsed it
    history.js, value_difference.js, text_difference.js, graph_difference.js    versions
    console.css    the page's look, in Airflow's dark mode too
    graph.js    draws a graph, with groups folded; graph_layout.js: where its nodes and edges are, from left to right
    definition_graph.js    the tasks, groups and edges that a definition makes
    grid.js    the last runs by task
    task_states.js    names of states; the state that a group or a mapped task shows
    run.js, timeline.js, explanation.js, log.js    one run
    run_tasks.js    its tasks: which are listed, in which order
    run_actions.js    repairing it, one task or all that are chosen on the graph, with a plan first
    partial_run.js    a run of some tasks
    deploy.js    writing and deploying a definition: asks before something is replaced, such as a newer version
    editor.js, codemirror_editor.js    where it is written; which part of it a fault is about; a file dropped there
    completion.js    what the editor offers and explains at the cursor
    definition_check.js, editor_graph.js    its faults, its graph
    workflow_flag.js    writes `force` into a text
    trigger.js, operations.js, curl_command.js    forms: a run's params, each operation
"""
