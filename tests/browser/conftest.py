"""What the tests of pages share: a browser, and a page opened from disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import chromium
from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one browser for the tests of this process."""
    with chromium() as started:
        yield started


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return what opens a file as a page; any error or request fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: Path, *, width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        address = path.resolve().as_uri()

        def note_request(url: str) -> None:
            if not url.startswith(("data:", "blob:", address)):
                complaints.append(f"asked for {url}")

        page.on("request", lambda request: note_request(request.url))
        page.on("pageerror", lambda error: complaints.append(f"raised {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"said {message.type}: {message.text}")
                if message.type in {"error", "warning"}
                else None
            ),
        )
        page.goto(address)
        # Every chart is drawn, and named for screen readers.
        page.wait_for_function("document.documentElement.dataset.charts === 'drawn'")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
