"""The IDE in a real browser: it loads without asking any other host, and a query runs in it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from hub import assets
from tests.hub.commands import Served, fresh_home, running

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="No chromium here. Install it: apt install chromium"),
    pytest.mark.skipif(bool(assets.wrong()), reason="Browser assets missing. Run: make assets"),
]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A hub without the example."""
    with fresh_home() as home, running("serve", "--no-example", "--no-worker", HUB_HOME=home, PORT=0) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's own Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_the_page_asks_no_other_host_and_a_query_runs(served: Served, browser: Browser) -> None:
    asked: list[str] = []
    faults: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(f"{served.url}/graphql?q={{viewer{{name}}}}")
    page.get_by_role("button", name="Execute query").click()
    expect(page.locator(".result-window")).to_contain_text('"name": "anonymous"', timeout=20_000)
    assert [url for url in asked if not url.startswith((f"{served.url}/", "data:", "blob:"))] == []
    assert {url.removeprefix(f"{served.url}/static/vendor/") for url in asked if "/static/" in url} <= set(assets.FILES)
    assert faults == []
    page.close()
