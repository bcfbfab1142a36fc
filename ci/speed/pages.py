"""What a reader waits for: the page of all cases opens, and the case of most jobs is drawn.

The floors are an empty page in the same browser, and as many bare elements as the drawing has.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from figures import Rows, compare
from playwright.sync_api import Browser, Page, sync_playwright

BROWSER = "chromium-headless-shell"
CONFORM = [sys.executable, "-m", "runall_harness.cli", "conform", "--rig", "simulated", "--out"]
BIGGEST = "size/two-hundred-jobs-wait-for-their-server-through-a-takeover/manual"
EMPTY = "<!doctype html><html data-ready='yes'><title>empty</title>"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
# A case is drawn when it is opened, and the time ends when all of it has its place. Another goes
# before it: the page unpacks its time lines while nobody waits, and here somebody would.
DRAWN = """async (id) => {
  const open = async (one) => {
    const drawn = new Promise((done) => new MutationObserver(() => one.dataset.drawn && done())
      .observe(one, {attributes: true}));
    one.open = true;
    await drawn;
    document.body.getBoundingClientRect();
  };
  await open(document.querySelector("details.case"));
  const one = document.getElementById(id), began = performance.now();
  await open(one);
  return [(performance.now() - began) / 1000, one.querySelectorAll(".tl svg *").length];
}"""
BARE = """(count) => {
  const make = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const began = performance.now(), picture = make("svg");
  for (let n = 0; n < count; n++) picture.append(make("rect"));
  document.body.append(picture);
  document.body.getBoundingClientRect();
  return (performance.now() - began) / 1000;
}"""


def pages(rounds: int) -> Rows:
    """The page of a run of all cases in simulated time."""
    with tempfile.TemporaryDirectory(prefix="runall-bench-") as folder, started() as browser:
        subprocess.run([*CONFORM, folder], stdout=subprocess.DEVNULL, check=False)
        whole, empty = Path(folder, "index.html"), Path(folder, "empty.html")
        empty.write_text(EMPTY, "utf-8")
        with opened(browser, whole) as page:
            count: int = page.evaluate(DRAWN, BIGGEST)[1]
        yield compare(
            f"open the page of all cases, {whole.stat().st_size / 1e6:.1f} MB",
            ("an empty page", in_page(browser, empty, lambda page: page.evaluate(LOADED))),
            in_page(browser, whole, lambda page: page.evaluate(LOADED)),
            rounds=rounds,
            aim="less than 1 s",
        )
        yield compare(
            f"draw 200 jobs, {count:,} elements",
            ("so many bare ones", in_page(browser, empty, lambda page: page.evaluate(BARE, count))),
            in_page(browser, whole, lambda page: page.evaluate(DRAWN, BIGGEST)[0]),
            rounds=rounds,
            aim="less than 100 ms",
        )


@contextmanager
def started() -> Generator[Browser]:
    """The browser that the tests of the pages take."""
    program = shutil.which(BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path) -> Generator[Page]:
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    yield page
    page.close()


def in_page(browser: Browser, path: Path, ask: Callable[[Page], float]) -> Callable[[], float]:
    """A callable that opens that page anew, and gives the seconds that it tells."""

    def take() -> float:
        with opened(browser, path) as page:
            return ask(page)

    return take
