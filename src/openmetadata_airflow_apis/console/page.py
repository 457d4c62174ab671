"""The page: its menu entries in Airflow, its files, and what the signed-in user may do."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import secrets
from functools import lru_cache
from io import BytesIO
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
    send_file,
    session,
    url_for,
)
from flask_appbuilder import expose
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.security import safe_join

from openmetadata_airflow_apis.checks.operator_list import installed_operators
from openmetadata_airflow_apis.console.definition_check import check_text
from openmetadata_airflow_apis.security.headers import leave_session_as_it_is
from openmetadata_airflow_apis.security.operation_permissions import MENU_ENTRY, PERMISSIONS

if TYPE_CHECKING:
    from flask import Blueprint, Flask

_FOLDER = Path(__file__).parent
_STATIC = _FOLDER / "static"
_API = "openmetadata_airflow_apis"
_SCRIPT_TAG = re.compile(r"<script(?=[\s>])(?![^>]*\bsrc=)")
_IMPORT = re.compile(r"""^(?:import|export)\b[^;'"]*["']\./([\w/]+\.js)["']""", re.MULTILINE)

# "Deployed workflows" is shown to whoever has Airflow's own entry "DAGs": all of Airflow's roles, and others that may
# look at DAGs. So nobody has to grant a permission for it.
_DAGS_MENU_ENTRY = "DAGs"

# Airflow's own templates have style attributes, which no nonce covers, and pictures as data: addresses.
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


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
        nonce, current = secrets.token_urlsafe(16), revision()
        page = self.render_template(
            "openmetadata_airflow_apis/console.html",
            title="Deployed workflows",
            config=_config(),
            revision=current,
            scripts=_scripts_of_the_list(current),
            links=_links(),
            import_map={"imports": _library_addresses(current)},
            nonce=nonce,
            with_nonce=lambda html: with_nonce(html, nonce),
        )
        answer = make_response(page)
        answer.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
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

        guarded: the operations that need a permission. csrf_token: that of the session, for a page that was opened in
        an earlier session. With `prolong` in the query, the session's lifetime starts again.
        """
        if not get_auth_manager().is_logged_in():
            abort(401)
        g.stores_session = "prolong" in request.args or current_app.config["WTF_CSRF_FIELD_NAME"] not in session
        answer = jsonify(
            csrf_token=generate_csrf(),
            guarded=list(PERMISSIONS),
            operations=_allowed(None),
            dags={dag_id: _allowed(dag_id) for dag_id in request.args.getlist("dag_id")[:100]},
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/check", methods=["POST"])
    def check(self) -> Response:
        """Answer check_text for the sent text, to users who may deploy."""
        _refuse_unless_may_deploy()
        settings = current_app.extensions[_API].settings
        limit = settings.max_body_bytes
        if (request.content_length or 0) > limit:
            abort(413)
        if (
            "wsgi.input_terminated" in request.environ
        ):  # gunicorn, which ends a body in chunks as well: it has no length
            try:
                text = request.environ["wsgi.input"].read(limit + 1)
            except (OSError, ValueError):  # gunicorn raises these for chunks that are not well formed
                abort(400)
        else:
            text = request.get_data()
        if len(text) > limit:
            abort(413)
        return jsonify(check_text(text, settings))

    @expose("/operators")
    def operators(self) -> Response:
        """Answer the import paths of the installed operators, to users who may deploy."""
        _refuse_unless_may_deploy()
        return jsonify(operators=installed_operators())

    @expose("/static/<digest>/<path:filename>")
    def static_file(self, digest: str, filename: str) -> Response:
        """Answer one of the page's own files, compressed if the browser accepts that."""
        path = safe_join(str(_STATIC), filename)
        if path is None or not Path(path).is_file():
            abort(404)
        current = revision()
        is_current = digest == current
        # A Range is a part of the uncompressed file.
        is_compressed = request.accept_encodings["gzip"] > 0 and "Range" not in request.headers
        content = _compressed(path, current) if is_compressed else Path(path).read_bytes()
        answer = send_file(
            BytesIO(content),
            download_name=Path(path).name,
            etag=f"{current}{'-gzip' if is_compressed else ''}",
            max_age=365 * 24 * 3600 if is_current else 0,
            conditional=True,
        )
        answer.cache_control.immutable = is_current
        answer.vary.add("Accept-Encoding")
        if is_compressed and answer.status_code == 200:
            answer.headers["Content-Encoding"] = "gzip"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def with_nonce(html: str, nonce: str) -> Markup:
    """Return Airflow's own HTML with the nonce on its inline scripts; scripts with a src need none."""
    return Markup(_SCRIPT_TAG.sub(f'<script nonce="{nonce}"', str(html)))  # nosec B704 # noqa: S704 - rendered by Airflow's templates


