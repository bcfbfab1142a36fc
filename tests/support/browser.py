"""A browser of this machine that opens the kit's pages, and remembers whatever goes wrong there."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from support.machine import give_up

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
SERIOUS = ("serious", "critical")
# With `preload` it fetches the style sheets again, and a page from disk can fetch nothing.
LOOKS: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}


class Visits:
    """Opens pages, each in a context of its own. `troubles` are errors, and requests elsewhere."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.troubles: list[str] = []
        self.contexts: list[BrowserContext] = []

    def open(self, url: str, **how: Any) -> Page:
        """The page at a URL; `how` are options of a context: color_scheme, java_script_enabled."""
        context = self.browser.new_context(**how)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        home = url.split("/", 3)[:3]
        page.on("request", lambda request: self.look(request.url, home))
        page.goto(url)
        return page

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text}")

    def look(self, url: str, home: list[str]) -> None:
        if url.split("/", 3)[:3] != home and not url.startswith(("data:", "blob:", "about:")):
            self.troubles.append(f"request elsewhere: {url}")


def serious_faults(page: Page) -> list[str]:
    """What keeps people from reading or using a page, by axe."""
    axe: Any = Axe()
    found: list[dict[str, Any]] = axe.run(page, options=LOOKS).response["violations"]
    return [
        f"{fault['id']}: {[node['html'] for node in fault['nodes']]}"
        for fault in found
        if fault["impact"] in SERIOUS
    ]


# Playwright keeps an event loop running for as long as it is there, and other tests need their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that was installed by the machine's own package manager."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        give_up(f"none of {', '.join(PROGRAMS)} is installed; install one, such as the first")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visits(browser: Browser) -> Iterator[Visits]:
    """Opens pages; at its end none of them may have complained."""
    visits = Visits(browser)
    yield visits
    for context in visits.contexts:
        context.close()
    if visits.troubles:
        pytest.fail("\n".join(visits.troubles))
