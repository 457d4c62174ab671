"""The documentation is whole: its pages are in the site, links lead somewhere, and no operation is left out."""

from __future__ import annotations

import hashlib
import re
import runpy
from pathlib import Path

import pytest

from openmetadata_airflow_apis.api import operations

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
MADE = {"operations.md", "changes.md", "contributing.md"}  # by scripts/site_pages.py
OPERATIONS_PAGE = runpy.run_path(str(CHECKOUT / "scripts" / "operations_reference.py"))["operations_page"](
    operations.document()
)


def test_every_page_is_in_the_sites_navigation_once():
    """Each page below docs/, and each that is made, has one place in the navigation, and nothing else has."""
    text = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": ([a-z-]+\.md)$", text[text.index("\nnav:") :], re.MULTILINE)
    assert sorted(listed) == sorted(MADE | {path.name for path in DOCS.glob("*.md")})


def test_what_belongs_to_an_item_of_a_list_is_indented_by_four():
    """A block below an item is indented by four, as the site's Markdown wants it; by three it would end the list."""
    blocks = {path.name: re.findall(r"^ {3}```\w*$", path.read_text(), re.MULTILINE) for path in DOCS.glob("*.md")}
    assert {name: found for name, found in blocks.items() if found} == {}


def test_each_diagram_has_its_picture_for_the_site():
    """A diagram's picture was drawn of what stands in the page now; `tox run -e diagrams` draws it again."""
    drawn = {}
    for path in DOCS.glob("*.md"):
        blocks = re.findall(r"^```mermaid\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        for number, source in enumerate(blocks, 1):
            assert "    accTitle: " in source, "what a screen reader says of it"
            drawn[f"{path.stem}-{number}.svg"] = hashlib.sha256(source.encode()).hexdigest()
    pictures = {path.name: path.read_text(encoding="utf-8").split()[-2] for path in DOCS.glob("images/*.svg")}
    assert pictures == drawn


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_the_files_at_the_top_lead_to_files(name: str):
    """A link of the README, or of a file beside it, leads to a file of the checkout or to the net."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", (CHECKOUT / name).read_text(encoding="utf-8"))
    assert [target for target in targets if not (CHECKOUT / target).exists()] == []


@pytest.mark.parametrize("operation", operations.operations().values(), ids=lambda operation: operation.operation_id)
def test_the_page_of_operations_has_each_with_its_request(operation):
    """The page has a section for each operation, with its method, its path and its arguments."""
    section = OPERATIONS_PAGE.partition(f"{{: #{operation.operation_id} }}\n")[2].partition("\n### ")[0]
    assert f"\n{operation.method.upper()} {operation.path}\n" in section
    for name in operation.query_parameters:
        assert f"| `{name}` | query" in section


def test_the_page_of_operations_has_every_schema():
    """Each schema has its section, and each type that the page names leads to one."""
    linked = set(re.findall(r"\(#(schema-\w+)\)", OPERATIONS_PAGE))
    described = set(re.findall(r"^### .* \{: #(schema-\w+) \}$", OPERATIONS_PAGE, re.MULTILINE))
    assert described == {f"schema-{name}" for name in operations.document()["components"]["schemas"]}
    assert linked <= described