def revision() -> str:
    """Return a digest of the page's files; their addresses contain it, so that no browser keeps old ones."""
    files = [(path, path.stat()) for path in sorted(_STATIC.rglob("*")) if path.is_file()]
    return _digest(tuple((path, status.st_mtime_ns, status.st_size) for path, status in files))


@lru_cache(maxsize=256)  # more than there are files, which take half a megabyte together
def _compressed(path: str, _revision: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), mtime=0)


@lru_cache(maxsize=1)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    # Only names and contents count, so that all webservers have the same addresses; times and sizes are for the cache.
    digest = hashlib.sha256()
    for path, _, _ in files:
        digest.update(path.relative_to(_STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def _scripts_of_the_list(_: str) -> list[str]:
    """Return the files that console.js imports, directly or not, so that a browser requests all of them at once."""
    names = ["console.js"]
    for name in names:
        imported = _IMPORT.findall((_STATIC / name).read_text(encoding="utf-8"))
        names += [imported_name for imported_name in dict.fromkeys(imported) if imported_name not in names]
    return names


def _library_addresses(digest: str) -> dict[str, str]:
    """Return the addresses of the page's libraries, by the names under which they import each other."""
    libraries = json.loads((_STATIC / "libraries" / "libraries.json").read_text(encoding="utf-8"))
    files = {library["name"]: next(name for name in library["files"] if name.endswith(".js")) for library in libraries}
    return {
        name: url_for("ConsoleView.static_file", digest=digest, filename=f"libraries/{file}")
        for name, file in files.items()
    }


def _keep_session(response: Response) -> Response:
    """Don't store the browser's session, unless the view set g.stores_session. An after_request function."""
    return response if g.get("stores_session") else leave_session_as_it_is(response)


def _refuse_unless_may_deploy() -> None:
    """End the request with 401 or 403 if the user may not deploy."""
    if not get_auth_manager().is_logged_in():
        abort(401)
    if not _may("deploy_dag", None):
        abort(403)


def _may(operation_id: str, dag_id: str | None) -> bool:
    return all(permission.granted(dag_id) for permission in PERMISSIONS[operation_id])


def _allowed(dag_id: str | None) -> list[str]:
    return [operation_id for operation_id in PERMISSIONS if _may(operation_id, dag_id)]


def _config() -> dict[str, Any]:
    """Return what the page's script needs to know; addresses include the webserver's path prefix."""
    return {
        "root": request.script_root,
        "csrf_token": generate_csrf(),
        "may_deploy": _may("deploy_dag", None),
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
    """Add the page to Airflow's web application, and its menu entries: below Browse, and the operations below Admin."""
    appbuilder: Any = getattr(app, "appbuilder")  # noqa: B009 - Airflow adds it to Flask's class
    appbuilder.add_view_no_menu(ConsoleView)
    appbuilder.add_link(_DAGS_MENU_ENTRY, "ConsoleView.index", label="Deployed workflows", category="Browse")
    appbuilder.add_link(MENU_ENTRY, "ConsoleView.operations", category="Admin")
