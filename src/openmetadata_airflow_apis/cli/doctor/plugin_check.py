"""Whether Airflow loads the plugin once, in this version, and no other plugin that answers at its paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis import __version__
from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

PLUGIN = "OpenMetadataAirflowApisPlugin"
_PATHS = ("/rest_api", "/admin/rest_api")


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem if the plugin is missing, fails, is of another version or loaded twice, or shares its paths."""
    from airflow import plugins_manager

    plugins_manager.ensure_plugins_loaded()
    for source, error in plugins_manager.import_errors.items():
        if "openmetadata_airflow_apis" in f"{source}{error}":
            yield Finding(
                PROBLEM, "plugin", f"{source} fails to load: {error}", "see the traceback of `airflow plugins`"
            )
    loaded = [plugin for plugin in plugins_manager.plugins or [] if type(plugin).__name__ == PLUGIN]
    if not loaded:
        yield Finding(
            PROBLEM,
            "plugin",
            "Airflow does not load it",
            "install openmetadata-airflow-apis into the Python that runs Airflow, with pip",
        )
    for plugin in loaded:
        source = str(plugin.source)
        if __version__ not in source and __version__ not in str(plugin.name):
            yield Finding(PROBLEM, "plugin", f"Airflow loads {source}, this is {__version__}", "uninstall one of them")
    if len(loaded) > 1:
        sources = ", ".join(str(plugin.source) for plugin in loaded)
        yield Finding(
            PROBLEM, "plugin", f"it is loaded {len(loaded)} times ({sources})", "take the copy out of plugins/"
        )
    for plugin in plugins_manager.plugins or []:
        if plugin not in loaded and (path := _path_of_ours(plugin)):
            yield Finding(
                PROBLEM,
                "plugin",
                f"the plugin '{plugin.name}' ({plugin.source}) answers at {path} as well, as the older one does",
                "uninstall it, or take it out of plugins/",
            )


def _path_of_ours(plugin: Any) -> str | None:
    """Return the path of another plugin that is one of ours or below it, None if it has no such path."""
    prefixes = [blueprint.url_prefix for blueprint in plugin.flask_blueprints or []]
    views = [view.get("view") for view in plugin.appbuilder_views or [] if isinstance(view, dict)]
    prefixes += [getattr(view, "route_base", None) for view in views]
    return next((prefix for prefix in prefixes if prefix and prefix.startswith(_PATHS)), None)
