"""The page at /rest_api/ for a signed-in browser: the deployed DAGs and their runs, deploying, each operation's form.

What the page does, it does through the API, as any other caller would.

    page.py              serves it below Airflow's navigation: its files, its content security policy, who may do what
    definition_check.py  what the editor is told of a text that somebody is writing: its DAGs, and every fault
    static/              plain JavaScript and CSS, which the browser loads as it lies there
    templates/           the page's HTML, around which Airflow's navigation stands

In static/, each file's first line says more:

    console.js, dom.js, svg.js, links.js    views by the address, nodes of the page, links
    http.js, polling.js, connection.js      requests and what an answer is told as; asking again; a session that ended
    dags.js, dag_cells.js, list_filter.js   the list
    dag.js, dag_nodes.js, deployment.js     one DAG: state, nodes
    history.js, comparison.js, differences.js, text_difference.js, graph_difference.js    versions
    graph.js    a graph as it is drawn, with groups that fold; dag_graph.js: its tasks and edges
    layout_worker.js    where its nodes stand, from left to right; graph_layout.js asks it
    grid.js, task_tree.js, task_summaries.js    the last runs by task
    run.js, run_tasks.js, timeline.js, explanation.js, log.js, clock.js, task_states.js    one run
    run_actions.js, selection.js, partial_run.js, plan.js    repairing it, with a plan first
    deploy.js, editor.js, code_editor.js, definition_check.js, fault_list.js, written_graph.js    writing a definition
    definition_schema.js, cursor_place.js, positions.js, definition_file.js    what the editor knows of it
    deploy_plan.js, dag_plans.js    what a deploy would do, and doing it
    trigger.js, operations.js, inputs.js, specification.js    forms: a run's params, each operation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Add the page to Airflow's web application, and its menu entries: below Browse, and the operations below Admin."""
    from openmetadata_airflow_apis.console.page import ConsoleView
    from openmetadata_airflow_apis.security.permissions import DAGS_MENU_ENTRY, MENU_ENTRY

    appbuilder: Any = getattr(app, "appbuilder")  # noqa: B009 - Airflow adds it to Flask's class
    appbuilder.add_view_no_menu(ConsoleView)
    appbuilder.add_link(DAGS_MENU_ENTRY, "ConsoleView.index", label="Deployed workflows", category="Browse")
    appbuilder.add_link(MENU_ENTRY, "ConsoleView.operations", category="Admin")
