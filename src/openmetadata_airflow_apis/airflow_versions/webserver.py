"""What differs in the webservers of Airflow's versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


def limit_storage_errors(storage: Any) -> Any:
    """Return what the storage of Airflow's login limit raises when it does not answer: a class or a tuple of them."""
    # limits 3.7, which Airflow < 2.8 was released with, doesn't name them
    return getattr(storage, "base_exceptions", Exception)


def answer_in_json_below(paths: Collection[str]) -> None:
    """Have Airflow's web application answer 404 and 405 in JSON below paths; Airflow < 2.8 renders a page instead."""
    from airflow.www.extensions import init_views

    if hasattr(init_views, "base_paths"):
        init_views.base_paths.extend(path for path in paths if path not in init_views.base_paths)
