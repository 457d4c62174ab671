"""What a person does on the page, and what the browser tests deploy for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

BASH = "airflow.operators.bash.BashOperator"


def workflow(name: str, tasks: dict[str, Any], **flags: Any) -> str:
    """Return a request body that deploys a DAG of those tasks, unpaused, one key a line."""
    default_args = {"owner": "data-team", "start_date": "2024-01-01T00:00:00Z"}
    definition = {"schedule": None, "default_args": default_args, "tasks": tasks}
    flags = {"unpause": True, **flags}
    return json.dumps({"workflow": {"name": name, **flags, "dag_config": {name: definition}}}, indent=2)


SLEEP = {"operator": BASH, "bash_command": "sleep 300"}
TRUE = {"operator": BASH, "bash_command": "true"}


# axe-core compares the colours that styles name. Airflow's dark mode is a filter on the whole document, which axe-core
# does not know: the browser itself paints each pair of colours through it here. The ratio is WCAG 2's.
_AS_PAINTED = """
(pairs) => {
  const { filter } = getComputedStyle(document.documentElement);
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const painted = (colour) => {
    context.filter = filter;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    const [red, green, blue] = painted(colour).map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return pairs.map((pair) => {
    const [dark, light] = pair.map(luminance).sort((one, other) => one - other);
    return (light + 0.05) / (dark + 0.05);
  });
}
"""


def barriers(page: Page) -> list[Any]:
    """Return what axe-core finds serious on the page, below Airflow's own navigation, and what is painted too faint."""
    found = Axe().run(page, context={"include": [["html"]], "exclude": [["header"], ["footer.footer"]]}).response
    serious = [item for item in found["violations"] if item["impact"] in {"serious", "critical"}]
    return [(item["id"], item["nodes"]) for item in serious] + faint_texts(page, found)


def faint_texts(page: Page, found: dict[str, Any]) -> list[tuple[str, str, float]]:
    """Return the texts of axe-core's result that have less contrast than WCAG asks as the browser paints them."""
    nodes = [node for item in found["passes"] if item["id"] == "color-contrast" for node in item["nodes"]]
    texts = [(node["html"], check["data"]) for node in nodes for check in node["any"] if check["data"].get("fgColor")]
    assert texts, "axe-core has compared no text with what is behind it"
    ratios = page.evaluate(_AS_PAINTED, [[data["fgColor"], data["bgColor"]] for _, data in texts])
    wanted = [float(data["expectedContrastRatio"].removesuffix(":1")) for _, data in texts]
    return [
        ("painted too faint", html, round(ratio, 2))
        for (html, _), ratio, enough in zip(texts, ratios, wanted, strict=True)
        if ratio < enough
    ]


def in_dark(page: Page) -> None:
    """Load the page anew in Airflow's dark mode, as its own switch leaves it; Airflow before 2.10 has none."""
    page.evaluate("localStorage.setItem('darkTheme', true)")
    page.reload()


def go(page: Page, fragment: str) -> None:
    """Follow a link within the page."""
    page.evaluate("fragment => { window.location.hash = fragment; }", fragment)


def fill_definition(page: Page, text: str) -> None:
    """Paste a definition into the view Deploy."""
    page.get_by_label("Deployed workflows").get_by_role("link", name="Deploy", exact=True).click()
    page.get_by_label("Workflow definition").fill(text)


def press(page: Page, name: str) -> None:
    """Press the button of that name."""
    page.get_by_role("button", name=name, exact=True).click()
