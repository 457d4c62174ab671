"""The page's list of 1,000 deployed DAGs in a browser, beside Airflow's own /home with the same DAGs.

    python benchmarks/page.py              needs chromium (scripts/install_debian_packages tests)

A webserver on a PostgreSQL of its own, in turns: each page is opened as by somebody who has never been there, with an
empty cache, and again with what that left. Printed are the medians of five: milliseconds until the first paint, and
until our DAGs stand there; requests and kilobytes, of all and of our own files; and the ratio to Airflow's paint. Then
what the editor's first visit fetches. The exit code is 1 where a target is missed.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from figures import note

from support import airflow_home
from support.live import LiveAirflow
from support.postgres import Cluster

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".pytest_cache" / "d" / "airflow-databases"
DAGS = 1000
REPEATS = 5
OURS, AIRFLOWS = "/rest_api/", "/home"
# Airflow's rows are in the page itself, ours are asked for by its script.
ROWS = {OURS: "#rest-api .dag-name", AIRFLOWS: "body"}
STORE = f"import sys; sys.path.insert(0, {str(HERE)!r}); import lists; lists.store_dags(range({DAGS}))"
PAINTED = "performance.getEntriesByName('first-contentful-paint')"


def main() -> int:
    """Measure, print a table, return 1 where the target is missed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with Cluster() as cluster, sync_playwright() as playwright:
        airflow_home.create_postgres_database(cluster, "airflow", CACHE)
        with LiveAirflow(airflow_home.make_home(), cluster.create_database("page", "airflow")) as airflow:
            airflow.python(STORE)
            airflow.start("webserver")
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            state = _sign_in(browser, airflow.url)
            return _measure(browser, airflow.url, state)


def _sign_in(browser: Browser, url: str) -> Any:
    page = browser.new_page()
    page.goto(url + OURS)
    page.locator("#username").fill("admin")
    page.locator("#password").fill(airflow_home.USERS["admin"][1])
    page.locator("input[type=submit]").click()
    page.wait_for_url(url + OURS)
    return page.context.storage_state()


def _measure(browser: Browser, url: str, state: Any) -> int:
    visits: dict[tuple[str, str], list[dict[str, float]]] = {}
    for turn in range(REPEATS + 1):
        for path, rows in ROWS.items():
            context = browser.new_context(storage_state=state)
            for visit in ("first", "again"):
                measured = _visit(context, url + path, rows)
                if turn:  # the webserver's own first answers are slower
                    visits.setdefault((path, visit), []).append(measured)
            context.close()
    figures = {
        key: {name: statistics.median(one[name] for one in several) for name in several[0]}
        for key, several in visits.items()
    }
    print(f"{'page':12}{'visit':8}" + "".join(f"{name:>14}" for name in figures[OURS, "first"]))
    for (path, visit), values in figures.items():
        print(f"{path:12}{visit:8}" + "".join(f"{value:14,.0f}" for value in values.values()))
    for visit in ("first", "again"):
        ratio = figures[OURS, visit]["paint ms"] / figures[AIRFLOWS, visit]["paint ms"]
        print(f"{visit} visit, first paint: {ratio:.2f} of /home's")
        note(f"{visit} visit of the list, first paint, of /home's", ratio)
    context = browser.new_context(storage_state=state)
    editor = _visit(context, f"{url}{OURS}#deploy", ".editor-status:has-text('no faults')")
    print("editor, first visit: " + ", ".join(f"{name} {value:,.0f}" for name, value in editor.items()))
    missed = note("first paint of the list of 1,000 DAGs", figures[OURS, "first"]["paint ms"], 1000, "ms")
    missed |= note("files of the list, as they are sent", figures[OURS, "first"]["own kB"], 60, "kB")
    missed |= note("files of the list and of the editor, as they are sent", editor["own kB"], 700, "kB")
    return 1 if missed else 0


def _visit(context: BrowserContext, address: str, rows: str) -> dict[str, float]:
    page = context.new_page()
    page.set_default_timeout(120_000)
    sizes: dict[str, float] = {}
    addresses: dict[str, str] = {}
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.requestWillBeSent", lambda told: addresses.update({told["requestId"]: told["request"]["url"]}))
    network.on("Network.loadingFinished", lambda told: sizes.update({told["requestId"]: told["encodedDataLength"]}))
    page.goto(address, wait_until="commit")  # Airflow asks for pictures from elsewhere, which may take long
    page.locator(rows).first.wait_for()
    there = page.evaluate("performance.now()")
    page.wait_for_function(f"{PAINTED}.length")
    paint = page.evaluate(f"{PAINTED}[0].startTime")
    page.wait_for_timeout(1000)  # what is fetched after the rows
    own = [size for request, size in sizes.items() if "/rest_api/static/" in addresses.get(request, "")]
    page.close()
    return {
        "paint ms": paint,
        "rows ms": there,
        "requests": len(sizes),
        "kB": sum(sizes.values()) / 1000,
        "own requests": len(own),
        "own kB": sum(own) / 1000,
    }


if __name__ == "__main__":
    sys.exit(main())
