"""The [openmetadata_airflow_apis] section is typed, and a wrong value is named with its cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.configuration import AIRFLOW_HOME

from openmetadata_airflow_apis.errors import ConfigurationError
from openmetadata_airflow_apis.settings import Settings


def variable(option: str) -> str:
    return f"AIRFLOW__OPENMETADATA_AIRFLOW_APIS__{option.upper()}"


def test_a_literal_airflow_home_means_what_it_says(monkeypatch):
    """{AIRFLOW_HOME} in a path is replaced by Airflow's home folder, as the older plugin's documentation writes it."""
    monkeypatch.setenv(variable("dag_generated_configs"), "{AIRFLOW_HOME}/elsewhere")
    assert Settings.load().dag_generated_configs == Path(AIRFLOW_HOME) / "elsewhere"


def test_a_template_of_the_users_own_is_taken(monkeypatch):
    """dag_runner_template names the template that deployed files are rendered from."""
    monkeypatch.setenv(variable("dag_runner_template"), "/etc/airflow/runner.j2")
    assert Settings.load().runner_template() == Path("/etc/airflow/runner.j2")


def test_lists_are_split_by_commas(monkeypatch):
    """allowed_operators takes dotted packages, split by commas or lines."""
    monkeypatch.setenv(variable("allowed_operators"), "acme.operators, acme.sensors\nshop")
    assert Settings.load().allowed_operators == ("acme.operators", "acme.sensors", "shop")


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        (
            "dag_generated_configs",
            "configs",
            "is the relative path 'configs'; give an absolute one, or start it with {AIRFLOW_HOME}",
        ),
        ("max_body_bytes", "1 MB", "is '1 MB'; give a whole number of at least 1"),
        ("max_tasks", "0", "is '0'; give a whole number of at least 1"),
        ("rotate_refresh_tokens", "maybe", "is 'maybe'; give true or false"),
        ("allowed_operators", "acme/x", "names 'acme/x', which is not a dotted path of Python names"),
    ],
)
def test_a_wrong_value_is_refused_at_start_up(monkeypatch, option, value, sentence):
    """The error names the section, the option, its value and the cure."""
    monkeypatch.setenv(variable(option), value)
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    assert str(caught.value) == f"[openmetadata_airflow_apis] {option} {sentence}"
