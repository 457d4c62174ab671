"""The page at /rest_api/: its addresses, and what each of them answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.www.extensions.init_auth_manager import get_auth_manager
from airflow.www.views import AirflowBaseView
from flask import (
    Response,
    abort,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask_appbuilder import expose
from flask_wtf.csrf import generate_csrf

from openmetadata_airflow_apis.checks.operator_list import installed_operators
from openmetadata_airflow_apis.console.content_security_policy import new_nonce, policy, with_nonce
from openmetadata_airflow_apis.console.definition_check import check_answer
from openmetadata_airflow_apis.console.menu_entries import add_menu_entries
from openmetadata_airflow_apis.console.page_files import file_answer, library_addresses, revision, scripts_of_the_list
from openmetadata_airflow_apis.console.page_permissions import may, permissions_on, refuse_unless_may_deploy
from openmetadata_airflow_apis.security.response_headers import leave_session_as_it_is

if TYPE_CHECKING:
    from flask import Blueprint, Flask

_FOLDER = Path(__file__).parent
_API = "openmetadata_airflow_apis"


class ConsoleView(AirflowBaseView):
    """The page at /rest_api/: for every signed-in user; what it offers follows the user's permissions."""

    route_base = "/rest_api"
    template_folder = str(_FOLDER / "templates")
    default_view = "index"

    def create_blueprint(self, *arguments: Any, **options: Any) -> Blueprint:
        """Make the view's blueprint as FAB does; the page's background requests then don't write the session."""
        blueprint = super().create_blueprint(*arguments, **options)
        blueprint.after_request(_keep_session)
        return blueprint

    @expose("/")
    def index(self) -> Any:
        """Answer the page, or send a browser that is not signed in to Airflow's login."""
        manager = get_auth_manager()
        if not manager.is_logged_in():
            return redirect(manager.get_url_login(next_url=request.url))
        g.stores_session = True
        nonce, current = new_nonce(), revision()
        page = self.render_template(
            "openmetadata_airflow_apis/console.html",
            title="Deployed workflows",
            config=_config(),
            revision=current,
            scripts=scripts_of_the_list(current),
            links=_links(),
            import_map={"imports": library_addresses(current)},
            nonce=nonce,
            with_nonce=lambda html: with_nonce(html, nonce),
        )
        answer = make_response(page)
        answer.headers["Content-Security-Policy"] = policy(nonce)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/operations")
    def operations(self) -> Any:
        """Redirect to the operations with their forms; the menu entry "REST API" leads here."""
        return redirect(url_for("ConsoleView.index", _anchor="operations"))

    @expose("/permissions")
    def permissions(self) -> Response:
        """Answer the operations that the signed-in user may call: on all DAGs, and on each `dag_id` of the query.

        csrf_token: that of the session, for a page that was opened in an earlier session. With `prolong` in the query,
        the session's lifetime starts again.
        """
        if not get_auth_manager().is_logged_in():
            abort(401)
        g.stores_session = "prolong" in request.args or current_app.config["WTF_CSRF_FIELD_NAME"] not in session
        answer = jsonify(
            csrf_token=generate_csrf(),
            **permissions_on(request.args.getlist("dag_id")),
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/check", methods=["POST"])
    def check(self) -> Response:
        """Answer what is wrong with the sent text, and which DAGs it makes."""
        return check_answer()

    @expose("/operators")
    def operators(self) -> Response:
        """Answer the import paths of the installed operators, to users who may deploy."""
        refuse_unless_may_deploy()
        return jsonify(operators=installed_operators())

    @expose("/static/<digest>/<path:filename>")
    def static_file(self, digest: str, filename: str) -> Response:
        """Answer one of the page's own files, compressed if the browser accepts that."""
        return file_answer(filename, digest)


def _keep_session(response: Response) -> Response:
    """Don't store the browser's session, unless the view set g.stores_session. An after_request function."""
    return response if g.get("stores_session") else leave_session_as_it_is(response)


def _config() -> dict[str, Any]:
    """Return what the page's script needs to know; addresses include the webserver's path prefix."""
    return {
        "root": request.script_root,
        "csrf_token": generate_csrf(),
        "may_deploy": may("deploy_dag", None),
        "operators_url": url_for("ConsoleView.operators"),
        "schema_url": url_for(f"{_API}.workflow_schema"),
        "grid_url": url_for("Airflow.grid", dag_id="__dag_id__"),
    }


def _links() -> dict[str, str]:
    links = {
        "OpenAPI document (YAML)": url_for(f"{_API}.openapi_yaml"),
        "Schema of workflow definitions": url_for(f"{_API}.workflow_schema"),
    }
    if f"{_API}.swagger_ui" in current_app.view_functions:  # [api] enable_swagger_ui
        links = {"Swagger UI": url_for(f"{_API}.swagger_ui"), **links}
    return links


def register(app: Flask) -> None:
    """Add the page to Airflow's web application, with its menu entries."""
    appbuilder: Any = getattr(app, "appbuilder")  # noqa: B009 - Airflow adds it to Flask's class
    appbuilder.add_view_no_menu(ConsoleView)
    add_menu_entries(appbuilder)
