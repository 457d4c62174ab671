"""The README as PyPI shows it: there a link that is relative to the repository leads nowhere.

With an address (`Repository` in [project.urls]) it leads there, at the release's tag. Without one it is words alone,
and a picture is left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(!?)\[((?:`[^`]*`|[^\[\]`])*)\]\((?!https?:|#)([^)\s]+)\)")


def readme_for_pypi(text: str, address: str | None, version: str) -> str:
    """Return the README with links that lead somewhere, or none."""

    def link(match: re.Match[str]) -> str:
        image, words, target = match.groups()
        if address is None:
            return "" if image else words
        return f"{image}[{words}]({address}/{'raw' if image else 'blob'}/v{version}/{target})"

    return LINK.sub(link, text)


class ReadmeHook(MetadataHookInterface):
    """Gives the distribution its long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add `readme` to the metadata of pyproject.toml."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        address = metadata.get("urls", {}).get("Repository")
        text = readme_for_pypi(text, address, metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
