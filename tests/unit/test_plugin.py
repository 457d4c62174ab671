"""The plugin is imported by every Airflow process, each task run included, and must cost them next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys

# What a scheduler or a task process does with plugins: it loads them, and never registers a blueprint.
LOAD = """
import json, sys
import airflow.plugins_manager as manager
import flask
before = set(sys.modules)
manager.ensure_plugins_loaded()
assert any(plugin.name.startswith("openmetadata_airflow_apis") for plugin in manager.plugins)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_added_by_loading_plugins() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD], capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_process_without_http_imports_nothing_of_the_api():
    """Loading the plugin imports plugin.py and what DAG files need, so that no fork has to; and no library."""
    added = {name for name in modules_added_by_loading_plugins() if not name.startswith("airflow.")}
    ours = {name for name in added if name.startswith("openmetadata_airflow_apis")}
    assert ours == {
        "openmetadata_airflow_apis",
        "openmetadata_airflow_apis.dagbuild",
        "openmetadata_airflow_apis.dagbuild.dag_builder",
        "openmetadata_airflow_apis.dagbuild.dag_file_loader",
        "openmetadata_airflow_apis.dagbuild.deployment_mark",
        "openmetadata_airflow_apis.dagbuild.late_file_rows",
        "openmetadata_airflow_apis.dagbuild.callable_files",
        "openmetadata_airflow_apis.dagbuild.stored_content",
        "openmetadata_airflow_apis.dagbuild.built_values",
        "openmetadata_airflow_apis.errors",
        "openmetadata_airflow_apis.plugin",
        "openmetadata_airflow_apis.settings",
    }
    forbidden = {"connexion", "yaml", "flask_jwt_extended", "jsonschema", "openapi_spec_validator"}
    assert not {name for name in added if name.partition(".")[0] in forbidden}


def test_airflow_lists_the_plugin_under_its_version():
    """`airflow plugins` shows name and version."""
    from openmetadata_airflow_apis import __version__
    from openmetadata_airflow_apis.plugin import OpenMetadataAirflowApisPlugin

    assert OpenMetadataAirflowApisPlugin.name == f"openmetadata_airflow_apis {__version__}"
