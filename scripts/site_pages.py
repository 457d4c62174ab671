"""What `mkdocs build` asks of this project: pages that are made, and links that lead out of docs/ (see mkdocs.yml).

A link to a file of the repository becomes a link to its page here, if it has one; else to the repository, if
mkdocs.yml has its address (`repo_url`); else it is the file's name and no link, since nobody could follow it.
A diagram becomes the picture that scripts/diagrams has drawn of it.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from mkdocs.structure.files import File, Files
from operations_reference import operations_page

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

CHECKOUT = Path(__file__).parents[1]
# Files at the top of the checkout that are pages of the site as well.
PAGES = {"CHANGELOG.md": "changes.md", "CONTRIBUTING.md": "contributing.md"}
DIAGRAM = re.compile(r"^```mermaid\n.*?accTitle: (.*?)\n.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[((?:`[^`]*`|[^\[\]`])*)\]\((?!https?:|mailto:|#)([^)#\s]*)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of the operations, and those that are files of the checkout."""
    specification = yaml.safe_load((CHECKOUT / "openapi" / "openapi.yaml").read_text(encoding="utf-8"))
    made = {"operations.md": operations_page(specification)}
    for source, name in PAGES.items():
        text = (CHECKOUT / source).read_text(encoding="utf-8")
        made[name] = LINK.sub(lambda link: _link(link, config, folder=CHECKOUT), text)
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Lead the links of a page somewhere that a reader of the site can go, and show its diagrams."""
    numbers = itertools.count(1)
    stem = page.file.src_uri.removesuffix(".md")
    shown = DIAGRAM.sub(lambda diagram: f"![{diagram[1]}](images/{stem}-{next(numbers)}.svg)", markdown)
    return LINK.sub(lambda link: _link(link, config, folder=CHECKOUT / "docs"), shown)


def _link(link: re.Match[str], config: MkDocsConfig, folder: Path) -> str:
    words, target, anchor = link[1], link[2], link[3] or ""
    path = (folder / target).resolve().relative_to(CHECKOUT)
    if path.parts[0] == "docs":
        return f"[{words}]({path.relative_to('docs')}{anchor})"
    if str(path) in PAGES:
        return f"[{words}]({PAGES[str(path)]}{anchor})"
    if path.name == "README.md" and len(path.parts) == 1:
        return f"[{words}](index.md)"
    if not (CHECKOUT / path).exists():
        raise FileNotFoundError(f"{folder}: [{words}]({target}) leads to a file that is not there")
    return f"[{words}]({config.repo_url.rstrip('/')}/blob/main/{path}{anchor})" if config.repo_url else words
