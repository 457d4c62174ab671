"""Handlers of the tag problems: what the `type` of an error means, for programs and for people."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from flask import Response, render_template_string, request
from markupsafe import Markup

from openmetadata_airflow_apis.api import problem_types
from openmetadata_airflow_apis.errors import NotFound

if TYPE_CHECKING:
    from openmetadata_airflow_apis.api.problem_types import ProblemType

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ heading }}</title></head>
<body>
<h1>{{ heading }}</h1>
{% for item in problem_types %}
{% if problem_types | length > 1 %}<h2><a href="{{ item.type }}">{{ item.type }}</a></h2>{% endif %}
<p><strong>HTTP {{ item.status }} {{ item.title }}.</strong> {{ item.meaning }}</p>
<p><strong>What to do:</strong> {{ item.remedy }}</p>
{% endfor %}
{% if problem_types | length == 1 %}<p><a href="{{ index }}">All problems</a></p>{% endif %}
</body>
</html>
"""


def list_problem_types() -> Any:
    """Answer every kind of problem: a page for a browser, JSON for everybody else."""
    kinds = [_described(kind) for kind in problem_types.BY_NAME.values()]
    if _is_browser():
        return _page("The problems that this API answers", kinds)
    return {"problem_types": kinds, "total_entries": len(kinds)}


def get_problem_type(problem_type: str) -> Any:
    """Answer one kind of problem: a page for a browser, JSON for everybody else."""
    kind = problem_types.BY_NAME.get(problem_type)
    if kind is None:
        near = get_close_matches(problem_type, problem_types.BY_NAME, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"{problem_types.PATH} has all of them"
        raise NotFound(f"There is no problem type `{problem_type}`; {hint}")
    described = _described(kind)
    return _page(described["type"], [described]) if _is_browser() else described


def _described(kind: ProblemType) -> dict[str, Any]:
    return {
        "type": problem_types.type_of(kind),
        "title": problem_types.TITLES[kind.status],
        "status": kind.status,
        "meaning": kind.meaning,
        "remedy": kind.remedy,
    }


def _is_browser() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _with_code(text: str) -> Markup:
    """Return a text as HTML, with the parts between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else part for position, part in enumerate(parts)
    )


def _page(heading: str, kinds: list[dict[str, Any]]) -> Response:
    index = f"{request.script_root}{problem_types.PATH}"
    items = [{**kind, "meaning": _with_code(kind["meaning"]), "remedy": _with_code(kind["remedy"])} for kind in kinds]
    page = Response(render_template_string(_PAGE, heading=heading, problem_types=items, index=index))
    page.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return page
